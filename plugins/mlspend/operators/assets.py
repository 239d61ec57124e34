"""The assets that chain the DAGs: the queue of a source, its landing, then the published warehouse.

They bear names only: an address with a scheme has Airflow load every provider (0.6 s) whenever a DAG file is parsed.
"""

from datetime import timedelta

from airflow.sdk import Asset, AssetOrTimeSchedule, AssetWatcher
from airflow.timetables.trigger import CronTriggerTimetable

from mlspend.adapters.source_names import SourceSchedule, queue_region
from mlspend.operators.timetables import LandingTimetable

WAREHOUSE = Asset(name="warehouse")

# How soon a delivery is noticed against how often an idle queue is asked: 17,000 requests a day, well below a cent.
_SECONDS_BETWEEN_LOOKS = 5
# Longer than a landing takes and than Airflow waits before it tries once more (10 minutes): a message seen again
# earlier would only start a run that finds its work done.
_SECONDS_HIDDEN = 900
# SQS gives no more at once.
_MESSAGES_AT_ONCE = 10


def landing_asset(source: str) -> Asset:
    """Return the asset that changes when something of `source` awaits publication."""
    return Asset(name=f"landing_{source}")


def queue_asset(source: SourceSchedule) -> Asset:
    """Return the asset that changes with the messages of the source's queue; they stay in the queue."""
    # Brings boto3 (0.1 s): only where there is a queue.
    from airflow.providers.common.messaging.triggers.msg_queue import MessageQueueTrigger

    trigger = MessageQueueTrigger(
        scheme="sqs",
        sqs_queue=source.queue,
        # Without a Connection the usual AWS environment counts, and Airflow's own default Connection does not.
        aws_conn_id=source.connection,
        region_name=queue_region(source.queue or ""),
        delete_message_on_reception=False,
        visibility_timeout=_SECONDS_HIDDEN,
        waiter_delay=_SECONDS_BETWEEN_LOOKS,
        max_messages=_MESSAGES_AT_ONCE,
    )
    name = f"queue_{source.name}"
    return Asset(name=name, watchers=[AssetWatcher(name=name, trigger=trigger)])


def land_when(clock: str, queue: Asset | None) -> AssetOrTimeSchedule | LandingTimetable:
    """Return the schedule of a landing: by the clock (cron, UTC), and by its queue where it has one."""
    # No time to catch up in: otherwise a scheduler that starts up to 2.4 hours after the hour runs it at once.
    timetable = LandingTimetable(clock, timezone="UTC", run_immediately=timedelta())
    return timetable if queue is None else AssetOrTimeSchedule(timetable=timetable, assets=queue)


def tell_when(clock: str) -> AssetOrTimeSchedule:
    """Return the schedule of what is told: by the clock (cron, UTC), and as soon as the warehouse is published anew."""
    timetable = CronTriggerTimetable(clock, timezone="UTC", run_immediately=timedelta())
    return AssetOrTimeSchedule(timetable=timetable, assets=WAREHOUSE)
