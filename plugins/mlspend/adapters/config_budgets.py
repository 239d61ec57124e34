"""`budgets`, `anomalies` and `forecast` in mlspend.yml: what may be spent, and what counts as unusual."""

from mlspend.adapters.config_base import Strict


class Anomalies(Strict):
    """From when on spend is unusual."""
