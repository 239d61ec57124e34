"""Publication: one step, proved builds only, crash-proof, and nobody reading is ever disturbed."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from mlspend.adapters import config, publication, warehouse
from mlspend.adapters.config_model import Retention
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.warehouse import SCHEMA_VERSION
from mlspend.core.deliveries import Build, build_id_at
from mlspend.core.errors import BuildOvertaken, ChecksFailed, NothingProved, NothingPublished, PublishedFileInUse
from mlspend.core.gates import HeldDelivery
from tests.handmade_build import NOW, edit_warehouse, make_build, prove_by_hand
from tests.readers import reading

SAME_TOTALS = """
select (select sum(billed_cost) from marts.focus_costs) = (select sum(billed_cost) from marts.daily_spend)
"""


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def proved_build(
    home: Home, build_id: str, periods: tuple[str, ...] = ("2026-10",), kept: Build | None = None
) -> Build:
    build = make_build(home, build_id, periods, kept=kept)
    prove_by_hand(build)
    return build


def ask(file: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_readers_get_marts_lines_and_the_ledger(home: Home, ledger: Ledger) -> None:
    build = proved_build(home, "b1", ("2026-09", "2026-10"))
    published = publication.publish(build, home, ledger, now=NOW)
    assert published == publication.read_published(home) == ledger.last_publication()
    assert published.lake_builds == ("b1",)
    assert [partition.billing_period for partition in published.partitions] == ["2026-09", "2026-10"]
    assert ask(home.published_warehouse, SAME_TOTALS) == [(True,)]
    assert ask(home.published_warehouse, "select build_id, is_current from ops.publications") == [("b1", True)]
    assert ask(home.published_warehouse, "select count(*) from ops.deliveries") == [(0,)]
    undescribed = "select table_name from duckdb_tables() where schema_name = 'ops' and comment is null"
    assert ask(home.published_warehouse, undescribed) == []
    assert not list(home.published_warehouse.parent.glob("*.wal"))


def test_the_same_build_again_changes_nothing(home: Home, ledger: Ledger) -> None:
    build = proved_build(home, "b1")
    first = publication.publish(build, home, ledger, now=NOW)
    assert publication.publish(build, home, ledger, now=NOW + timedelta(hours=1)) == first
    unchanged = replace(build, build_id="b2", is_unchanged=True)
    assert publication.publish(unchanged, home, ledger, now=NOW) == first
    assert len(ledger.publications()) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "delete from marts.data_quality",
        "delete from marts.data_quality where layer = 'focus'",
        "delete from marts.data_quality where layer = 'drift'",
        "update marts.data_quality set build_id = 'b0'",
        "update marts.data_quality set is_success = false where layer = 'marts'",
        "update marts.data_quality set is_evaluated = false where layer = 'marts'",
        "update marts.data_quality set is_evaluated = false, effect = 'hold' where layer = 'marts'",
    ],
)
def test_a_build_that_is_not_wholly_green_is_refused(home: Home, ledger: Ledger, damage: str) -> None:
    publication.publish(proved_build(home, "b1"), home, ledger, now=NOW)
    build = proved_build(home, "b2")
    edit_warehouse(build, damage)
    with pytest.raises(ChecksFailed, match="b2"):
        publication.publish(build, home, ledger, now=NOW)
    assert ask(home.published_warehouse, "select build_id from ops.publications") == [("b1",)]
    assert ledger.last_publication().build_id == "b1"


def test_a_warning_does_not_stop_publication(home: Home, ledger: Ledger) -> None:
    build = proved_build(home, "b1")
    edit_warehouse(
        build,
        "insert into marts.data_quality by name"
        " select * replace (false as is_success, 'warn' as effect) from marts.data_quality limit 1",
    )
    assert publication.publish(build, home, ledger, now=NOW).build_id == "b1"


def test_a_period_that_is_to_be_held_back_is_refused_unless_that_very_delivery_was_accepted(
    home: Home, ledger: Ledger
) -> None:
    build = proved_build(home, "b1")
    edit_warehouse(
        build,
        "insert into marts.data_quality by name select * replace (false as is_success, 'hold' as effect, 'aws' as"
        " x_source, '2026-10' as billing_period, 'near' as check_name) from marts.data_quality limit 1",
    )

    def accept(version: str, check: str) -> None:
        results = f'[{{"check_name": "{check}"}}]'
        ledger.record_held([HeldDelivery("aws", "2026-10", version, "rules", NOW, NOW, (), "b0", results)])
        (held,) = [one for one in ledger.held_deliveries() if one.is_open]
        ledger.accept_held(held, by="ada", reason="it is right", now=NOW)

    for version, check in ((None, ""), ("v-b0", "near"), ("v-b1", "another")):
        if version:
            accept(version, check)
        with pytest.raises(ChecksFailed, match="did not pass its checks"):
            publication.publish(build, home, ledger, now=NOW)
    accept("v-b1", "near")
    assert publication.publish(build, home, ledger, now=NOW).build_id == "b1"


def test_a_build_begun_before_another_publication_is_refused(home: Home, ledger: Ledger) -> None:
    publication.publish(proved_build(home, "b1"), home, ledger, now=NOW)
    late = proved_build(home, "b2")
    edit_warehouse(
        late,
        f"attach '{home.published_warehouse}' as basis (read_only); create schema ops;"
        " create table ops.publications as from basis.ops.publications",
    )
    publication.publish(proved_build(home, "b3"), home, ledger, now=NOW)
    with pytest.raises(BuildOvertaken, match=r"begun on b1, but b3 has been published since"):
        publication.publish(late, home, ledger, now=NOW)
    assert publication.read_published(home).build_id == "b3"


@pytest.mark.parametrize("is_complete", [False, True], ids=["begun on nothing", "died before the replacement"])
def test_a_build_that_does_not_say_what_it_was_begun_on_is_refused_by_its_time(
    home: Home, ledger: Ledger, monkeypatch: pytest.MonkeyPatch, is_complete: bool
) -> None:
    early, late = (proved_build(home, build_id_at(NOW + timedelta(minutes=minute))) for minute in (0, 1))
    if is_complete:
        monkeypatch.setattr(publication, "move_over", interrupt)
        with pytest.raises(KeyboardInterrupt):
            publication.publish(early, home, ledger, now=NOW + timedelta(minutes=2))
        monkeypatch.undo()
    publication.publish(late, home, ledger, now=NOW + timedelta(minutes=3))
    with pytest.raises(BuildOvertaken, match="published since"):
        publication.publish(early, home, ledger, now=NOW + timedelta(minutes=4))
    assert publication.read_published(home).build_id == late.build_id
    next_one = proved_build(home, build_id_at(NOW + timedelta(minutes=5)))
    assert publication.publish(next_one, home, ledger, now=NOW + timedelta(minutes=6)).build_id == next_one.build_id


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_build_is_not_begun_on_what_is_not_published_any_more(home: Home, ledger: Ledger) -> None:
    previous = publication.publish(proved_build(home, "b1"), home, ledger, now=NOW)
    publication.publish(proved_build(home, "b2"), home, ledger, now=NOW)
    settings = config.default()
    same = replace(previous, schema_version=SCHEMA_VERSION)
    with pytest.raises(BuildOvertaken, match="begun on b1, but b2 has been published"):
        warehouse.build(home, settings, [], same, now=NOW)


@pytest.mark.parametrize("place", ["build", "published"])
def test_nothing_is_replaced_while_a_write_ahead_log_stands_there(home: Home, ledger: Ledger, place: str) -> None:
    publication.publish(proved_build(home, "b1"), home, ledger, now=NOW)
    build = proved_build(home, "b2")
    beside = home.published_warehouse if place == "published" else Path(build.warehouse_path)
    if place == "published":
        beside.with_name(beside.name + ".wal").write_bytes(b"somebody writes")
        with pytest.raises(PublishedFileInUse, match="open for writing"):
            publication.publish(build, home, ledger, now=NOW)
        beside.with_name(beside.name + ".wal").unlink()
    else:
        # A writer that was killed leaves its log; it is replayed before anything moves.
        script = f"""
            import duckdb, os
            connection = duckdb.connect({str(beside)!r})
            connection.execute("set checkpoint_threshold = '1GB'")
            connection.execute("create table marts.late as select 1 as n")
            os._exit(9)
        """
        subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
        assert beside.with_name(beside.name + ".wal").exists()
    publication.publish(build, home, ledger, now=NOW)
    assert publication.read_published(home).build_id == "b2"
    if place == "build":
        assert ask(home.published_warehouse, "select n from marts.late") == [(1,)]


def test_readers_never_wait_and_never_see_half(home: Home, ledger: Ledger) -> None:
    months = [f"2026-{month:02d}" for month in range(1, 9)]
    builds: list[Build] = []
    for number, _ in enumerate(months, start=1):
        builds.append(proved_build(home, f"b{number}", (months[number - 1],), kept=builds[-1] if builds else None))
    publication.publish(builds[0], home, ledger, now=NOW)
    with reading(home.published_warehouse, readers=2, pause=0) as seen:
        for build in builds[1:]:
            publication.publish(build, home, ledger, now=NOW)
    assert [each[-1] for each in seen] == ["b8", "b8"]
    assert all(each == sorted(each) for each in seen)


def test_lake_builds_go_only_when_nothing_kept_names_them_and_a_day_has_passed(home: Home, ledger: Ledger) -> None:
    first = proved_build(home, "b1", ("2026-09", "2026-10"))
    publication.publish(first, home, ledger, now=NOW)
    # b2 restates October: of b1 only September is still named. b3 restates September too.
    second = proved_build(home, "b2", ("2026-10",), kept=first)
    publication.publish(second, home, ledger, now=NOW + timedelta(hours=30))
    third = proved_build(home, "b3", ("2026-09",), kept=second)
    abandoned = make_build(home, "b0", ("2026-08",))
    long_ago = (NOW - timedelta(days=3)).timestamp()
    for path in [*home.lake.rglob("*"), *home.builds.rglob("*")]:
        os.utime(path, (long_ago, long_ago))
    newest = Retention(publications=1)
    publication.publish(third, home, ledger, now=NOW + timedelta(hours=40), retention=newest)

    def lake_builds() -> set[str]:
        return {folder.name for folder in home.lake.glob("focus_costs/*")}

    assert lake_builds() == {"build=b1", "build=b2", "build=b3"}
    assert not Path(abandoned.warehouse_path).exists()
    fourth = proved_build(home, "b4", ("2026-07",), kept=third)
    publication.publish(fourth, home, ledger, now=NOW + timedelta(hours=65), retention=newest)
    # b1 was replaced 35 hours ago: it can be opened no more, but its files stay for another day.
    assert lake_builds() == {"build=b1", "build=b2", "build=b3", "build=b4"}
    publication.publish(fourth, home, ledger, now=NOW + timedelta(hours=90), retention=newest)
    assert lake_builds() == {"build=b2", "build=b3", "build=b4"}
    assert ask(home.published_warehouse, "select count(distinct billing_period) from marts.focus_costs") == [(3,)]


def test_the_copy_stands_alone(home: Home, ledger: Ledger, tmp_path: Path) -> None:
    build = proved_build(home, "b1")
    edit_warehouse(
        build,
        "create schema focus_1_2;"
        " create view focus_1_2.costs as select billed_cost as BilledCost from marts.focus_costs",
    )
    edit_warehouse(
        build,
        "comment on view marts.focus_costs is 'One row per charge';"
        " comment on column marts.daily_spend.team is 'Who pays'",
    )
    edit_warehouse(
        build,
        "create macro marts.spend_until(day) as table"
        " select sum(billed_cost) as billed_cost from marts.daily_spend where charge_date <= day;"
        " comment on macro table marts.spend_until is 'What was spent by then'",
    )
    publication.publish(build, home, ledger, now=NOW)
    to = tmp_path / "copies" / "company.duckdb"
    for _ in range(2):
        publication.copy_self_contained(home, to)
    home.lake.rename(home.root / "elsewhere")
    assert ask(
        to, "select count(*), sum(BilledCost) = (select sum(billed_cost) from marts.daily_spend) from focus_1_2.costs"
    ) == [(40, True)]
    assert ask(to, "select comment from duckdb_tables() where table_name = 'focus_costs'") == [("One row per charge",)]
    assert ask(
        to, "select comment from duckdb_columns() where table_name = 'daily_spend' and column_name = 'team'"
    ) == [("Who pays",)]
    assert ask(to, "from marts.spend_until(date '2026-10-02')") == [(4,)]
    assert ask(to, "select comment from duckdb_functions() where function_name = 'spend_until'") == [
        ("What was spent by then",)
    ]
    assert sorted(path.name for path in to.parent.iterdir()) == ["company.duckdb"]


def test_what_is_not_there_cannot_be_copied_or_published(home: Home, ledger: Ledger, tmp_path: Path) -> None:
    assert publication.read_published(home) is None
    with pytest.raises(NothingPublished, match="mlspend run"):
        publication.copy_self_contained(home, tmp_path / "copy.duckdb")
    build = proved_build(home, "b1")
    Path(build.warehouse_path).unlink()
    with pytest.raises(NothingProved, match="b1"):
        publication.publish(build, home, ledger, now=NOW)
