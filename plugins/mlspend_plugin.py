"""What Airflow itself loads of mlspend: the timetable of landings, the notes beside runs, the endpoint for Slack."""

from airflow.plugins_manager import AirflowPlugin

from mlspend.operators import run_notes
from mlspend.operators.slack_endpoint import SlackEndpoint
from mlspend.operators.timetables import LandingTimetable


class MlspendPlugin(AirflowPlugin):
    """Registered by lying in the plugins folder."""

    name = "mlspend"
    timetables = [LandingTimetable]  # noqa: RUF012
    listeners = [run_notes]  # noqa: RUF012
    fastapi_apps = [{"name": "mlspend", "app": SlackEndpoint(), "url_prefix": "/mlspend"}]  # noqa: RUF012
