#!/usr/bin/env bash
# Brings Airflow's database to this version, writes the administrator's password where Airflow reads it, and serves.
set -euo pipefail

airflow db migrate
(
    umask 077
    python -c 'import json, os; print(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))' \
        >"$AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"
)
exec airflow api-server
