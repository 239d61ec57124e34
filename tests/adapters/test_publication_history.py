"""Earlier published states: as many as wanted, opened by name or by date, and none disturbed while it is read."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner, Result

from mlspend.adapters import publication, publication_history
from mlspend.adapters.config_model import Retention
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from mlspend.core.deliveries import Build
from mlspend.core.errors import PublicationNotKept, PublishedFileInUse
from tests.handmade_build import make_build, prove_by_hand

# Publications at six, every second day from 1 November: b1, b3, b5, …
FIRST = datetime(2026, 11, 1, 6, tzinfo=UTC)


READER = """
import sys
import duckdb

with duckdb.connect(sys.argv[1], read_only=True) as connection:
    for _ in sys.stdin:
        print(*connection.execute("select count(distinct charge_date) from marts.focus_costs").fetchone(), flush=True)
"""


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def publish(home: Home, ledger: Ledger, day: int, *, kept: Build | None = None, count: int = 10, **at: int) -> Build:
    """Publish build b<day>, in which October has <day> days of lines, on that day of November."""
    build = make_build(home, f"b{day}", ("2026-10",), kept=kept, days=day)
    prove_by_hand(build)
    now = FIRST + timedelta(days=day - 1, **at)
    publication.publish(build, home, ledger, now=now, retention=Retention(publications=count))
    return build


def let_time_pass(home: Home, *, until: datetime) -> None:
    """Everything written so far is a year old, by what the disk says; what is retired keeps its time."""
    then = (until - timedelta(days=365)).timestamp()
    for path in [*home.lake.rglob("*"), *home.builds.rglob("*")]:
        os.utime(path, (then, then))


def days_in(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as connection:
        row = connection.execute("select count(distinct charge_date) from marts.focus_costs").fetchone()
    assert row
    return int(row[0])


def names(home: Home) -> list[str]:
    return [one.publication.build_id for one in publication_history.list_kept(home)]


def mlspend(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def asked(*words: str) -> Any:
    result = mlspend("sql", *words, "--json", "select count(distinct charge_date) as days from marts.focus_costs")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)[0]["days"]


def test_as_many_as_wanted_can_be_opened_and_no_more(home: Home, ledger: Ledger) -> None:
    for day in (1, 3, 5, 7, 9):
        publish(home, ledger, day, count=3)
        let_time_pass(home, until=FIRST + timedelta(days=day))
    assert names(home) == ["b9", "b7", "b5"]
    assert [days_in(publication_history.find(home, name)) for name in names(home)] == [9, 7, 5]
    assert sorted(path.name for path in home.history.glob("*.duckdb")) == ["b5.duckdb", "b7.duckdb"]
    # What left two days ago is gone with its lines; what left just now may still be open somewhere.
    assert sorted(path.name for path in home.history.glob("retired/*")) == ["b3.duckdb"]
    assert sorted(path.name for path in home.lake.glob("focus_costs/*")) == [f"build=b{day}" for day in (3, 5, 7, 9)]
    publish(home, ledger, 11, count=10)
    assert names(home) == ["b11", "b9", "b7", "b5"], "a larger number brings nothing back"


def test_what_was_replaced_within_a_day_stays_whatever_the_number(home: Home, ledger: Ledger) -> None:
    publish(home, ledger, 1, count=1)
    publish(home, ledger, 2, count=1)
    publish(home, ledger, 3, count=1, hours=-1)
    assert names(home) == ["b3", "b2", "b1"], "b1 was replaced 23 hours ago, b2 just now"
    publish(home, ledger, 4, count=1)
    assert names(home) == ["b4", "b3"]


def test_a_file_is_kept_at_no_cost_and_copied_where_the_disk_links_none(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(home, ledger, 1)
    inode = home.published_warehouse.stat().st_ino
    publish(home, ledger, 3)
    assert (home.history / "b1.duckdb").stat().st_ino == inode

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    publish(home, ledger, 5)
    assert days_in(home.history / "b3.duckdb") == 3
    assert sorted(path.name for path in home.history.iterdir()) == ["b1.duckdb", "b3.duckdb"]


def test_a_crash_before_the_replacement_shows_nothing_twice_and_the_next_publication_is_right(
    home: Home, ledger: Ledger
) -> None:
    publish(home, ledger, 1)
    current = publication.read_published(home)
    assert current
    publication_history.keep(home, current)
    (home.history / ".b1.duckdb.partial").write_bytes(b"half a copy")
    assert names(home) == ["b1"]
    assert publication_history.list_kept(home)[0].path == home.published_warehouse
    publish(home, ledger, 3)
    assert names(home) == ["b3", "b1"]
    assert days_in(publication_history.find(home, "b1")) == 1


def test_nothing_is_kept_while_somebody_writes(home: Home, ledger: Ledger) -> None:
    publish(home, ledger, 1)
    home.published_warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"somebody writes")
    with pytest.raises(PublishedFileInUse):
        publish(home, ledger, 3)
    assert not list(home.history.glob("*.duckdb"))


def test_nothing_is_deleted_while_a_kept_file_cannot_be_read(home: Home, ledger: Ledger) -> None:
    publish(home, ledger, 1, count=1)
    publish(home, ledger, 3, count=1)
    let_time_pass(home, until=FIRST + timedelta(days=9))
    damaged = home.history / "b0.duckdb"
    damaged.write_bytes(b"not a warehouse")
    publish(home, ledger, 9, count=1)
    assert {path.name for path in home.lake.glob("focus_costs/*")} == {"build=b1", "build=b3", "build=b9"}
    damaged.unlink()
    for day in (15, 17):
        publish(home, ledger, day, count=1)
    assert {path.name for path in home.lake.glob("focus_costs/*")} == {"build=b9", "build=b15", "build=b17"}


def test_whoever_has_an_old_state_open_reads_on_while_it_is_retired(home: Home, ledger: Ledger) -> None:
    publish(home, ledger, 1, count=1)
    publish(home, ledger, 3, count=1)
    command = [sys.executable, "-c", READER, str(publication_history.find(home, "b1"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as reader:

        def read() -> str:
            reader.stdin.write("again\n")  # type: ignore[union-attr]
            return reader.stdout.readline().strip()  # type: ignore[union-attr]

        assert read() == "1"
        let_time_pass(home, until=FIRST + timedelta(days=5))
        for day, hours in ((5, 0), (6, -1)):
            publish(home, ledger, day, count=1, hours=hours)
            with pytest.raises(PublicationNotKept):
                publication_history.find(home, "b1")
            assert read() == "1"
        reader.stdin.close()  # type: ignore[union-attr]
    publish(home, ledger, 9, count=1)
    assert not list(home.lake.glob("focus_costs/build=b1"))


def test_a_partition_that_only_an_old_state_names_leaves_the_disk_beside_one_that_stays(
    home: Home, ledger: Ledger
) -> None:
    both = make_build(home, "b1", ("2026-09", "2026-10"))
    prove_by_hand(both)
    publication.publish(both, home, ledger, now=FIRST)
    publish(home, ledger, 3, kept=both, count=1)
    let_time_pass(home, until=FIRST + timedelta(days=9))
    stranger = home.lake / "focus_costs" / "notes.txt"
    stranger.write_text("not ours")
    for day in (7, 9):
        publish(home, ledger, day, kept=both, count=1)
    left = sorted(path.parts[-3:] for path in home.lake.glob("focus_costs/build=b1/*/*"))
    assert left == [("build=b1", "x_source=aws", "billing_period=2026-09")]
    assert stranger.exists()


@pytest.mark.parametrize(
    ("asked_for", "seen"),
    [
        ("2026-11-03", 3),
        ("2026-11-04", 3),
        ("2026-11-03T05:59:59", 1),
        ("2026-11-03T06:00", 3),
        ("2026-11-03T06:59:59+01:00", 1),
        ("2026-11-03 07:00:00+01:00", 3),
        ("2026-11-02", 1),
        ("2026-11-25", 5),
    ],
)
def test_a_date_means_what_readers_saw_at_its_end_and_a_time_what_they_saw_then(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, asked_for: str, seen: int
) -> None:
    monkeypatch.setattr("mlspend.cli_clock.now", lambda: datetime(2026, 11, 25, 12, tzinfo=UTC))
    for day in (1, 3, 5):
        publish(home, ledger, day)
    assert asked("--as-known-on", asked_for) == seen


def test_what_cannot_be_opened_is_said_with_what_can(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlspend.cli_clock.now", lambda: datetime(2026, 11, 25, 12, tzinfo=UTC))
    before = mlspend("sql", "--publication", "b1", "select 1")
    assert (before.exit_code, before.stdout) == (1, "")
    assert "nothing is published" in before.stderr
    assert json.loads(mlspend("publications", "--json").stdout) == []
    for day in (1, 3, 5, 7):
        publish(home, ledger, day, count=2)
    assert asked("--publication", "b5") == 5
    assert asked("--publication", "b7") == 7
    rows = json.loads(mlspend("publications", "--json").stdout)
    assert [(row["build_id"], row["is_current"], Path(row["path"]).exists()) for row in rows] == [
        ("b7", True, True),
        ("b5", False, True),
    ]
    assert "b5" in mlspend("publications").stdout

    kept = "kept are 2, from b5 of 2026-11-05 06:00:00 UTC to b7 of 2026-11-07 06:00:00 UTC"
    for words, told in (
        (["--publication", "b1"], ["no publication 'b1'", kept]),
        (["--as-known-on", "2026-11-04"], ["publication b3 of 2026-11-03 06:00:00 UTC", kept, "spend_as_known_on"]),
        (["--as-known-on", "2026-10-31"], ["the first publication known here is of 2026-11-01 06:00:00 UTC"]),
    ):
        refused = mlspend("sql", *words, "select 1")
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert all(words in refused.stderr for words in told), refused.stderr
    for wrong in (
        ["--as-known-on", "yesterday"],
        ["--as-known-on", "2026-11-26"],
        ["--as-known-on", "2026-11-05", "--publication", "b5"],
    ):
        assert mlspend("sql", *wrong, "select 1").exit_code == 2
    assert mlspend("publish", "--publication", "b5").exit_code == 2


def test_a_kept_state_can_be_carried_elsewhere(home: Home, ledger: Ledger, tmp_path: Path) -> None:
    publish(home, ledger, 1)
    publish(home, ledger, 3)
    copy = tmp_path / "copy.duckdb"
    assert mlspend("publish", "--to", str(copy), "--publication", "b1").exit_code == 0
    home.lake.rename(home.root / "elsewhere")
    assert days_in(copy) == 1
    missing = mlspend("publish", "--to", str(copy), "--publication", "b2")
    assert missing.exit_code == 1
    assert "no publication 'b2'" in missing.stderr
