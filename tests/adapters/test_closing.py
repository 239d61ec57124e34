"""Closing: what is frozen stays, and over all statements each month is charged its bill, to the last digit."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.adapters import closing
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.errors import ClosingRefused, NothingPublished

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
Bill = dict[tuple[str, str, str, str], Decimal]
"""Billed cost by source, billing period, project and currency."""


class _Table:
    def __init__(self, name: str) -> None:
        self.name = name

    def include(self, database: bool) -> str:
        return f"marts.{self.name}"


def sql_of(model: str) -> str:
    """The model as it is, over tables of the schema marts."""
    text = (PROJECT_ROOT / "dbt_project/models/marts" / f"{model}.sql").read_text()
    return jinja2.Environment(autoescape=False).from_string(text).render(config=lambda **_: "", ref=_Table)


def insert(db: duckdb.DuckDBPyConnection, table: str, rows: list[list[Any]]) -> None:
    if rows:
        places = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
        db.execute(f"insert into marts.{table} values {places}", [value for row in rows for value in row])


class Company:
    """A published warehouse made of a bill and of what the ledger has closed, as builds make it."""

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self.home, self.ledger, self.builds = home, ledger, 0

    def publish(self, bill: Bill, *, final_from: str | None = "2026-11-01", is_reconciled: bool = True) -> None:
        self.builds += 1
        file = self.home.published_warehouse
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
        with duckdb.connect(str(file)) as db:
            # One transaction: each would wait for the disk.
            db.execute("begin; create schema marts; create schema ops")
            db.execute(
                """create table marts.monthly_spend (x_source varchar, billing_account_id varchar,
                    billing_period varchar, sub_account_id varchar, service_name varchar, charge_category varchar,
                    project varchar, team varchar, environment varchar, ml_stage varchar, is_shared_cost boolean,
                    billing_currency varchar, billed_cost decimal(38, 12), effective_cost decimal(38, 12))"""
            )
            # Two rows each, one with an empty key: sums must neither lose nor double them.
            rows = [(*key, service, cost) for key, cost in bill.items() for service in (None, "EC2")]
            insert(
                db,
                "monthly_spend",
                [
                    [
                        source,
                        "payer",
                        period,
                        None,
                        service,
                        "Usage",
                        project,
                        "t",
                        "e",
                        "m",
                        False,
                        currency,
                        cost,
                        -cost,
                    ]
                    for source, period, project, currency, service, cost in rows
                ],
            )
            closed = self.ledger.closed_periods()
            db.execute(
                "create table marts.closed_periods (x_source varchar, billing_period varchar, closed_at timestamp,"
                " closed_by varchar, note varchar)"
            )
            insert(
                db,
                "closed_periods",
                [
                    [row["source"], row["billing_period"], row["closed_at"].replace(tzinfo=None), "lars", row["note"]]
                    for row in closed
                ],
            )
            db.execute(
                "create table marts.closed_spend as select x_source, '' as statement_period, billing_period,"
                " billing_account_id, * exclude (x_source, billing_period, billing_account_id)"
                " from marts.monthly_spend limit 0"
            )
            insert(db, "closed_spend", [list(row.values()) for row in self.ledger.closed_spend()])
            db.execute(
                """create table marts.period_finality as
                select distinct x_source, billing_account_id, billing_period, billing_currency,
                    cast(? as date) as final_from, 'reason' as final_reason, 2 as line_count,
                    0 as uninvoiced_line_count, cast(0 as decimal(38, 12)) as uninvoiced_cost
                from marts.monthly_spend""",
                [final_from],
            )
            db.execute(
                """create table marts.reconciliation as
                select distinct x_source, billing_account_id, billing_period, billing_currency,
                    ? as is_reconciled, 0.02 as largest_difference from marts.monthly_spend""",
                [is_reconciled],
            )
            db.execute(f"create view marts.chargeback as {sql_of('chargeback')}")
            db.execute(
                "create table marts.stale_periods (x_source varchar, billing_period varchar, stale_since timestamp,"
                " reasons varchar)"
            )
            db.execute(f"create view marts.billing_periods as {sql_of('billing_periods')}")
            db.execute(
                """create table ops.publications as
                select ? as build_id, '1.2' as schema_version, '' as configuration_hash,
                    timestamp '2026-11-01' as published_at,
                    (select list({'x_source': x_source, 'billing_period': billing_period, 'version': 'v',
                        'has_lines': true, 'rules': 'r1'})
                     from (select distinct x_source, billing_period from marts.monthly_spend)) as partitions,
                    cast([] as varchar[]) as lake_builds, '' as tables_hash, true as is_current""",
                [f"b{self.builds}"],
            )
            db.execute("commit")

    def close(self, period: str, source: str | None = None, note: str | None = None) -> None:
        # Every closing has its own moment.
        moment = NOW + timedelta(seconds=self.builds)
        closing.close(self.home, self.ledger, period, source=source, by="lars", note=note, now=moment)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.published_warehouse), read_only=True) as db:
            return db.execute(query).fetchall()

    def statements(self) -> dict[tuple[str, str], list[tuple[Any, ...]]]:
        """The closed statements, by source and month."""
        found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for row in self.ask("from marts.chargeback where is_closed order by all"):
            found.setdefault((row[0], row[2]), []).append(row)
        return found

    def charged(self) -> Bill:
        rows = self.ask(
            "select x_source, billing_period, project, billing_currency, sum(billed_cost), sum(effective_cost)"
            " from marts.chargeback group by all"
        )
        assert all(row[4] == -row[5] for row in rows)
        return {row[:4]: row[4] for row in rows if row[4]}


@pytest.fixture(scope="module")
def empty_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("state") / "state.db"
    with Ledger(f"sqlite:///{file}") as ledger:
        ledger.migrate()
    return file


@contextmanager
def company_of_its_own(empty_state: Path) -> Iterator[Company]:
    with TemporaryDirectory() as folder:
        shutil.copyfile(empty_state, f"{folder}/state.db")
        with Ledger(f"sqlite:///{folder}/state.db") as ledger:
            yield Company(Home(Path(folder)), ledger)


@pytest.fixture
def company(empty_state: Path) -> Iterator[Company]:
    with company_of_its_own(empty_state) as made:
        yield made


def bill(*costs: tuple[str, str, str], source: str = "aws") -> Bill:
    return {(source, period, project, "USD"): Decimal(cost) for period, project, cost in costs}


def shown(company: Company) -> list[tuple[Any, ...]]:
    return company.ask(
        "select statement_period, billing_period, kind, is_closed, project, sum(billed_cost)"
        " from marts.chargeback group by all order by all"
    )


def test_what_changes_after_the_close_is_charged_in_the_first_open_month(company: Company) -> None:
    company.publish(bill(("2026-09", "a", "10"), ("2026-10", "a", "5")))
    company.close("2026-09")
    # 3 of September move from a to b, and 1 comes on top. (Every amount stands in two rows.)
    company.publish(bill(("2026-09", "a", "7"), ("2026-09", "b", "4"), ("2026-10", "a", "5")))
    assert shown(company) == [
        ("2026-09", "2026-09", "charge", True, "a", Decimal(20)),
        ("2026-10", "2026-09", "adjustment", False, "a", Decimal(-6)),
        ("2026-10", "2026-09", "adjustment", False, "b", Decimal(8)),
        ("2026-10", "2026-10", "charge", False, "a", Decimal(10)),
    ]
    company.close("2026-10")
    # What October has adjusted is not charged again; what comes still later goes to a month without a bill so far.
    company.publish(bill(("2026-09", "a", "7"), ("2026-09", "b", "5"), ("2026-10", "a", "5")))
    assert shown(company)[-1] == ("2026-11", "2026-09", "adjustment", False, "b", Decimal(2))
    assert len(shown(company)) == 5


def test_a_reopened_month_follows_its_bill_again_and_takes_its_adjustments_back(company: Company) -> None:
    company.publish(bill(("2026-09", "a", "10"), ("2026-10", "a", "5")))
    company.close("2026-09")
    company.publish(bill(("2026-09", "a", "8"), ("2026-10", "a", "5")))
    company.close("2026-10")
    with pytest.raises(ClosingRefused, match="reopen 2026-10 first"):
        company.ledger.reopen_period("aws", "2026-09", by="ines", now=NOW)
    company.ledger.reopen_period("aws", "2026-10", by="ines", now=NOW)
    company.publish(bill(("2026-09", "a", "8"), ("2026-10", "a", "6")))
    assert [row[:4] for row in shown(company)] == [
        ("2026-09", "2026-09", "charge", True),
        ("2026-10", "2026-09", "adjustment", False),
        ("2026-10", "2026-10", "charge", False),
    ]
    (logged,) = company.ledger.reopened_periods()
    assert (logged["billing_period"], logged["closed_by"], logged["reopened_by"]) == ("2026-10", "lars", "ines")


def test_a_month_too_old_to_be_kept_stays_charged_as_it_was(company: Company) -> None:
    company.publish(bill(("2026-07", "a", "10"), ("2026-08", "a", "5")))
    company.close("2026-07")
    company.publish(bill(("2026-08", "a", "5")))
    assert [row[:3] for row in shown(company)] == [
        ("2026-07", "2026-07", "charge"),
        ("2026-08", "2026-08", "charge"),
    ]


@pytest.mark.parametrize(
    ("published", "period", "source", "words"),
    [
        ({}, "2026-08", None, "2026-08 is not published; published are 2026-09"),
        ({}, "2026-09", "azure", "of source 'azure' is not published; published are none"),
        ({"is_reconciled": False}, "2026-09", None, "the sums of its USD differ by 0.02"),
        ({"final_from": None}, "2026-09", None, r"is not final \(reason\): wait, or close it with --provisional"),
        ({"final_from": "2026-11-26"}, "2026-09", None, "is final from 2026-11-26"),
    ],
)
def test_what_may_not_be_closed_is_refused_with_what_to_do(
    company: Company, published: dict[str, Any], period: str, source: str | None, words: str
) -> None:
    company.publish(bill(("2026-09", "a", "10")), **published)
    with pytest.raises(ClosingRefused, match=words):
        company.close(period, source)
    assert company.ledger.closed_periods() == []
    assert company.ledger.closed_spend() == []


def test_nothing_is_closed_before_anything_is_published(company: Company) -> None:
    with pytest.raises(NothingPublished):
        company.close("2026-09")


def test_closing_is_all_or_nothing_and_once(company: Company) -> None:
    both = bill(("2026-09", "a", "10")) | bill(("2026-09", "a", "1"), source="gcp")
    company.publish(both, final_from=None)
    company.close("2026-09", "gcp", note="year end")
    company.publish(both)
    # Of gcp it is closed already, so aws stays open too.
    with pytest.raises(ClosingRefused, match="closed already"):
        company.close("2026-09")
    assert [(row["source"], row["note"]) for row in company.ledger.closed_periods()] == [("gcp", "year end")]


def test_a_statement_made_before_another_closing_is_not_frozen(company: Company) -> None:
    first = bill(("2026-08", "a", "1"), ("2026-09", "a", "10"))
    company.publish(first)
    company.close("2026-08")
    with pytest.raises(ClosingRefused, match="run `mlspend build` and `mlspend publish`"):
        company.close("2026-09")
    company.publish(first)
    company.close("2026-09")


cells = st.dictionaries(
    st.tuples(
        st.sampled_from(["aws", "gcp"]), st.sampled_from(MONTHS), st.sampled_from("ab"), st.sampled_from(["USD", "EUR"])
    ),
    st.integers(-(10**20), 10**20).map(lambda quanta: Decimal(quanta).scaleb(-12)),
    min_size=1,
    max_size=8,
)
actions = st.tuples(
    st.sampled_from(["close", "close", "restate", "reopen"]), st.sampled_from(["aws", "gcp"]), st.sampled_from(MONTHS)
)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.tuples(cells, actions), min_size=2, max_size=7))
def test_over_all_statements_a_month_is_charged_its_bill_and_closed_ones_never_change(
    empty_state: Path, history: list[tuple[Bill, tuple[str, str, str]]]
) -> None:
    with company_of_its_own(empty_state) as company:
        frozen: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        # The first month of each source stays billed: what is older than all bills is taken for no longer kept.
        anchor = {(source, MONTHS[0], "c", "USD"): Decimal(1) for source in ("aws", "gcp")}
        for restated, (action, source, period) in history:
            company.publish(restated | anchor)
            expected = {key: 2 * cost for key, cost in (restated | anchor).items() if cost}
            assert company.charged() == expected
            assert company.statements() == frozen
            try:
                if action == "close":
                    company.close(period, source)
                elif action == "reopen":
                    company.ledger.reopen_period(source, period, by="lars", now=NOW)
            except ClosingRefused:
                continue
            if action != "restate":
                company.publish(restated | anchor)
                assert company.charged() == expected
                after = company.statements()
                assert {key: rows for key, rows in after.items() if key != (source, period)} == {
                    key: rows for key, rows in frozen.items() if key != (source, period)
                }
                assert ((source, period) in after) == (action == "close")
                frozen = after
