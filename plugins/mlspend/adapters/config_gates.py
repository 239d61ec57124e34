"""`gates` in mlspend.yml: which check stops, holds back, warns or only informs, and the thresholds of checks."""

from mlspend.adapters.config_base import Strict


class Gates(Strict):
    """What follows from each data-quality check."""
