"""When landings run: Airflow's own classes ask, as the scheduler and a backfill do."""

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
import time_machine
from airflow import plugins_manager
from airflow.sdk import DAG, Asset, AssetOrTimeSchedule
from airflow.serialization.definitions.dag import SerializedDAG
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction

from mlspend.operators.timetables import LandingTimetable

NOW = datetime(2026, 11, 25, 7, tzinfo=UTC)
DAILY = LandingTimetable("0 6 * * *", timezone="UTC", run_immediately=timedelta())
BY_THE_CLOCK = TimeRestriction(earliest=None, latest=None, catchup=False)


def serialized(schedule: object, monkeypatch: pytest.MonkeyPatch) -> SerializedDAG:
    """The DAG as the scheduler and a backfill read it from Airflow's database."""
    registered = {"mlspend.operators.timetables.LandingTimetable": LandingTimetable}
    monkeypatch.setattr(plugins_manager, "get_timetables_plugins", lambda: registered)
    dag = DAG("land_billing_aws", schedule=schedule, catchup=False)
    read: SerializedDAG = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    return read


@pytest.mark.parametrize("schedule", [DAILY, AssetOrTimeSchedule(timetable=DAILY, assets=[Asset(name="queue")])])
def test_a_backfill_has_one_run_per_billing_period_the_open_one_too(
    schedule: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    dag = serialized(schedule, monkeypatch)
    assert dag.timetable.periodic
    found = dag.iter_dagrun_infos_between(datetime(2026, 8, 20, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    assert [info.logical_date for info in found] == [datetime(2026, month, 1, tzinfo=UTC) for month in (8, 9, 10, 11)]


def next_run(last: datetime | None) -> datetime | None:
    interval = DataInterval.exact(pendulum.instance(last)) if last else None
    with time_machine.travel(NOW, tick=False):
        info = DAILY.next_dagrun_info(last_automated_data_interval=interval, restriction=BY_THE_CLOCK)
    return info.logical_date if info else None


def test_by_the_clock_it_runs_daily_and_catches_nothing_up() -> None:
    assert next_run(datetime(2026, 11, 25, 6, tzinfo=UTC)) == datetime(2026, 11, 26, 6, tzinfo=UTC)
    assert next_run(datetime(2026, 11, 20, 6, tzinfo=UTC)) == datetime(2026, 11, 25, 6, tzinfo=UTC)


def test_neither_a_start_after_six_nor_a_backfill_makes_it_run_at_once() -> None:
    assert next_run(None) == datetime(2026, 11, 26, 6, tzinfo=UTC)
    assert next_run(datetime(2026, 10, 1, tzinfo=UTC)) == datetime(2026, 11, 26, 6, tzinfo=UTC)
