"""One outside thing per file: a cloud export, the landing zone, DuckDB, dbt, Great Expectations, Slack. No Airflow."""
