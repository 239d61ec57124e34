"""Alerts: what somebody should know before the week is over."""
