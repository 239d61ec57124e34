"""### Land the billing export of one source

Every morning: looks at the source's location. Where the source has a queue, also at once when a message announces a
delivery. Takes what is new or restated, whole or not at all, and writes a receipt with its control totals into the
ledger. Changes the asset `landing_<source>` only when something awaits publication.

**Older months**: trigger it with `from` and `to` (one run), or create a backfill (one run per billing period, oldest
first). Either way what is landed already is left alone, so what was interrupted is simply started again.

**When it fails**
- *ExportsRejected, ExportsNotLanded*: deliveries were refused. The message quotes each reason with source, billing
  period and file; docs/exports.md says what to do for each. Only the second is retried.
- *StoreAccessDenied, ExportUnrecognised, SeveralExports, ExportUnreadable*: nothing at the location could be taken. Not
  retried: correct the location, the permissions or the export, then run it once more.
- *ExportNotDelivered, StoreUnavailable, QueueUnavailable*: retried. Still so the next day: look whether the export was
  switched off.
- *ExportsOverlap*: landed, but two sources hold the same account and month, and nothing is built before it is settled:
  state `preferred_kinds` in mlspend.yml or remove one source, then run it once more.
- *ConfigInvalid*: `mlspend config check` says what to correct in mlspend.yml.
- *QueueAccessDenied*: what was announced is landed, but its messages cannot be deleted: correct the permissions.
- *DiskFull, HomeNotWritable, StateUnavailable, StateLost*: the machine, not the data: see docs/deployment.md.
- Only *land_refused* is red: the good deliveries are on their way to readers, those that are not are named.
- What was landed before stays as it is, and readers keep the last published warehouse.
"""

from datetime import timedelta

from airflow.sdk import DAG, XComArg

from mlspend.adapters.source_names import read_source_schedules
from mlspend.operators.assets import land_when, landing_asset, queue_asset
from mlspend.operators.landing import LandDeliveriesOperator, LandRefusedOperator
from mlspend.operators.periods import PERIOD_PARAMS

for source in read_source_schedules():
    queue = queue_asset(source) if source.queue else None
    with DAG(
        dag_id=f"land_billing_{source.name}",
        doc_md=__doc__,
        # Providers deliver at least once a day; by six most have. It also finds what no message announced.
        schedule=land_when("0 6 * * *", queue),
        catchup=False,
        params=PERIOD_PARAMS,
        max_active_runs=1,
        default_args={"retries": 3, "retry_delay": timedelta(minutes=10), "retry_exponential_backoff": True},
        tags=["mlspend", "landing"],
    ):
        place = {
            "source": source.name,
            "inlets": [queue] if queue else [],
            "outlets": [landing_asset(source.name)],
            # Airflow lets ten runs of a backfill go at once: the disk holds one delivery's raw files, oldest first.
            "max_active_tis_per_dag": 1,
        }
        land = LandDeliveriesOperator(task_id="land_deliveries", **place)
        LandRefusedOperator(task_id="land_refused", refused=XComArg(land, key="refused"), **place)
