"""The effect of each data-quality check: what follows where it failed, or could not be evaluated.

`stop` publishes nothing; `hold` publishes nothing new of that source and billing period, whose last good state stays;
`warn` is told; `inform` only stands in marts.data_quality.

>>> SEVERITIES["hold"]
'critical'
"""

from collections.abc import Mapping
from typing import Literal

Effect = Literal["stop", "hold", "warn", "inform"]

# What Great Expectations, and the column severity of marts.data_quality, call it.
SEVERITIES: Mapping[Effect, str] = {"stop": "critical", "hold": "critical", "warn": "warning", "inform": "info"}
