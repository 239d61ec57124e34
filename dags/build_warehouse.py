"""### Build, prove and publish the warehouse

Rebuilds the billing periods whose landed delivery changed since the last publication (it asks the ledger, not the
events that started it), proves every sum and rule, and replaces the published warehouse in one step: readers never
wait.

**When it fails**
- *BuildFailed*: a dbt model or test; the message names it and shows rows. Nothing was published.
- *ChecksFailed*: money was not conserved, or a shared check said no; the message names expectation, count and sample
  rows. What only one billing period is to blame for is held back without failing: `mlspend gates`, docs/gates.md.
- *ExportsOverlap*: two sources hold the same account and month: state `preferred_kinds` in mlspend.yml, or remove one.
- *BuildOvertaken*: somebody published in between. Not retried; the next landing, or you, start a build that is right.
- *NothingProved*: the build's files are gone. Clear *build_warehouse* and what follows it, not the publication alone.
- *PublishedFileInUse*: retried. Somebody has the file that it names open for writing: have it closed.
- *ConfigInvalid*: `mlspend config check` says what to correct in mlspend.yml.
- *DiskFull, HomeNotWritable, StateUnavailable, StateLost*: the machine, not the data: see docs/deployment.md.
- Clear the failed run to try again, or wait: the next landing starts a build as long as something awaits publication.
"""

from datetime import timedelta

from airflow.sdk import DAG, AssetAny

from mlspend.adapters.source_names import read_source_names
from mlspend.operators.assets import WAREHOUSE, landing_asset
from mlspend.operators.warehouse import BuildWarehouseOperator, ProveWarehouseOperator, PublishWarehouseOperator

with DAG(
    dag_id="build_warehouse",
    doc_md=__doc__,
    schedule=AssetAny(*(landing_asset(source) for source in read_source_names())),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["mlspend", "warehouse"],
):
    build = BuildWarehouseOperator(task_id="build_warehouse")
    prove = ProveWarehouseOperator(task_id="prove_warehouse", build=build.output)
    publish = PublishWarehouseOperator(task_id="publish_warehouse", build=prove.output, outlets=[WAREHOUSE])
    build >> prove >> publish
