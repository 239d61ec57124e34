"""Which billing periods a run lands: those of its parameters; a run of a backfill its own and no other."""

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param
from airflow.sdk.exceptions import AirflowFailException

from mlspend.core.periods import PeriodRange, period_of

if TYPE_CHECKING:
    from airflow.sdk import Context

_PATTERN = r"^\d{4}-(0[1-9]|1[0-2])$"

PERIOD_PARAMS: dict[str, Any] = {
    "from": Param(
        None, type=["null", "string"], pattern=_PATTERN, title="From", description="First billing period, YYYY-MM."
    ),
    "to": Param(
        None, type=["null", "string"], pattern=_PATTERN, title="To", description="Last billing period, YYYY-MM."
    ),
}


def periods_of(context: "Context") -> PeriodRange:
    """Return the billing periods that this run is to land; AirflowFailException where its parameters hold none."""
    run = context.get("dag_run")
    if run is not None and run.run_type == "backfill" and run.logical_date is not None:
        period = period_of(run.logical_date)
        return PeriodRange(period, period)
    params = context.get("params") or {}
    try:
        return PeriodRange(params.get("from"), params.get("to"))
    except ValueError as error:
        raise AirflowFailException(f"parameters from and to: {error}") from error
