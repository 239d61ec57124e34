"""The same month again: unchanged, changed, by two exports at once, in any order; down to the published warehouse."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters import pipeline
from mlspend.adapters.config import Config
from mlspend.adapters.config_model import Source
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.deliveries import Receipt
from mlspend.core.errors import ExportsOverlap
from tests.aws_exports import cur2_line, focus_line, write_data_export, write_lines_csv

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)
CONFIG = Config(company="Test", sources=())

pytestmark = pytest.mark.usefixtures("warm_builds")


def tell(_words: str) -> None:
    """Nobody listens."""


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    with Ledger.open(home) as opened:
        yield opened


def land(home: Home, ledger: Ledger, source: str = "aws", now: datetime = NOW) -> list[Receipt]:
    landed = pipeline.land(source, str(home.root / "exports" / source), home, ledger, now=now, tell=tell)
    landed.raise_rejections()
    return list(landed.receipts)


def build_and_publish(home: Home, ledger: Ledger, config: Config = CONFIG) -> bool:
    """Return whether anything was built."""
    made = pipeline.build(home, config, ledger, now=NOW, tell=tell)
    if not made.is_unchanged:
        pipeline.publish(home, ledger, now=NOW, tell=tell)
    return not made.is_unchanged


def ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def lines(count: int = 6, **columns: Any) -> list[dict[str, Any]]:
    return [cur2_line(line_item_unblended_cost=number / 8, **columns) for number in range(count)]


def statuses(ledger: Ledger) -> dict[str, str]:
    return {row["version"]: row["status"] for row in ledger.deliveries()}


def test_the_same_lines_again_rebuild_nothing(home: Home, ledger: Ledger) -> None:
    exports = home.root / "exports" / "aws"
    write_data_export(exports, lines(), execution="e1")
    [first] = land(home, ledger)
    assert build_and_publish(home, ledger)
    assert statuses(ledger) == {"e1": "published"}
    published = home.published_warehouse.read_bytes()
    lake = {path: path.stat().st_mtime_ns for path in home.lake.rglob("*")}

    # AWS delivers again: another execution, other files, another order, the same lines.
    shutil.rmtree(exports)
    write_data_export(exports, list(reversed(lines())), execution="e2", parts=3)
    [second] = land(home, ledger)
    assert (second.same_as, second.landed_files) == ("e1", first.landed_files)
    assert [path.name for path in (home.landing / "aws" / "2026-10" / "e2").iterdir()] == ["receipt.json"]
    assert not pipeline.awaits_publication(home, CONFIG, ledger, now=NOW)
    assert not build_and_publish(home, ledger)
    assert home.published_warehouse.read_bytes() == published
    assert {path: path.stat().st_mtime_ns for path in home.lake.rglob("*")} == lake
    assert statuses(ledger) == {"e1": "superseded", "e2": "published"}
    assert [row["reason"] for row in ledger.deliveries()][1] == "the same lines as e1"

    # A third time: what it repeats is still the first.
    write_data_export(exports, lines(), execution="e3")
    assert [receipt.same_as for receipt in land(home, ledger)] == ["e1"]


@pytest.mark.parametrize(
    "restated",
    [
        lines(resource_tags={"user_project": "fraud"}),
        lines(line_item_resource_id="i-1"),
        # As many lines, the same sum: one line twice, another gone.
        [*lines(3), lines(6)[3], lines(6)[3], cur2_line(line_item_unblended_cost=6 / 8)],
        [{**each, "line_item_net_unblended_cost": 0.5} for each in lines()],
    ],
    ids=["tags", "resource", "other lines, same sum", "a column more"],
)
def test_anything_that_differs_is_a_new_content(home: Home, ledger: Ledger, restated: list[dict[str, Any]]) -> None:
    exports = home.root / "exports" / "aws"
    write_data_export(exports, lines(), execution="e1")
    land(home, ledger)
    shutil.rmtree(exports)
    write_data_export(exports, restated, execution="e2")
    [receipt] = land(home, ledger)
    assert receipt.same_as == ""
    assert list((home.landing / "aws" / "2026-10" / "e2").glob("*.parquet"))
    assert statuses(ledger) == {"e1": "superseded", "e2": "landed"}


def test_a_repeated_delivery_whose_lines_are_gone_is_landed_with_lines_of_its_own(home: Home, ledger: Ledger) -> None:
    exports = home.root / "exports" / "aws"
    write_data_export(exports, lines(), execution="e1")
    land(home, ledger)
    shutil.rmtree(home.landing / "aws" / "2026-10" / "e1")
    write_data_export(exports, lines(), execution="e2")
    assert [receipt.same_as for receipt in land(home, ledger)] == [""]


def test_of_two_exports_of_one_account_the_preferred_counts_and_the_other_is_compared(
    home: Home, ledger: Ledger
) -> None:
    sources = tuple(Source(name=name, provider="aws", location=f"exports/{name}") for name in ("aws", "aws_focus"))
    undecided = Config(company="Test", sources=sources)
    write_data_export(home.root / "exports" / "aws", lines(4), execution="cur")
    write_data_export(
        home.root / "exports" / "aws",
        lines(
            4, bill_billing_period_start_date="2026-09-01 00:00:00", line_item_usage_start_date="2026-09-02 00:00:00"
        ),
        execution="older",
        period="2026-09",
    )
    write_lines_csv(
        home.root / "exports" / "aws_focus" / "f.csv",
        [focus_line(BilledCost="0.50", x_ServiceCode="x"), focus_line(x_ServiceCode="x")],
    )
    land(home, ledger)
    land(home, ledger, "aws_focus")
    with pytest.raises(ExportsOverlap, match=r"2026-10: source 'aws' \(aws_cur2\) and source 'aws_focus' \(.*focus\)"):
        build_and_publish(home, ledger, undecided)
    assert not home.published_warehouse.exists()

    kind = next(row["export_kind"] for row in ledger.deliveries() if row["source"] == "aws_focus")
    costs = "select x_source, billing_period, sum(billed_cost) from marts.daily_spend group by all order by all"
    first = undecided.model_copy(update={"preferred_kinds": ("aws_cur2", kind)})
    build_and_publish(home, ledger, first)
    assert ask(home, costs) == [("aws", "2026-09", Decimal("0.75")), ("aws", "2026-10", Decimal("0.75"))]
    assert ask(
        home, "select source, preferred_source, billed_cost, preferred_billed_cost, difference from ops.shadows"
    ) == [("aws_focus", "aws", Decimal("2.00"), Decimal("0.75"), Decimal("1.25"))]
    assert {row["source"]: row["status"] for row in ledger.deliveries()} == {"aws": "published", "aws_focus": "ignored"}
    assert ask(home, "select distinct source, status, billed_costs from ops.deliveries order by all") == [
        ("aws", "published", {"USD": Decimal("0.75")}),
        ("aws_focus", "ignored", {"USD": Decimal("2.00")}),
    ]

    # The company moves over in the middle of the month: one build takes one out and the other in.
    build_and_publish(home, ledger, undecided.model_copy(update={"preferred_kinds": (kind, "aws_cur2")}))
    assert ask(home, costs) == [("aws", "2026-09", Decimal("0.75")), ("aws_focus", "2026-10", Decimal("2.00"))]
    assert ask(home, "select source, preferred_source from ops.shadows") == [("aws", "aws_focus")]
    assert ask(home, "select bool_and(is_reconciled), count(*) from marts.reconciliation") == [(True, 2)]

    # A source taken out of the configuration does not count any more.
    only_cur = undecided.model_copy(update={"sources": sources[:1]})
    build_and_publish(home, ledger, only_cur)
    assert ask(home, costs) == [("aws", "2026-09", Decimal("0.75")), ("aws", "2026-10", Decimal("0.75"))]


steps = st.lists(
    st.tuples(st.sampled_from(["2026-09", "2026-10"]), st.integers(1, 3), st.booleans()), min_size=2, max_size=5
)


def deliver(home: Home, period: str, version: int) -> None:
    """Put version 1, 2 or 3 of a month where the export lies; its execution's time tells its age."""
    first = datetime.fromisoformat(f"{period}-01")
    columns = {
        "bill_billing_period_start_date": f"{first}",
        "line_item_usage_start_date": f"{first + timedelta(days=version)}",
        "line_item_usage_end_date": f"{first + timedelta(days=version, hours=1)}",
    }
    # The second version is smaller than the first: months may shrink.
    write_data_export(
        home.root / "exports" / "aws",
        [
            cur2_line(line_item_unblended_cost=version / 8 + number, **columns)
            for number in range((5, 2, 4)[version - 1])
        ],
        period=period,
        execution=f"v{version}",
        at=f"2026-11-0{version}T00:00:00.000Z",
    )


@settings(max_examples=3, deadline=None, derandomize=True)
@given(steps)
def test_any_order_of_deliveries_landings_and_builds_ends_as_the_newest_of_each_landed_once(
    taken: list[tuple[str, int, bool]],
) -> None:
    facts = [
        f"select * from marts.{table} order by all" for table in ("allocated_costs", "daily_spend", "monthly_spend")
    ]
    results = []
    newest = {period: max(version for each, version, _ in taken if each == period) for period, _, _ in taken}
    for plan in (taken, [(period, version, False) for period, version in newest.items()]):
        with tempfile.TemporaryDirectory() as folder:
            home = Home(Path(folder))
            with Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
                ledger.migrate()
                for period, version, is_built in plan:
                    shutil.rmtree(home.root / "exports", ignore_errors=True)
                    deliver(home, period, version)
                    land(home, ledger)
                    if is_built:
                        build_and_publish(home, ledger)
                build_and_publish(home, ledger)
            results.append([ask(home, query) for query in facts])
            assert ask(home, "select bool_and(is_reconciled) from marts.reconciliation") == [(True,)]
    assert results[0] == results[1]


def test_a_version_of_any_spelling_is_built_and_one_without_a_name_is_refused(home: Home, ledger: Ledger) -> None:
    exports = home.root / "exports" / "aws"
    write_data_export(exports, lines(), execution="../../of [mine] *")
    land(home, ledger)
    assert build_and_publish(home, ledger)
    assert ask(home, "select bool_and(is_reconciled) from marts.reconciliation") == [(True,)]
    write_data_export(exports, lines(3), execution=" ")
    landed = pipeline.land("aws", str(exports), home, ledger, now=NOW, tell=tell)
    assert "lacks or misspells executionId" in landed.refusals[0]
    # What was published stays, and readers are told that it is not the newest.
    contents = ask(home, "select * from marts.daily_spend order by all")
    assert build_and_publish(home, ledger)
    assert ask(home, "select * from marts.daily_spend order by all") == contents
    stale = "select distinct is_stale, kind from marts.billing_periods join marts.stale_periods using (x_source)"
    assert ask(home, stale) == [(True, "schema")]


def test_lines_that_somebody_deleted_are_landed_again_and_keep_no_other_month_from_readers(
    home: Home, ledger: Ledger
) -> None:
    exports = home.root / "exports" / "aws"
    write_data_export(exports, lines(), execution="e1")
    land(home, ledger)
    build_and_publish(home, ledger)
    write_data_export(exports, lines(4), execution="e2")
    land(home, ledger)
    shutil.rmtree(home.landing / "aws" / "2026-10" / "e2")
    september = {"bill_billing_period_start_date": "2026-09-01 00:00:00", "line_item_usage_start_date": "2026-09-02"}
    write_data_export(exports, lines(2, **september), execution="s1", period="2026-09")
    hidden = exports.with_name("hidden")
    (exports / "prefix/ml-costs/metadata/BILLING_PERIOD=2026-10").rename(hidden)
    land(home, ledger)
    build_and_publish(home, ledger)
    held = "select billing_period, sum(line_count) from marts.daily_spend group by all order by all"
    assert ask(home, held) == [("2026-09", 2), ("2026-10", 6)]
    hidden.rename(exports / "prefix/ml-costs/metadata/BILLING_PERIOD=2026-10")
    assert [receipt.delivery.version for receipt in land(home, ledger)] == ["e2"]
    build_and_publish(home, ledger)
    assert ask(home, held) == [("2026-09", 2), ("2026-10", 4)]
