"""`mlspend gates`: what is red, and taking a held delivery as right."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner, Result

from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.cli import app
from mlspend.core.gates import HeldDelivery

SINCE = datetime.now(UTC) - timedelta(hours=2)
SENTENCE = "charge_date_near_period: 3 unexpected."
RESULTS = '[{"layer": "landing", "check_name": "charge_date_near_period"}]'


def mlspend(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def company(home: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    file = home.root / "mlspend.yml"
    file.write_text(
        "company: Small\nsources: [{name: aws, provider: aws, location: exports}]\n"
        "gates: {data_docs_url: https://finops.northwind.example/data_docs}\n"
    )
    monkeypatch.setenv("MLSPEND_CONFIG", str(file))
    return home


def test_a_held_period_is_listed_and_accepted_once(company: Home) -> None:
    assert mlspend("gates").exit_code == 0
    (company.data_docs / "b2").mkdir(parents=True)
    (company.data_docs / "b2" / "index.html").write_text("pages")
    with Ledger.open(company) as ledger:
        ledger.record_held([HeldDelivery("aws", "2026-10", "v2", "rules", SINCE, SINCE, (SENTENCE,), "b2", RESULTS)])
    shown = mlspend("gates")
    assert shown.exit_code == 1
    command = "mlspend gates accept aws 2026-10 --version v2 --by NAME --reason TEXT"
    for words in ("aws", "2026-10", "schema", "nothing", SENTENCE, "/data_docs/b2/index.html", command):
        assert words in shown.stdout
    [gate] = json.loads(mlspend("gates", "--json").stdout)
    assert (gate["source"], gate["billing_period"], gate["sentences"]) == ("aws", "2026-10", [SENTENCE])
    assert (gate["since"], gate["age_hours"]) == (SINCE.isoformat(), None)
    assert gate["link"] == "https://finops.northwind.example/data_docs/b2/index.html"
    assert "`mlspend gates`" in mlspend("status").stdout

    refused = mlspend("gates", "accept", "aws", "2026-09", "--by", "ada", "--reason", "a prepaid fee")
    assert refused.exit_code == 1
    assert "held back are: aws 2026-10" in refused.stderr
    assert mlspend("gates", "accept", "aws", "2026-10", "--by", "ada", "--reason", " ").exit_code == 2
    who = ("--by", "ada", "--reason", "a prepaid fee")
    # Another version was held while somebody looked at this one's rows.
    refused = mlspend("gates", "accept", "aws", "2026-10", "--version", "v1", *who)
    assert refused.exit_code == 1
    assert "held back is version v2" in refused.stderr
    for until, status in (("tomorrow", 2), ("2020-01-01", 1), ("2999-01-01", 1)):
        assert mlspend("gates", "accept", "aws", "2026-10", *who, "--until", until).exit_code == status
    until = (SINCE + timedelta(days=20)).date().isoformat()
    taken = mlspend("gates", "accept", "aws", "2026-10", "--version", "v2", *who, "--until", until)
    assert taken.exit_code == 0
    assert "version v2 of aws 2026-10 is taken as right" in taken.stdout
    # Readers still see what they saw before.
    shown = mlspend("gates")
    assert shown.exit_code == 1
    assert "ada took it as right" in shown.stdout
    assert "gates accept" not in shown.stdout
    with Ledger.open(company) as ledger:
        [held] = ledger.held_deliveries()
    assert (held.accepted_by, held.accept_reason) == ("ada", "a prepaid fee")
    [acceptance] = json.loads(held.acceptances)
    assert (acceptance["checks"], acceptance["until"]) == (["charge_date_near_period"], until)
    assert mlspend("gates", "accept", "aws", "2026-10", "--by", "ada", "--reason", "again").exit_code == 1
