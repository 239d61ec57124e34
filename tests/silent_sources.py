"""Sources that deliver when a test says so, and a configuration that watches them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from mlspend.adapters.config import Config
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Delivery, ExportFile

# A Wednesday, seven in the morning in Paris: the night has just ended.
START = datetime(2026, 11, 4, 6, tzinfo=UTC)


def hour(number: float) -> datetime:
    return START + timedelta(hours=number)


def make_config(*, channel: str | None = "#ml-spend", sources: tuple[str, ...] = ("aws",), **source: Any) -> Config:
    settings = {"provider": "aws", "location": "s3://bills/cur2", "queue": "https://sqs.example/1/billing", **source}
    return Config.model_validate(
        {
            "company": "Example <!channel> Robotics",
            "sources": tuple({"name": name, **settings} for name in sources),
            "digest": {"channel": channel},
            "freshness": {"time_zone": "Europe/Paris"},
        }
    )


CONFIG = make_config()


def deliver(ledger: Ledger, at: float, *, source: str = "aws", period: str = "2026-11") -> Delivery:
    delivery = Delivery(
        source, "aws_cur2", period, f"v{at}", hour(at), (ExportFile("s3://bills/a.parquet", 10, "etag"),)
    )
    ledger.record_seen(delivery, hour(at))
    return delivery
