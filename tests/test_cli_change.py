"""`mlspend close`, `chargeback`, `rules` and `explain`: what they end with, what they say, and their JSON."""

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.adapters.warehouse_query import query_published
from mlspend.cli import app

CONFIG = PROJECT_ROOT / "config" / "mlspend.yml"


def run(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def answer(*words: str) -> Any:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def published(example_warehouse: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home of its own with the published file and the state of the example; its lake is the example's."""
    root = tmp_path / "home"
    (root / "published").mkdir(parents=True)
    shutil.copy(example_warehouse.published_warehouse, root / "published")
    for file in example_warehouse.root.glob("state.db*"):
        shutil.copy(file, root)
    monkeypatch.setenv("MLSPEND_HOME", str(root))
    monkeypatch.delenv("MLSPEND_STATE_URL", raising=False)
    monkeypatch.setenv("MLSPEND_CONFIG", str(CONFIG))
    return Home(root)


@pytest.fixture
def nothing_published(published: Home) -> None:
    published.published_warehouse.unlink()


def ask(home: Home, query: str) -> dict[str, Any]:
    (row,) = query_published(home, query)
    return row


def test_closing_a_month_and_taking_it_back(published: Home, tmp_path: Path) -> None:
    september, october = answer("close", "--list")
    assert (september["source"], september["billing_period"], october["billing_period"]) == (
        "aws",
        "2026-09",
        "2026-10",
    )
    assert (september["final_from"], september["is_closed"], september["closed_by"]) == ("2026-10-01", False, None)
    assert september["final_reason"] == "every charge stands on an invoice"
    assert (october["is_final"], october["final_from"]) == (False, None)
    assert october["state"].startswith("provisional (")

    refused = run("close", "2026-10")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "account 012345678901 is not final" in refused.stderr
    assert "--provisional REASON" in refused.stderr

    (closed,) = answer("close", "2026-10", "--by", "ines", "--provisional", "year end")
    (version,) = answer("rules", "list")
    assert version["published"] == ["aws 2026-09", "aws 2026-10"]
    assert closed.pop("closed_at").endswith("+00:00")
    assert closed == {
        "source": "aws",
        "billing_period": "2026-10",
        "closed_by": "ines",
        "build_id": "20261104T060000.000000Z",
        "rules": version["version"],
        "note": "year end",
    }
    again = run("close", "2026-10", "--provisional", "year end")
    assert again.exit_code == 1
    assert "closed already: `mlspend close --list`" in again.stderr
    unseen = run("chargeback", "2026-10", "--to", str(tmp_path / "statements"))
    assert unseen.exit_code == 1
    assert "run `mlspend build` and `mlspend publish`" in unseen.stderr
    assert not (tmp_path / "statements").exists()

    reopen = ("close", "2026-10", "--reopen", "--source", "aws")
    assert answer(*reopen, "--by", "tomas") == [{"source": "aws", "billing_period": "2026-10", "reopened_by": "tomas"}]
    assert run(*reopen).exit_code == 1
    # For people too, and nothing of the closing is left.
    result = run("close", "2026-10", "--provisional", "again")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "closed: aws 2026-10")


def test_statements_are_written_and_listed(published: Home, tmp_path: Path) -> None:
    written = answer("chargeback", "2026-10", "--to", str(tmp_path / "statements"))
    charged = ask(
        published, "select sum(billed_cost) as cost from marts.chargeback where statement_period = '2026-10'"
    )["cost"]
    assert sum(Decimal(one["billed_amount"]) for one in written) == round(charged, 2)
    assert {one["status"] for one in written} == {"provisional"}
    assert {one["billing_currency"] for one in written} == {"USD"}
    assert "no invoice yet" in written[0]["note"]
    files = sorted(path.name for path in (tmp_path / "statements").iterdir())
    assert files == sorted(Path(one[kind]).name for one in written for kind in ("csv", "pdf"))
    team = next(one for one in written if one["team"] == "discovery")
    (alone,) = answer("chargeback", "2026-10", "--to", str(tmp_path / "one"), "--team", "discovery")
    assert alone["effective_amount"] == team["effective_amount"]
    shown = run("chargeback", "2026-10", "--to", str(tmp_path / "one"), "--team", "discovery")
    assert f"{Decimal(team['billed_amount']):,}" in shown.stdout


def test_versions_of_the_rules_and_spend_under_them(published: Home) -> None:
    (version,) = answer("rules", "list")
    assert version.keys() == {"version", "first_used_at", "rules", "published"}
    assert [rule["id"] for rule in version["rules"]["rules"]] == ["ml-dumps", "notebooks", "nat", "support"]
    alike = answer("rules", "diff", "published", version["version"][:6])
    assert alike.keys() == {"moves", "changes", "compared", "alike", "closed", "without_lines"}
    assert (alike["compared"], alike["alike"]) == ([], [["aws", "2026-09"], ["aws", "2026-10"]])
    # The file that the example was built by.
    assert answer("rules", "diff", "published", str(CONFIG))["compared"] == []
    spend = answer("rules", "spend", "published", "--period", "2026-09")
    total = ask(published, "select sum(billed_cost) as cost from marts.focus_costs where billing_period = '2026-09'")
    assert sum(Decimal(row["billed_cost"]) for row in spend["rows"]) == total["cost"]
    assert {row["billing_period"] for row in spend["rows"]} == {"2026-09"}
    assert spend["without_lines"] == []


def test_a_cost_is_explained_as_people_write_it(published: Home) -> None:
    query = "select x_line_id, billed_cost from marts.attributed_costs where x_matched_rule_id = 'ml-dumps' limit 1"
    line = ask(published, query)
    told = answer("explain", line["x_line_id"])
    assert told["rule"]["id"] == "ml-dumps"
    assert Decimal(told["cost"]["billed_cost"]) == line["billed_cost"]
    assert told["build_id"] == "20261104T060000.000000Z"
    shown = run("explain", line["x_line_id"])
    assert shown.exit_code == 0
    assert 'rule ml-dumps matched: services: AmazonS3; resource: "-ml-dumps-"\n' in shown.stdout
    assert "tags: none names an environment\n" in shown.stdout
    assert "tags: none names an ML stage\n" in shown.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["close", "2026-08"], "published are 2026-09, 2026-10"),
        (["close", "2026-09", "--source", "azure"], "of source 'azure' is not published"),
        (["close", "2026-09", "--reopen", "--source", "aws"], "is not closed"),
        (["chargeback", "2026-08", "--to", "statements"], "`mlspend close --list` shows which months are published"),
        (["chargeback", "2026-10", "--to", "statements", "--team", "nobody"], "charged are: assistants, discovery"),
        (["rules", "diff", "published", "feedbeef"], "`mlspend rules list`"),
        (["rules", "diff", "published", "published", "--period", "2026-08"], "published are 2026-09, 2026-10"),
        (["rules", "spend", "feedbeef"], "`mlspend rules list`"),
        (["rules", "spend", "published", "--period", "2026-08"], "published are 2026-09, 2026-10"),
        (["rules", "spend", "published", "--publication", "nope"], "`mlspend publications`"),
        (["explain", "zz"], "look it up in marts.allocated_costs"),
        (["explain", ""], "write the x_line_id of a charge"),
    ],
)
def test_what_is_not_there_ends_with_1_and_says_what_is(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert not (tmp_path / "statements").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["close", "2026-09"],
        ["chargeback", "2026-09", "--to", "statements"],
        ["rules", "diff", "published", str(CONFIG)],
        ["rules", "spend", "published"],
        ["explain", "3c4a"],
    ],
)
@pytest.mark.usefixtures("nothing_published")
def test_before_the_first_publication_all_say_what_to_run(words: list[str]) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "run `mlspend run` first" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["close"], "--list"),
        (["close", "2026-13"], "YYYY-MM"),
        (["close", "2026-09", "--reopen"], "--source"),
        (["close", "2026-09", "--provisional", " "], "--provisional"),
        (["chargeback", "2026-10"], "--to"),
        (["chargeback", "2026-1", "--to", "statements"], "YYYY-MM"),
        (["rules", "diff", "published"], "new"),
        (["rules", "spend", "published", "--period", "2026-9"], "YYYY-MM"),
        (["rules", "diff", "published", "published", "--period", "2026-09", "--to", "2026-10"], "--period"),
        (["explain"], "what"),
    ],
)
def test_wrong_use_ends_with_2_and_says_what_is_right(words: list[str], said: str) -> None:
    result = run(*words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
