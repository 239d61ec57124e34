"""What the days left of each month are expected to cost: statistics, which a library does and SQL cannot."""

import json

from mlspend.adapters import forecasting

COLUMNS = dict.fromkeys(forecasting.COLUMNS, "varchar")


def model(dbt, session):
    """Return a row for each history and day that a month's end is forecast from, all values as text."""
    histories = dbt.ref("int_outlook_histories")
    origins = dbt.ref("int_outlook_origins")
    rows = forecasting.forecast_all(
        [dict(zip(histories.columns, row, strict=True)) for row in histories.fetchall()],
        [dict(zip(origins.columns, row, strict=True)) for row in origins.fetchall()],
    )
    return session.sql(
        "select unnest(from_json($rows, $shape), recursive := true)",
        params={"rows": json.dumps(rows), "shape": json.dumps([COLUMNS])},
    )
