"""The state store held, gone, damaged or stopped: one clear message, nothing landed is lost, the next run is right."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlspend.adapters import pipeline, state_store
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.pipeline import Landed
from mlspend.cli import app
from mlspend.core.errors import ConfigInvalid, StateLost, StateUnavailable
from tests.aws_exports import cur2_line, write_data_export
from tests.postgres_server import postgres_server

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    september = {"bill_billing_period_start_date": "2026-09-01", "line_item_usage_start_date": "2026-09-01 05:00:00"}
    write_data_export(tmp_path / "export", [cur2_line(**september)] * 2, period="2026-09")
    write_data_export(tmp_path / "export", [cur2_line()] * 3)
    return tmp_path / "export"


@pytest.fixture
def configured(export: Path, tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same export in mlspend.yml, for the command line."""
    path = tmp_path / "mlspend.yml"
    path.write_text(f"company: A\nsources: [{{name: aws, provider: aws, location: '{export}'}}]\n")
    monkeypatch.setenv("MLSPEND_CONFIG", str(path))
    return path


def land(export: Path, home: Home, ledger: Ledger, tell: Callable[[str], None] = lambda _: None) -> Landed:
    return pipeline.land("aws", str(export), home, ledger, now=NOW, tell=tell)


def refused(*words: str) -> str:
    """What the command line says, having ended with 1 and one message."""
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert result.output.count("mlspend: ") == 1
    return result.output


def counted(ledger: Ledger) -> list[tuple[str, int]]:
    return [(one.delivery.period, one.row_count) for one in ledger.current_receipts()]


BOTH = [("2026-09", 2), ("2026-10", 3)]


def test_what_was_landed_while_another_process_held_the_store_is_found_again(
    home: Home, export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_store, "_BUSY_SECONDS", 0)
    other = sqlite3.connect(home.root / "state.db", isolation_level=None)

    def hold(words: str) -> None:
        if words.startswith("landing aws 2026-10"):
            other.execute("begin immediate")

    with closing(other), Ledger.open(home) as ledger:
        with pytest.raises(StateUnavailable, match=r"state\.db did not answer: database is locked; try again"):
            land(export, home, ledger, hold)
        assert counted(ledger) == [("2026-09", 2)]
        receipt = home.landing / "aws/2026-10/exec-1/receipt.json"
        assert receipt.exists()
        assert [path.name for path in (home.landing / ".incoming").iterdir()] == ["lock"]
        other.execute("rollback")
        # It is the receipt that is found: the export's lines are not needed any more.
        for path in export.rglob("*2026-10*/*.parquet"):
            path.unlink()
        assert [one.delivery.period for one in land(export, home, ledger).receipts] == ["2026-10"]
        assert counted(ledger) == BOTH


def test_the_command_line_waits_for_another_process_only_so_long(
    home: Home, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CliRunner().invoke(app, ["status"]).exit_code == 0
    monkeypatch.setattr(state_store, "_BUSY_SECONDS", 0)
    with closing(sqlite3.connect(home.root / "state.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        assert "database is locked; try again" in refused("land")
    assert CliRunner().invoke(app, ["land"]).exit_code == 0


def test_a_store_taken_away_in_use_is_noticed_and_filled_again_from_the_receipts(home: Home, export: Path) -> None:
    def take_away(words: str) -> None:
        if words.startswith("landing aws 2026-10"):
            for path in home.root.glob("state.db*"):
                path.unlink()

    with Ledger.open(home) as ledger:
        # SQLite itself would go on writing into the deleted file, and say nothing.
        with pytest.raises(StateLost, match=r"state\.db was taken away or replaced.*Restore it from its backup"):
            land(export, home, ledger, take_away)
        with pytest.raises(StateLost):
            ledger.claim_message("digest/1", kind="digest", destination="#a", now=NOW)
    # The bucket's lifecycle has deleted September in the meantime.
    for path in [*export.rglob("*2026-09*")]:
        shutil.rmtree(path)
    with Ledger.open(home) as ledger:
        assert counted(ledger)[0] == ("2026-09", 2)
        land(export, home, ledger).raise_rejections()
        assert counted(ledger) == BOTH
        assert ledger.currencies("aws") == {"012345678901": "USD"}


def test_of_two_landed_deliveries_the_newer_counts_again_after_a_loss(home: Home, export: Path) -> None:
    with Ledger.open(home) as ledger:
        land(export, home, ledger)
        write_data_export(export, [cur2_line()] * 5, execution="exec-2")
        land(export, home, ledger)
        known = {row["version"]: row["status"] for row in ledger.deliveries() if row["billing_period"] == "2026-10"}
        before = counted(ledger)
    for path in home.root.glob("state.db*"):
        path.unlink()
    half_landed = home.landing / ".incoming" / "crashed" / "lines"
    half_landed.mkdir(parents=True)
    shutil.copy(next(home.landing.glob("aws/*/*/receipt.json")), half_landed)
    with Ledger.open(home) as ledger:
        again = {row["version"]: row["status"] for row in ledger.deliveries() if row["billing_period"] == "2026-10"}
        assert (counted(ledger), again) == (before, known)
        assert land(export, home, ledger).receipts == ()


@pytest.mark.parametrize("content", [b"this is no database\n" * 400, b"SQLite format 3\x00" + bytes(8000)])
def test_a_damaged_store_is_left_as_it_is_and_told_what_to_do(home: Home, configured: Path, content: bytes) -> None:
    (home.root / "state.db").write_bytes(content)
    for command in (["land"], ["status"], ["build"], ["publish"]):
        said = refused(*command)
        assert "state.db is damaged" in said
        assert "Restore it from its backup" in said
    assert (home.root / "state.db").read_bytes() == content
    (home.root / "state.db").rename(home.root / "damaged.db")
    assert CliRunner().invoke(app, ["land"]).exit_code == 0


def test_a_folder_where_the_store_cannot_be(home: Home, configured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home.root / "file").write_text("no folder")
    monkeypatch.setenv("MLSPEND_STATE_URL", f"sqlite:///{home.root / 'file' / 'state.db'}")
    assert f"cannot be below {home.root / 'file'}, which is no folder" in refused("status")


def test_a_postgresql_that_stops_in_the_middle_of_a_run(
    home: Home, export: Path, configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server() as server:
        monkeypatch.setenv("MLSPEND_STATE_URL", server.url)
        with Ledger.open(home) as ledger:
            with pytest.raises(StateUnavailable, match=r"127\.0\.0\.1:\d+/postgres did not answer.*try again"):
                land(
                    export,
                    home,
                    ledger,
                    lambda words: server.stop() if words.startswith("landing aws 2026-10") else None,
                )
            assert not list(home.landing.glob(".incoming/*/"))
            assert "did not answer" in refused("land")
            server.start()
            # The pool notices that its connections are dead.
            assert counted(ledger) == [("2026-09", 2)]
            land(export, home, ledger).raise_rejections()
            assert counted(ledger) == BOTH
        monkeypatch.setattr(state_store, "_BUSY_SECONDS", 1)
        with Ledger.open(home) as ledger, Ledger.open(home) as other, other._store.transaction() as held:
            held.exec_driver_sql("lock table deliveries in exclusive mode")
            with pytest.raises(StateUnavailable, match="lock timeout"):
                ledger.record_seen(ledger.current_receipts()[0].delivery, NOW)
        with pytest.raises(ConfigInvalid, match=r"MLSPEND_STATE_URL.*does not exist"):
            Ledger(server.url.removesuffix("postgres") + "nowhere").migrate()
