"""What Airflow itself loads of mlspend: the timetable of landings, and the notes beside runs."""

from airflow.plugins_manager import AirflowPlugin

from mlspend.operators import run_notes
from mlspend.operators.timetables import LandingTimetable


class MlspendPlugin(AirflowPlugin):
    """Registered by lying in the plugins folder."""

    name = "mlspend"
    timetables = [LandingTimetable]  # noqa: RUF012
    listeners = [run_notes]  # noqa: RUF012
