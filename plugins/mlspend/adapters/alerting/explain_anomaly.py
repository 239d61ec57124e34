"""Explain one published anomaly: verdict, days before it, what the use was made of; from published tables alone."""

from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.warehouse_query import Row, query_file
from mlspend.core.anomalies import ID_PREFIX, describe_anomaly
from mlspend.core.errors import AnomalyUnknown, NothingPublished

_FOUND = "select * from marts.anomalies where starts_with(anomaly_id, ?) order by anomaly_id limit 5"
_OF_THE_SERIES = """
    from marts.daily_usage
    where
        is_metered and x_source = $x_source and project = $project and billing_currency = $billing_currency
        and service_name is not distinct from $service_name and usage_type is not distinct from $usage_type
"""
# Six weeks are what a verdict looks back on.
_DAYS = f"""
    select charge_date, sum(effective_cost) as effective_cost, charge_date >= $first_date as is_in_anomaly
    {_OF_THE_SERIES} and charge_date between $first_date - 42 and $last_date
    group by charge_date order by charge_date
"""
_COMPONENTS = f"""
    select
        sku_id, pricing_category, commitment_discount_status, pricing_unit,
        coalesce(sum(effective_cost) filter (where charge_date < $first_date), 0) as cost_of_28_days_before,
        cast(
            sum(pricing_quantity) filter (where charge_date < $first_date) as decimal(38, 6)
        ) as quantity_of_28_days_before,
        coalesce(sum(effective_cost) filter (where charge_date >= $first_date), 0) as cost_since,
        cast(sum(pricing_quantity) filter (where charge_date >= $first_date) as decimal(38, 6)) as quantity_since
    {_OF_THE_SERIES} and charge_date between $first_date - 28 and $last_date
    group by all order by cost_since desc, sku_id
"""


@dataclass(frozen=True)
class AnomalyExplanation:
    """A row of marts.anomalies, the costs of its days and of the six weeks before, and the components of both."""

    anomaly: Row
    days: list[Row]
    components: list[Row]

    def lines(self) -> list[str]:
        """Return it as sentences."""
        return list(describe_anomaly(self.anomaly))


def is_anomaly_id(text: str) -> bool:
    """Tell whether `text` is an anomaly's id or the beginning of one."""
    return text.strip().startswith(ID_PREFIX)


def explain_anomaly(warehouse: Path, anomaly_id: str) -> AnomalyExplanation:
    """Explain the anomaly in a published warehouse file whose id is `anomaly_id` or begins with it.

    Raises AnomalyUnknown where none does, or several do.
    """
    if not warehouse.exists():
        raise NothingPublished(f"nothing is published at {warehouse} yet: run `mlspend run` first")
    found = query_file(warehouse, _FOUND, [anomaly_id.strip()])
    if not found:
        raise AnomalyUnknown(
            f"no published anomaly has an id that begins with {anomaly_id!r}: marts.anomalies holds those of the last"
            " 13 weeks, and only as long as the days are as they were; an earlier publication may know it:"
            " `mlspend publications`"
        )
    if len(found) > 1:
        ids = ", ".join(row["anomaly_id"] for row in found)
        raise AnomalyUnknown(f"several anomalies have an id that begins with {anomaly_id!r}: write more of it; {ids}")
    names = ("x_source", "project", "billing_currency", "service_name", "usage_type", "first_date", "last_date")
    parameters = {name: found[0][name] for name in names}
    return AnomalyExplanation(
        anomaly=found[0],
        days=query_file(warehouse, _DAYS, parameters),
        components=query_file(warehouse, _COMPONENTS, parameters),
    )
