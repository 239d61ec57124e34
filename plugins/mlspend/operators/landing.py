"""Landing as an Airflow task: the source's Connection becomes AWS clients, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.core.run_notes import describe_landing
from mlspend.operators.errors import airflow_errors
from mlspend.operators.periods import periods_of
from mlspend.operators.run_notes import run_note

if TYPE_CHECKING:
    from airflow.sdk import Context
    from mypy_boto3_s3 import S3Client

    from mlspend.adapters.config_model import Source
    from mlspend.adapters.delivery_queue import DeliveryQueue
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.adapters.pipeline import Landed
    from mlspend.core.retention import Limits


class LandDeliveriesOperator(BaseOperator):
    """Land what is new or restated of `source`; skipped where nothing awaits publication.

    A run that messages of the source's queue started lands what they announce and deletes them; any other run looks
    at the whole location: its parameters `from` and `to` bound the billing periods, and a run of a backfill lands its
    own and no other. The queue's asset must be an inlet. Returns the billing periods landed by this run, with their
    row counts.

    Where some deliveries are refused and others await publication it succeeds, so that these are built, and leaves
    the reasons under the key `refused`, for LandRefusedOperator to try those again and to fail.
    """

    def __init__(self, *, source: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source

    def execute(self, context: "Context") -> dict[str, int]:
        with airflow_errors():
            landed, is_awaited = self._look(context)
            if not is_awaited:
                landed.raise_rejections()
                raise AirflowSkipException(f"{self.source}: nothing new, and everything landed is published")
        context["ti"].xcom_push(key="refused", value=landed.refusals)
        return _row_counts(landed)

    def _look(self, context: "Context") -> tuple["Landed", bool]:
        """Land, note it beside the run, and return what it came to and whether anything awaits publication."""
        from mlspend.adapters import config, pipeline
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        with run_note(context) as note, Ledger.open(home) as ledger:
            settings = config.load()
            limits = settings.retention.limits(datetime.now(UTC))
            landed = self._land(settings.source(self.source), context, home, ledger, limits)
            note.append(describe_landing(self.source, _row_counts(landed), ledger.deliveries()))
            return landed, pipeline.awaits_publication(home, settings, ledger, now=datetime.now(UTC))

    def _land(self, source: "Source", context: "Context", home: "Home", ledger: "Ledger", limits: "Limits") -> "Landed":
        from mlspend.adapters import announcements, delivery_queue, pipeline

        place = (source.name, source.location_in(home))
        work: dict[str, Any] = {
            "now": datetime.now(UTC),
            "tell": self.log.info,
            "s3": _s3_client(source.connection),
            "limits": limits,
        }
        messages = delivery_queue.read_messages(_payloads(context, self.inlets))
        if messages and source.queue:
            return announcements.land_announced(*place, messages, _queue(source), home, ledger, **work)
        return pipeline.land(*place, home, ledger, periods=periods_of(context), **work)


class LandRefusedOperator(LandDeliveriesOperator):
    """Try again what LandDeliveriesOperator could not land while it landed others; skipped where that was nothing.

    So one bad delivery neither keeps the good ones from readers nor passes unseen. `refused` are its reasons.
    """

    template_fields = ("refused",)

    def __init__(self, *, refused: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.refused = refused

    def execute(self, context: "Context") -> dict[str, int]:
        if not self.refused:
            raise AirflowSkipException(f"{self.source}: nothing was refused")
        with airflow_errors():
            landed, is_awaited = self._look(context)
            landed.raise_rejections()
        if not (landed.receipts and is_awaited):
            raise AirflowSkipException(f"{self.source}: nothing more was landed")
        return _row_counts(landed)


def _row_counts(landed: "Landed") -> dict[str, int]:
    return {receipt.delivery.period: receipt.row_count for receipt in landed.receipts}


def _payloads(context: "Context", inlets: list[Any]) -> list[dict[str, Any]]:
    """Return what the events of the queue carry that started this run, and all that came since.

    Airflow 3.3 hands on only the events up to the first that came while the run before was still at work; the others
    would wait until their messages are received again.
    """
    events = [event for found in context.get("triggering_asset_events", {}).values() for event in found]
    if not events:
        return []
    first = min(event.timestamp for event in events)
    since = [event for inlet in inlets for event in context["inlet_events"][inlet].after(first.isoformat())]
    return [event.extra for event in sorted([*events, *since], key=lambda event: event.timestamp)]


def _s3_client(connection: str | None) -> "S3Client | None":
    """The client of the Airflow Connection named in mlspend.yml; None leaves it to the usual AWS environment."""
    if connection is None:
        return None
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    client: S3Client = S3Hook(aws_conn_id=connection).get_conn()
    return client


def _queue(source: "Source") -> "DeliveryQueue":
    from mlspend.adapters.delivery_queue import DeliveryQueue
    from mlspend.adapters.source_names import queue_region

    if source.connection is None:
        return DeliveryQueue(source.queue or "")
    from airflow.providers.amazon.aws.hooks.sqs import SqsHook

    hook = SqsHook(aws_conn_id=source.connection, region_name=queue_region(source.queue or ""))
    return DeliveryQueue(source.queue or "", hook.get_conn())
