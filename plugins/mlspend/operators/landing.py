"""Landing as an Airflow task: the source's Connection becomes an S3 client, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.operators.errors import airflow_errors

if TYPE_CHECKING:
    from airflow.sdk import Context
    from mypy_boto3_s3.client import S3Client


class LandDeliveriesOperator(BaseOperator):
    """Land the newest delivery of every billing period of `source`; skipped where nothing awaits publication.

    Returns the billing periods landed by this run, with their row counts.
    """

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def execute(self, context: "Context") -> dict[str, int]:
        from mlspend.adapters import config, pipeline
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        with airflow_errors(), Ledger.open(home) as ledger:
            settings = config.load()
            source = settings.source(self.source)
            landed = pipeline.land(
                source.name,
                source.location_in(home),
                home,
                ledger,
                now=datetime.now(UTC),
                tell=self.log.info,
                s3=_s3_client(source.connection),
            )
            landed.raise_rejections()
            if not pipeline.awaits_publication(home, settings, ledger):
                raise AirflowSkipException(f"{source.name}: nothing new, and everything landed is published")
        return {receipt.delivery.period: receipt.row_count for receipt in landed.receipts}


def _s3_client(connection: str | None) -> "S3Client | None":
    """The client of the Airflow Connection named in mlspend.yml; None leaves it to the usual AWS environment."""
    if connection is None:
        return None
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    client: S3Client = S3Hook(aws_conn_id=connection).get_conn()
    return client
