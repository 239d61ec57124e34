import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlspend.adapters import config, pipeline
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.pipeline import Landed, Rejection
from mlspend.core.deliveries import Build, Delivery
from mlspend.core.errors import BuildOvertaken, ExportsNotLanded, ExportsRejected, NothingProved
from tests.focus_csv import focus_line, write_focus_csv

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


def tell(_words: str) -> None:
    """Nobody listens."""


def export(home: Home, name: str, cost: str, *, period: str = "2026-10", **columns: str) -> Path:
    return write_focus_csv(home.root / "exports" / name, [focus_line(period, 1, cost, **columns)])


def test_a_rejected_period_does_not_keep_the_others_from_being_landed(home: Home) -> None:
    with Ledger.open(home) as ledger:
        export(home, "a.csv", "1", period="2026-08")
        export(home, "b.csv", "1", period="2026-09")
        location = str(home.root / "exports")
        assert not pipeline.awaits_publication(home, config.default(), ledger, now=NOW)
        first = pipeline.land("cloud", location, home, ledger, now=NOW, tell=tell)
        assert [one.delivery.period for one in first.receipts] == ["2026-08", "2026-09"]
        first.raise_rejections()
        assert pipeline.awaits_publication(home, config.default(), ledger, now=NOW)
        export(home, "b.csv", "1", period="2026-09", BillingCurrency="EUR")
        export(home, "c.csv", "1", period="2026-10")
        second = pipeline.land("cloud", location, home, ledger, now=NOW, tell=tell)
        assert [one.delivery.period for one in second.receipts] == ["2026-10"]
        assert [one.delivery.period for one in second.rejections] == ["2026-09"]
        with pytest.raises(ExportsRejected, match="2026-09"):
            second.raise_rejections()
        assert [one.delivery.period for one in ledger.current_receipts()] == ["2026-08", "2026-09", "2026-10"]


def test_a_retry_is_offered_where_it_may_help_any_of_the_rejected() -> None:
    delivery = Delivery("aws", "aws_cur2", "2026-10", "v", NOW, ())
    rejections = (Rejection(delivery, "truncated", is_final=True), Rejection(delivery, "not there yet", is_final=False))
    with pytest.raises(ExportsNotLanded, match="truncated\nnot there yet"):
        Landed("aws", (), rejections, 0).raise_rejections()


def test_only_what_was_proved_on_the_published_state_is_published(home: Home) -> None:
    with Ledger.open(home) as ledger:
        with pytest.raises(NothingProved, match="mlspend build"):
            pipeline.publish(home, ledger, now=NOW, tell=tell)
        build = Build("b2", "1.0", "hash", str(home.builds / "b2" / "warehouse.duckdb"), "", (), ())
        (home.builds / "b2").mkdir(parents=True)
        mark = {"build": build.to_json(), "on": "b1"}
        (home.builds / "b2" / "proved.json").write_text(json.dumps(mark))
        with pytest.raises(BuildOvertaken, match="b2"):
            pipeline.publish(home, ledger, now=NOW, tell=tell)
        (home.builds / "b2" / "proved.json").write_text(json.dumps({**mark, "on": None}))
        with pytest.raises(NothingProved, match="b2"):
            pipeline.publish(home, ledger, now=NOW, tell=tell)


def test_a_mark_that_another_process_removes_meanwhile_is_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    mark = home.builds / "b1" / "proved.json"
    mark.parent.mkdir(parents=True)
    mark.write_text("{}")
    really_read = Path.read_text

    def read_late(path: Path) -> str:
        path.unlink()
        return really_read(path)

    monkeypatch.setattr(Path, "read_text", read_late)
    with Ledger.open(home) as ledger, pytest.raises(NothingProved, match="mlspend build"):
        pipeline.publish(home, ledger, now=NOW, tell=tell)
