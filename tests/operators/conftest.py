"""Airflow, imported by the tests of this folder, keeps its files out of the user's home."""

import os
import tempfile

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="mlspend-airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
