"""Which billing periods a run lands, by its parameters or as part of a backfill."""

import copy
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import AirflowFailException, ParamValidationError

from mlspend.core.periods import EVERY_PERIOD, PeriodRange
from mlspend.operators.periods import PERIOD_PARAMS, periods_of


def run(run_type: str, at: datetime | None = None) -> Any:
    return SimpleNamespace(run_type=run_type, logical_date=at)


def params(**conf: str) -> dict[str, Any]:
    found = ParamsDict(copy.deepcopy(PERIOD_PARAMS))
    for name, value in conf.items():
        found[name] = value
    return found.validate()


def test_a_run_by_the_clock_lands_every_period() -> None:
    at = datetime(2026, 10, 7, 6, tzinfo=UTC)
    assert periods_of({"dag_run": run("scheduled", at), "params": params()}) == EVERY_PERIOD


@pytest.mark.parametrize("day", [1, 15, 31])
def test_a_run_of_a_backfill_lands_the_month_it_lies_in(day: int) -> None:
    at = datetime(2025, 1, day, 6, tzinfo=UTC)
    assert periods_of({"dag_run": run("backfill", at), "params": params()}) == PeriodRange("2025-01", "2025-01")


def test_parameters_bound_what_a_run_lands_each_on_its_own() -> None:
    conf = {"from": "2025-01", "to": "2026-10"}
    assert periods_of({"dag_run": run("manual"), "params": params(**conf)}) == PeriodRange("2025-01", "2026-10")
    assert periods_of({"dag_run": run("manual"), "params": params(to="2026-10")}) == PeriodRange(last="2026-10")


def test_what_is_no_billing_period_is_refused_before_the_run_begins() -> None:
    with pytest.raises(ParamValidationError):
        params(to="2026-13")


def test_a_range_that_ends_before_it_begins_fails_at_once() -> None:
    with pytest.raises(AirflowFailException, match="2026-10 to 2025-01"):
        periods_of({"dag_run": run("manual"), "params": params(**{"from": "2026-10", "to": "2025-01"})})
