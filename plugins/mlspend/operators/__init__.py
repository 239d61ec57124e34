"""Airflow classes: Connections and templates become plain arguments, then one adapter call each."""
