"""### Check that every source still delivers

Asks the ledger every hour when each source delivered last. No delivery for `freshness.critical_after_hours` past its
rhythm fails the run by itself: an alert on a landing is silent where no landing runs. The company's channel is told
once, at night only beyond `freshness.wake_after_hours`, and once more when the source delivers again.

**When it fails**
- *SourceOverdue*: not retried; red every hour until the source delivers. The message names source, last delivery, age
  and rhythm. `mlspend check source NAME` shows what lies there: nothing new is the provider's matter (export switched
  off, permission gone), something new is ours (is `land_billing_NAME` paused or red?).
- *MessageRefused*: Slack said no for good: invite the app to the channel, or correct `digest.channel` in mlspend.yml.
- *MessageUndelivered, StateUnavailable*: retried, then by the next hour's run.
"""

from datetime import timedelta

from airflow.sdk import DAG

from mlspend.operators.freshness import CheckFreshnessOperator

with DAG(
    dag_id="check_freshness",
    doc_md=__doc__,
    # Landing looks on the hour; by half past it has written what it saw.
    schedule="30 * * * *",
    catchup=False,
    max_active_runs=1,
    # A message that a run has claimed is left to it for six minutes.
    default_args={"retries": 2, "retry_delay": timedelta(minutes=7)},
    tags=["mlspend", "freshness"],
):
    CheckFreshnessOperator(task_id="check_freshness")
