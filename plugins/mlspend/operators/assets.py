"""The assets that chain the DAGs: a landing per source, then the published warehouse."""

from airflow.sdk import Asset

WAREHOUSE = Asset(name="warehouse", uri="mlspend://warehouse")


def landing_asset(source: str) -> Asset:
    """Return the asset that changes when something of `source` awaits publication."""
    return Asset(name=f"landing_{source}", uri=f"mlspend://landing/{source}")
