"""Two landings, builds, an analyst and whoever writes state, all at once: no lock errors, no lost rows."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.ledger import Ledger
from tests.focus_csv import focus_line, write_focus_csv
from tests.killing import Ended, Order, mlspend
from tests.postgres_server import running_postgres
from tests.readers import reading
from tests.small_company import write_export

CONFIG = """\
company: Small
sources:
  - {name: aws, provider: aws, location: exports}
  - {name: cloud, provider: other, location: cloud}
digest: {channel: "#all"}
"""
OVERTAKEN = r"was begun .*, (but|and would take that back)"
LINES = 40
# What a clean-up does to the state store: it claims, records and gives back, in transactions of milliseconds.
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger

name, stop, written = sys.argv[1], Path(sys.argv[2]), 0
now = datetime.now(UTC)
with Ledger.open(Home.from_environment()) as ledger:
    while not stop.exists():
        key = f"{name}/{written}"
        assert ledger.claim_message(key, kind="action", destination=name, now=now)
        ledger.record_message_sent(key, reference=str(written), now=now)
        assert ledger.claim_message("given back/" + key, kind="action", destination=name, now=now)
        assert ledger.release_message("given back/" + key)
        written += 1
print(written)
"""


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, home: Home) -> dict[str, str]:
    """What the processes of one company share; its state store is new."""
    (home.root / "mlspend.yml").write_text(CONFIG)
    url = ""
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgres")
        name = f"state_{request.node.originalname}"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"create database {name}"))
        engine.dispose()
        url = server.removesuffix("postgres") + name
    return {
        "MLSPEND_HOME": str(home.root),
        "MLSPEND_CONFIG": str(home.root / "mlspend.yml"),
        "MLSPEND_STATE_URL": url,
        "MLSPEND_SLACK_TOKEN": "",
        "PYTHONPATH": os.pathsep.join([str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins")]),
    }


def deliver(home: Home, number: int) -> None:
    """Deliver two months of aws and one of cloud, in their version `number`: they cost more each time."""
    for period in ("2026-09", "2026-10"):
        write_export(home, period, f"exec-{number}", lines=LINES, cost=number)
    write_focus_csv(
        home.root / "cloud" / "10.csv", [focus_line("2026-10", 1 + day, str(number)) for day in range(LINES // 2)]
    )


def expected(number: int) -> list[tuple[str, str, Decimal]]:
    aws = LINES * number + Decimal(sum(range(LINES))) / 1000
    return [("aws", "2026-09", aws), ("aws", "2026-10", aws), ("cloud", "2026-10", Decimal(LINES // 2 * number))]


def published(home: Home) -> list[tuple[str, str, Decimal]]:
    with duckdb.connect(str(home.published_warehouse), read_only=True) as connection:
        return connection.sql(
            "select x_source, billing_period, sum(billed_cost) from marts.daily_spend group by all order by all"
        ).fetchall()


class Writers:
    """Processes that write state until they are stopped."""

    def __init__(self, environment: dict[str, str], stop: Path, names: tuple[str, ...]) -> None:
        self.stop = stop
        self.running = {
            name: subprocess.Popen(
                [sys.executable, "-c", WRITER, name, str(stop)],
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for name in names
        }

    def finish(self) -> dict[str, int]:
        """Stop them and return how many messages each has sent."""
        self.stop.touch()
        sent = {}
        for name, process in self.running.items():
            out, err = process.communicate(timeout=120)
            assert process.returncode == 0, err
            sent[name] = int(out)
        return sent


def run_at_once(environment: dict[str, str], *commands: tuple[str, ...]) -> list[Ended]:
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda words: mlspend(*words, order=Order(), environment=environment), commands))


def assert_nothing_is_lost(home: Home, environment: dict[str, str], sent: dict[str, int]) -> None:
    with Ledger(environment["MLSPEND_STATE_URL"] or home.state_url) as ledger:
        rows = ledger.messages()
    for name, count in sent.items():
        assert count > 0
        written = [row for row in rows if row["destination"] == name]
        assert sorted(int(row["reference"]) for row in written) == list(range(count))


def test_landings_and_writers_of_state_at_once(home: Home, environment: dict[str, str], tmp_path: Path) -> None:
    """The first round also makes the state store, in all processes at once."""
    rounds = 4
    writers = Writers(environment, tmp_path / "stop", ("one", "two"))
    for number in range(1, rounds + 1):
        deliver(home, number)
        for ended in run_at_once(environment, ("land", "aws"), ("land", "aws"), ("land", "cloud"), ("land",)):
            assert ended.status == 0, ended.said
    assert_nothing_is_lost(home, environment, writers.finish())
    with Ledger(environment["MLSPEND_STATE_URL"] or home.state_url) as ledger:
        receipts = ledger.current_receipts()
        found = [
            (one.delivery.source, one.delivery.period, sum(each.billed_cost for each in one.control_totals))
            for one in receipts
        ]
        assert found == expected(rounds)
        statuses = [row["status"] for row in ledger.deliveries()]
        assert (statuses.count("landed"), statuses.count("superseded")) == (3, 3 * (rounds - 1))
    assert all((home.landing / file).exists() for one in receipts for file in one.landed_files)
    assert [path.name for path in (home.landing / ".incoming").iterdir()] == ["lock"]


def test_landings_and_builds_at_once_under_a_reader(home: Home, environment: dict[str, str], tmp_path: Path) -> None:
    """Of two builds each is right or refused as overtaken; what readers open is always one whole state."""
    deliver(home, 1)
    for ended in run_at_once(environment, ("run",)):
        assert ended.status == 0, ended.said
    assert published(home) == expected(1)
    deliver(home, 2)
    writers = Writers(environment, tmp_path / "stop", ("one",))
    with reading(home.published_warehouse):
        built = run_at_once(environment, ("run",), ("run",), ("land", "aws"), ("land", "aws"), ("land", "cloud"))
        for ended in built:
            assert ended.status == 0 or re.search(OVERTAKEN, ended.said), ended.said
        assert any(ended.status == 0 for ended in built[:2])
        [last] = run_at_once(environment, ("run",))
        assert last.status == 0, last.said
    assert published(home) == expected(2)
    assert_nothing_is_lost(home, environment, writers.finish())
