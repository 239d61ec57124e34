"""### Send alerts

Looks at the sources, the quality gates and what is published, writes down what becomes of each alert, and sends what is
due: critical to PagerDuty and Slack, warnings to the team's channel. A thing is told once, again when it has grown by
half or is graver, and once more when it is over; in quiet hours only what is urgent. Without a Slack token (the Airflow
connection `slack_default`, else MLSPEND_SLACK_TOKEN) messages go to `outbox/`; without a key (the password of
`pagerduty_default`, else MLSPEND_PAGERDUTY_KEY) PagerDuty hears nothing.

**When it fails**
- *MessageRefused*: Slack or PagerDuty said no for good, and the message says why: invite the app to the channel,
  correct the channel in mlspend.yml, put a valid key into the connection. What is due stays due.
- *MessageUndelivered*: retried, then by the next hour's run; nothing is told twice.
- *ConfigInvalid*: `mlspend config check` names the line.
"""

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable

from mlspend.operators.alerts import SendAlertsOperator
from mlspend.operators.assets import WAREHOUSE

with DAG(
    dag_id="send_alerts",
    doc_md=__doc__,
    # When something is published, and each hour: what was held in quiet hours, what could not be sent, what stopped.
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("45 * * * *", timezone="UTC"), assets=WAREHOUSE),
    catchup=False,
    max_active_runs=1,
    # A message that a run has claimed is left to it for six minutes.
    default_args={"retries": 2, "retry_delay": timedelta(minutes=7)},
    tags=["mlspend", "alerts"],
):
    SendAlertsOperator(task_id="send_alerts")
