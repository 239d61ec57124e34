"""### Send the weekly digest

Reads the published warehouse and tells the company and each team once per ISO week: total against the week before,
spend by project, biggest movers, untagged share, freshness, reconciliation. Without a Slack token (the Airflow
connection `slack_default`, else MLSPEND_SLACK_TOKEN) the messages go to `outbox/` as JSON and HTML.

**When it fails**
- *MessageRefused*: Slack said no for good: invite the app to the channel, or correct the channel in mlspend.yml.
- *MessageUndelivered*: retried; no message goes out twice.
- *NothingPublished*: run `build_warehouse` first.
"""

from datetime import timedelta

from airflow.sdk import DAG

from mlspend.operators.assets import WAREHOUSE
from mlspend.operators.digest import SendDigestOperator

with DAG(
    dag_id="send_digest",
    doc_md=__doc__,
    schedule=[WAREHOUSE],
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=5)},
    tags=["mlspend", "digest"],
):
    SendDigestOperator(task_id="send_digest")
