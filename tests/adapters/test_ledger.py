import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.state_store import StateStore
from mlspend.core.deliveries import ControlTotal, Delivery, ExportFile, Partition, Publication, Receipt
from mlspend.core.errors import ConfigInvalid, StateUnavailable, StateUnknown
from mlspend.core.shadows import Shadow
from tests.postgres_server import running_postgres

NOW = datetime(2026, 11, 3, 6, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'new folder' / 'state.db'}"
    server: str = request.getfixturevalue("postgres")
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"ledger_{abs(hash(tmp_path))}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    engine.dispose()
    return server.removesuffix("postgres") + name


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with Ledger(url) as opened:
        opened.migrate()
        yield opened


def delivery(version: str = "v1", made: datetime = NOW, period: str = "2026-10", source: str = "aws") -> Delivery:
    files = (ExportFile("s3://bills/a.parquet", 10, "etag"), ExportFile("s3://bills/b.parquet", 5))
    return Delivery(source, "aws_cur2", period, version, made, files, "s3://bills/Manifest.json")


def receipt(of: Delivery, currency: str = "USD") -> Receipt:
    total = ControlTotal(date(2026, 10, 1), "000000000007", "000000000008", currency, 3, Decimal("1.000000000001"))
    return Receipt(of, "aws_cur", ("lines-0.parquet",), 3, (total,), tag_keys=("user_project",))


def test_a_landed_delivery_comes_back_as_its_receipt(ledger: Ledger) -> None:
    assert ledger.current_receipts() == []
    ledger.record_seen(delivery(), NOW)
    assert not ledger.is_landed(delivery())
    ledger.record_landed(receipt(delivery()), NOW)
    ledger.record_landed(receipt(delivery()), NOW + timedelta(hours=1))
    assert ledger.is_landed(delivery())
    assert ledger.current_receipts() == [receipt(delivery())]
    [row] = ledger.deliveries()
    assert row["landed_at"] == NOW
    assert (row["status"], row["file_count"], row["byte_count"], row["row_count"]) == ("landed", 2, 15, 3)


def test_the_newest_delivery_counts_in_whatever_order_they_are_landed(ledger: Ledger) -> None:
    old, new = delivery("old", NOW), delivery("new", NOW + timedelta(days=1))
    ledger.record_landed(receipt(new), NOW)
    ledger.record_landed(receipt(old), NOW + timedelta(hours=1))
    other = delivery("x", period="2026-09")
    ledger.record_landed(receipt(other), NOW)
    assert [one.delivery.version for one in ledger.current_receipts()] == ["x", "new"]
    assert {row["version"]: row["status"] for row in ledger.deliveries()} == {
        "x": "landed",
        "new": "landed",
        "old": "ignored",
    }


def test_what_must_be_landed_is_the_newest_not_landed_yet(ledger: Ledger) -> None:
    old, new = delivery("old", NOW), delivery("new", NOW + timedelta(days=1))
    assert ledger.select_to_land([old, new], NOW) == [new]
    assert [row["status"] for row in ledger.deliveries()] == ["seen", "seen"]
    ledger.record_landed(receipt(new), NOW)
    assert ledger.select_to_land([new, old], NOW) == []
    # Content that comes back after another was tried is the newest again.
    again = replace(old, delivered_at=NOW + timedelta(days=2))
    assert ledger.select_to_land([again], NOW) == [again]
    ledger.record_landed(receipt(old), NOW)
    assert ledger.current_receipts() == [receipt(again)]


def test_a_rejected_delivery_says_why_and_changes_nothing_else(ledger: Ledger) -> None:
    ledger.record_landed(receipt(delivery("good")), NOW)
    bad = delivery("bad", NOW + timedelta(days=1))
    ledger.record_rejected(bad, "source 'aws': truncated", NOW)
    ledger.record_rejected(bad, "source 'aws': still truncated", NOW)
    assert [one.delivery.version for one in ledger.current_receipts()] == ["good"]
    assert [(row["status"], row["rejection_reason"]) for row in ledger.deliveries()] == [
        ("landed", None),
        ("rejected", "source 'aws': still truncated"),
    ]
    assert ledger.select_to_land([bad], NOW) == [bad]


def test_currencies_are_kept_per_source_and_account(ledger: Ledger) -> None:
    ledger.record_landed(receipt(delivery()), NOW)
    ledger.record_landed(receipt(delivery(source="other"), "EUR"), NOW)
    assert ledger.currencies("aws") == {"000000000007": "USD"}
    assert ledger.currencies("other") == {"000000000007": "EUR"}
    assert ledger.currencies("none") == {}


def test_a_source_is_watched_from_the_first_time_it_is_asked_about(ledger: Ledger) -> None:
    def watch(number: int) -> datetime:
        moment: datetime = ledger.watch(["aws"], NOW + timedelta(hours=number))["aws"]["watched_since"]
        return moment

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(watch, range(6)))) == 1
    assert ledger.watch([], NOW) == {}
    ledger.record_look("aws", NOW + timedelta(days=1))
    ledger.record_look("aws", NOW + timedelta(days=2))
    ledger.record_look("other", NOW)
    found = ledger.watch(["aws", "other", "new"], NOW + timedelta(days=3))
    assert {name: row["looked_at"] for name, row in found.items()} == {
        "aws": NOW + timedelta(days=2),
        "other": NOW,
        "new": None,
    }
    assert found["aws"]["watched_since"] < NOW + timedelta(hours=6)
    assert (found["other"]["watched_since"], found["new"]["watched_since"]) == (NOW, NOW + timedelta(days=3))


def test_publications_are_remembered_in_order_and_once(ledger: Ledger) -> None:
    assert ledger.last_publication() is None
    first = Publication("b1", "1.0", "hash", NOW, (Partition("aws", "2026-10", "v1"),), ("b1",))
    second = replace(first, build_id="b2", lake_builds=("b1", "b2"))
    for publication in (first, second, second):
        ledger.record_publication(publication)
    assert ledger.last_publication() == second
    assert ledger.publications() == [second, first]


def test_a_message_is_claimed_once(ledger: Ledger) -> None:
    def claim(_: int) -> bool:
        return ledger.claim_message("digest/1", kind="digest", destination="#a", now=NOW)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(claim, range(8))) == [False] * 7 + [True]
    assert ledger.message("digest/1") is not None
    assert ledger.release_message("digest/1")
    assert ledger.message("digest/1") is None
    assert claim(0)
    ledger.record_message_sent("digest/1", reference="C1/123.4", now=NOW)
    ledger.record_message_sent("digest/1", reference="C1/999.9", now=NOW)
    assert not ledger.release_message("digest/1")
    assert not claim(0)
    [message] = ledger.messages()
    assert (message["sent_at"], message["reference"], message["destination"]) == (NOW, "C1/123.4", "#a")


def test_the_parts_of_a_thread_are_planned_with_their_message_and_go_with_it(ledger: Ledger) -> None:
    about = {"kind": "digest", "destination": "#a", "now": NOW}
    assert ledger.claim_message("digest/1", **about, parts=["digest/1/reply/1", "digest/1/chart"])
    # Whoever comes later plans nothing more.
    assert not ledger.claim_message("digest/1", **about, parts=["digest/1/reply/2"])
    assert {row["message_key"]: row["reference"] for row in ledger.messages()} == {
        "digest/1": None,
        "digest/1/reply/1": "not begun",
        "digest/1/chart": "not begun",
    }
    ledger.release_message("digest/1", ["digest/1/reply/1", "digest/1/chart"])
    assert ledger.messages() == []


def test_what_was_begun_is_taken_over_by_one(ledger: Ledger) -> None:
    ledger.claim_message("digest/1", kind="digest", destination="#a", now=NOW, parts=["digest/1/chart"])
    for key in ("digest/1", "digest/1/chart"):
        known = ledger.message(key)
        assert known

        def take(minutes: int, known: dict[str, Any] = known) -> bool:
            return ledger.take_message(known, NOW + timedelta(minutes=minutes))

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(take, range(5, 9))) == 1
        taken = ledger.message(key)
        assert taken
        assert (taken["claimed_at"] > NOW, taken["reference"]) == (True, None)
        ledger.put_back_message(key)
        back = ledger.message(key)
        assert back
        assert back["reference"] == "not begun"
        ledger.record_message_sent(key, reference="C1/1.0", now=NOW)
        ledger.put_back_message(key)
        assert not ledger.take_message(back, NOW)
        assert (ledger.message(key) or {})["reference"] == "C1/1.0"


def test_a_request_of_slack_is_taken_once_and_forgotten_in_time(ledger: Ledger) -> None:
    def take(request: str, minutes: int) -> bool:
        now = NOW + timedelta(minutes=minutes)
        return ledger.take_slack_request(request, now=now, forget_before=now - timedelta(hours=1))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(take, ["click/a"] * 8, [0] * 8)) == 1
    assert take("click/b", 59)
    assert not take("click/a", 60)
    assert take("click/c", 61)
    assert take("click/a", 62)
    assert not take("click/b", 63)


# As version 0.1 wrote it: without `fault` and `same_as`.
FIRST_RECEIPT = """{
 "delivery": {
  "source": "aws", "export_kind": "aws_cur2", "period": "2026-10", "version": "v1",
  "delivered_at": "2026-11-03 06:00:00+00:00",
  "files": [
   {"uri": "s3://bills/a.parquet", "size": 10, "etag": "etag"}, {"uri": "s3://bills/b.parquet", "size": 5, "etag": null}
  ],
  "manifest_uri": "s3://bills/Manifest.json", "selects_period": false
 },
 "shape": "aws_cur", "landed_files": ["lines-0.parquet"], "row_count": 3,
 "control_totals": [
  {
   "charge_date": "2026-10-01", "billing_account_id": "000000000007", "sub_account_id": "000000000008",
   "billing_currency": "USD", "row_count": 3, "billed_cost": "1.000000000001"
  }
 ],
 "tag_keys": ["user_project"], "absent_columns": [], "extra_columns": [], "rejected_rows": {}
}"""
FIRST_ROWS: dict[str, list[dict[str, object]]] = {
    "deliveries": [
        {"version": "v1", "landed_at": NOW, "row_count": 3, "receipt": FIRST_RECEIPT},
        {"version": "v2", "rejected_at": NOW, "rejection_reason": "truncated"},
        {"version": "v3"},
    ],
    "billing_currencies": [
        {"source": "aws", "billing_account_id": "000000000007", "billing_currency": "USD", "recorded_at": NOW}
    ],
    "publications": [
        {
            "build_id": "b1",
            "schema_version": "1.0",
            "configuration_hash": "hash",
            "published_at": NOW,
            "partitions": '[{"x_source": "aws", "billing_period": "2026-10", "version": "v1"}]',
            "lake_builds": '["b1"]',
        }
    ],
    "messages": [
        {"message_key": "digest/1", "kind": "digest", "destination": "#a", "claimed_at": NOW, "sent_at": NOW},
        {"message_key": "digest/2", "kind": "digest", "destination": "#a", "claimed_at": NOW},
    ],
}


def write_first_state(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill a state store of version 0.1."""
    upgrade = command.upgrade
    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0001"))
        StateStore(url).migrate()
    common = {"source": "aws", "billing_period": "2026-10", "export_kind": "aws_cur2", "seen_at": NOW}
    sizes = {"file_count": 2, "byte_count": 15}
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    assert set(inspector.get_table_names()) == {*FIRST_ROWS, "mlspend_version"}
    assert "manifest_uri" not in {column["name"] for column in inspector.get_columns("deliveries")}
    with engine.begin() as connection:
        for table, rows in FIRST_ROWS.items():
            for number, row in enumerate(rows):
                made = NOW + timedelta(days=number)
                values = {**common, **sizes, "delivered_at": made, **row} if table == "deliveries" else row
                naive = {
                    name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
                    for name, value in values.items()
                }
                columns = [sa.column(name, sa.DateTime() if name.endswith("_at") else None) for name in naive]
                connection.execute(sa.insert(sa.table(table, *columns)).values(naive))
    engine.dispose()


def test_the_state_of_the_first_version_is_taken_over(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_first_state(url, monkeypatch)
    with Ledger(url) as ledger:
        ledger.migrate()
        assert ledger.current_receipts() == [receipt(delivery())]
        assert ledger.receipt(delivery()) == receipt(delivery())
        assert [
            (row["version"], row["status"], row["delivered_at"], row["landed_at"], row["rejection_reason"])
            for row in ledger.deliveries()
        ] == [
            ("v1", "published", NOW, NOW, None),
            ("v2", "rejected", NOW + timedelta(days=1), None, "truncated"),
            ("v3", "seen", NOW + timedelta(days=2), None, None),
        ]
        assert {(row["file_count"], row["byte_count"]) for row in ledger.deliveries()} == {(2, 15)}
        assert ledger.currencies("aws") == {"000000000007": "USD"}
        partition = Partition("aws", "2026-10", "v1", has_lines=True)
        assert ledger.publications() == [Publication("b1", "1.0", "hash", NOW, (partition,), ("b1",))]
        assert [(row["message_key"], row["claimed_at"], row["sent_at"]) for row in ledger.messages()] == [
            ("digest/1", NOW, NOW),
            ("digest/2", NOW, None),
        ]
        assert not ledger.claim_message("digest/1", kind="digest", destination="#a", now=NOW)
        assert ledger.dead_letters() == []
        assert set(ledger.watch(["aws"], NOW)) == {"aws"}
        # What is new is written beside what is old.
        ledger.record_landed(replace(receipt(delivery("v3", NOW + timedelta(days=2))), same_as="v1"), NOW)
        assert [one.content_version for one in ledger.current_receipts()] == ["v1"]
        second = Publication("b2", "1.1", "hash", NOW, (replace(partition, has_lines=False),), ("b1", "b2"))
        ledger.record_publication(second)
        assert [one.build_id for one in ledger.publications()] == ["b2", "b1"]
        assert ledger.last_publication() == second


def test_several_processes_may_start_at_once(url: str) -> None:
    def start(number: int) -> None:
        with Ledger(url) as opened:
            opened.migrate()
            opened.record_seen(delivery(f"v{number}"), NOW)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))
    with Ledger(url) as opened:
        assert len(opened.deliveries()) == 6


def test_a_failed_transaction_leaves_nothing_behind(ledger: Ledger) -> None:
    broken = receipt(delivery(), currency="USD")
    total = replace(broken.control_totals[0], billing_currency=None)  # type: ignore[arg-type]
    with pytest.raises(sa.exc.IntegrityError):
        ledger.record_landed(replace(broken, control_totals=(total,)), NOW)
    assert ledger.deliveries() == []


def test_the_home_keeps_its_ledger_in_sqlite(home: Home) -> None:
    with Ledger.open(home) as opened:
        opened.record_seen(delivery(), NOW)
    assert (home.root / "state.db").exists()
    with Ledger.open(home) as opened:
        assert len(opened.deliveries()) == 1


def test_another_writer_is_waited_for_and_named_when_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlspend.adapters.state_store._BUSY_SECONDS", 0)
    path = tmp_path / "state.db"
    with Ledger(f"sqlite:///{path}") as opened:
        opened.migrate()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("begin immediate")
        # Readers do not wait for the writer.
        assert opened.deliveries() == []
        with pytest.raises(StateUnavailable, match="locked"):
            opened.record_seen(delivery(), NOW)
        other.close()
        opened.record_seen(delivery(), NOW)


def test_tables_of_a_newer_mlspend_are_left_alone(ledger: Ledger, url: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("update mlspend_version set version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StateUnknown, match="another version of mlspend"):
        ledger.migrate()


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "not a url hunter2", "oracle+x://hunter2"])
def test_an_unusable_url_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ConfigInvalid, match="MLSPEND_STATE_URL") as raised:
        Ledger(url)
    assert "hunter2" not in str(raised.value)


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(StateUnavailable) as raised:
        Ledger("postgresql://ada:hunter2@127.0.0.1:1/mlspend").migrate()
    assert "127.0.0.1:1/mlspend" in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_delivery_is_followed_to_publication(ledger: Ledger) -> None:
    first, again = delivery("v1"), delivery("v2", NOW + timedelta(hours=8))
    ledger.record_landed(receipt(first), NOW)
    partition = Partition("aws", "2026-10", "v1")
    ledger.record_built([partition], NOW + timedelta(minutes=1))
    assert [row["status"] for row in ledger.deliveries()] == ["built"]
    ledger.record_publication(Publication("b1", "1.0", "hash", NOW + timedelta(minutes=2), (partition,), ("b1",)))
    ledger.record_built([partition], NOW + timedelta(hours=1))
    [row] = ledger.deliveries()
    assert (row["status"], row["reason"], row["billed_costs"]) == ("published", "", {"USD": Decimal("1.000000000001")})
    assert (row["built_at"], row["published_at"]) == (NOW + timedelta(minutes=1), NOW + timedelta(minutes=2))
    assert row["manifest_uri"] == "s3://bills/Manifest.json"
    ledger.record_landed(replace(receipt(again), same_as="v1"), NOW + timedelta(hours=9))
    assert [(row["status"], row["reason"]) for row in ledger.deliveries()] == [
        ("superseded", f"replaced by v2 of {NOW + timedelta(hours=8):%Y-%m-%d %H:%M:%S}"),
        ("published", "the same lines as v1"),
    ]
    assert [one.content_version for one in ledger.current_receipts()] == ["v1"]


def test_what_may_pass_by_itself_is_not_rejected(ledger: Ledger) -> None:
    ledger.record_rejected(delivery(), "busy", NOW, is_final=False)
    assert [(row["status"], row["reason"]) for row in ledger.deliveries()] == [("seen", "to be tried again: busy")]
    ledger.record_rejected(delivery(), "torn", NOW)
    assert [(row["status"], row["reason"]) for row in ledger.deliveries()] == [("rejected", "torn")]
    ledger.record_rejected(delivery(), "busy", NOW, is_final=False)
    assert [row["status"] for row in ledger.deliveries()] == ["seen"]


def test_shadows_are_remembered_until_others_are(ledger: Ledger) -> None:
    counts, other = receipt(delivery(source="cur")), receipt(delivery(source="focus"))
    ledger.record_landed(counts, NOW)
    ledger.record_landed(other, NOW)
    for shadow in (Shadow(other, counts), Shadow(other, counts), Shadow(counts, other)):
        ledger.record_shadows([shadow])
        assert ledger.shadows() == [shadow]
        ignored = [row["source"] for row in ledger.deliveries() if row["status"] == "ignored"]
        assert ignored == [shadow.receipt.delivery.source]
    ledger.record_shadows([])
    assert ledger.shadows() == []
    assert {row["status"] for row in ledger.deliveries()} == {"landed"}


def test_a_dead_letter_is_kept_once_with_its_body_and_its_first_reason(ledger: Ledger) -> None:
    assert ledger.dead_letters() == []
    ledger.record_dead_letter("aws", "message-1", "no JSON", "the body is no JSON", NOW)
    ledger.record_dead_letter("aws", "message-1", "no JSON", "another reason", NOW + timedelta(minutes=15))
    ledger.record_dead_letter("hub", "message-2", "{}", "no notification", NOW)
    told = [(row["source"], row["message_id"], row["reason"], row["body"]) for row in ledger.dead_letters()]
    assert told == [
        ("aws", "message-1", "the body is no JSON", "no JSON"),
        ("hub", "message-2", "no notification", "{}"),
    ]
    assert ledger.dead_letters()[0]["received_at"] == NOW


def test_a_dead_letter_shows_what_the_state_store_does_not_take(ledger: Ledger) -> None:
    ledger.record_dead_letter("aws", "message-1", '{"\ud800é": "\0"}', "its key is \ud800\0", NOW)
    [letter] = ledger.dead_letters()
    assert (letter["body"], letter["reason"]) == (r'{"\ud800é": "\x00"}', r"its key is \ud800\x00")


def test_what_names_the_same_rows_in_another_order_does_not_lock_itself_out(ledger: Ledger) -> None:
    accounts = [f"{number:012d}" for number in range(40)]
    months = [f"2026-{month:02d}" for month in (9, 10)]

    def receipt_of(period: str) -> Receipt:
        one = receipt(delivery(period=period))
        named = accounts if period == months[0] else accounts[::-1]
        return replace(
            one, control_totals=tuple(replace(one.control_totals[0], billing_account_id=each) for each in named)
        )

    def record(period: str) -> None:
        partitions = [Partition("aws", month, "v1") for month in months]
        for _ in range(25):
            ledger.record_landed(receipt_of(period), NOW)
            ledger.record_built(partitions if period == months[0] else partitions[::-1], NOW)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(record, months))
    assert set(ledger.currencies("aws")) == set(accounts)


def test_a_lost_ledger_is_filled_again_whole_or_not_at_all(ledger: Ledger) -> None:
    def landed() -> Iterator[tuple[Receipt, datetime]]:
        yield receipt(delivery(period="2026-09")), NOW
        yield receipt(delivery(period="2026-10")), NOW

    def dying() -> Iterator[tuple[Receipt, datetime]]:
        yield receipt(delivery(period="2026-09")), NOW
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.fill_again(dying())
    assert ledger.is_empty()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ledger.fill_again(landed()), range(4)))
    assert [one.delivery.period for one in ledger.current_receipts()] == ["2026-09", "2026-10"]
    ledger.fill_again([(receipt(delivery("other", NOW + timedelta(days=1))), NOW)])
    assert [one.delivery.version for one in ledger.current_receipts()] == ["v1", "v1"]
