# One image for every Airflow service of docker-compose.yml.
# The digest is that of the multi-platform index: what is pulled is what was meant.
FROM python:3.12.11-slim-bookworm@sha256:519591d6871b7bc437060736b9f7456b8731f1499a57e22e6c285135ae657bf7

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/mlspend:/opt/mlspend/plugins \
    AIRFLOW_HOME=/opt/airflow \
    MLSPEND_HOME=/var/lib/mlspend

RUN useradd --uid 50000 --user-group --no-create-home --home-dir /opt/airflow mlspend \
    && install --directory --owner mlspend --group mlspend /opt/airflow /opt/airflow/logs /var/lib/mlspend

# The lock is what the tests ran on, to the hash. It changes seldom, so this layer is kept.
WORKDIR /opt/mlspend
COPY requirements-3.12.lock ./
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement requirements-3.12.lock

COPY . .
# Editable: the house finds dags, dbt_project and config beside its own files.
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable .

USER mlspend
CMD ["airflow", "info"]
