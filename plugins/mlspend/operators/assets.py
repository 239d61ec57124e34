"""The assets that chain the DAGs: a landing per source, then the published warehouse.

They bear names only: an address with a scheme has Airflow load every provider (0.6 s) whenever a DAG file is parsed.
"""

from airflow.sdk import Asset

WAREHOUSE = Asset(name="warehouse")


def landing_asset(source: str) -> Asset:
    """Return the asset that changes when something of `source` awaits publication."""
    return Asset(name=f"landing_{source}")
