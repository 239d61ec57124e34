"""`alerts` in mlspend.yml: whom an alert of which level reaches, when, and how many a week."""

from mlspend.adapters.config_base import Strict


class Alerts(Strict):
    """Routes, quiet hours, thresholds and the alert budget."""
