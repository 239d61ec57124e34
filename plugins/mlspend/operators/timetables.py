"""When landings run: daily; where the past is caught up on, once per billing period."""

from datetime import datetime

from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable

_FIRST_OF_MONTH = CronTriggerTimetable("0 0 1 * *", timezone="UTC")


class LandingTimetable(CronTriggerTimetable):
    """A cron schedule whose backfill has one run per billing period, at the first of the month, oldest first.

    Airflow asks for the runs of the past with `catchup` set, for the next run as the DAG says: ours say no. A landing
    takes whole billing periods, so the other days of a month would find nothing to do. A backfill that begins in
    mid-month takes that month too.
    """

    def next_dagrun_info(
        self, *, last_automated_data_interval: DataInterval | None, restriction: TimeRestriction
    ) -> DagRunInfo | None:
        """Return the next run, as Airflow's own timetables do."""
        if not restriction.catchup:
            # Airflow counts a backfill's runs among the last ones; the clock would strike at once after the first.
            if last_automated_data_interval is not None and _is_first_of_month(last_automated_data_interval.end):
                last_automated_data_interval = None
            return super().next_dagrun_info(
                last_automated_data_interval=last_automated_data_interval, restriction=restriction
            )
        if restriction.earliest is not None:
            restriction = restriction._replace(earliest=restriction.earliest.in_timezone("UTC").start_of("month"))
        return _FIRST_OF_MONTH.next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )


def _is_first_of_month(at: datetime) -> bool:
    return (at.day, at.hour, at.minute) == (1, 0, 0)
