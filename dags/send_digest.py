"""### Send the weekly digest

Every hour, and whenever the warehouse is published, it sends what is due and not out yet: the company, each team and
the management once per ISO week, at `digest.send_at` in the reader's time zone. Without a Slack token (the Airflow
connection `slack_default`, else MLSPEND_SLACK_TOKEN) messages go to `outbox/` as JSON and HTML; e-mails go through the
connection `smtp_default`, else to `outbox/` as .eml. Where a red gate holds a digest back, a notice says so once, and
the digest follows by itself.

**When it fails**
- *MessageRefused*: Slack, or the mail server, said no for good: invite the app to the channel, or correct the channel
  or address in mlspend.yml.
- *MessageUndelivered*: retried; no message goes out twice.
- *MessageUncertain*: looked up in Slack by the retry; an e-mail cannot be looked up and is not sent again.
- *ConfigInvalid*: no digest has anywhere to go, or `smtp_default` has no `from_email` among its extra fields.
- skipped: nothing is published yet (run `build_warehouse` first), or not one whole week.
"""

from datetime import timedelta

from airflow.sdk import DAG

from mlspend.operators.assets import tell_when
from mlspend.operators.digest import SendDigestOperator

with DAG(
    dag_id="send_digest",
    doc_md=__doc__,
    schedule=tell_when("0 * * * *"),
    catchup=False,
    max_active_runs=1,
    # A message that a run has claimed is left to it for six minutes.
    default_args={"retries": 3, "retry_delay": timedelta(minutes=7)},
    tags=["mlspend", "digest"],
):
    SendDigestOperator(task_id="send_digest")
