"""`mlspend config check` asks the published bill whether each rule matches anything of it."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.cli import app

RULES = """
rules:
  - {id: nat, when: {usage_type: NatGateway}, project: ml-platform}
  - {id: of-everybody, when: {sources: [aws], charge_categories: [usage, tax]}, project: ml-platform}
  - {id: typing-error, when: {usage_type: NatGatewy}, project: ml-platform}
  - {id: nobodys-tag, when: {tags: {colour: [red]}}, project: forecasting}
  - {id: over-before-anything, when: {usage_type: Nowhere}, project: forecasting, valid_to: 2020-01-01}
  - {id: not-in-october, when: {charge_categories: [Tax], services: [Nothing]}, ml_stage: data, valid_from: 2026-11-01}
"""


def test_a_rule_that_matches_nothing_is_a_warning_with_the_count(
    example_warehouse: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLSPEND_HOME", str(example_warehouse.root))
    path = tmp_path / "mlspend.yml"
    example = (PROJECT_ROOT / "config" / "mlspend.yml").read_text()
    text = re.sub(r"\nrules:\n.*?\n\n", f"{RULES}\n", example, flags=re.DOTALL)
    # Shared costs without the rules that fill them would be an error.
    text = re.sub(r"\nshared_costs:\n.*?\n\n", "\n\n", text, flags=re.DOTALL)
    path.write_text(text)
    line_of = {rule: 1 + text[: text.index(f"id: {rule},")].count("\n") for rule in ("typing-error", "nobodys-tag")}
    result = CliRunner().invoke(app, ["config", "check", str(path), "--json"])
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["is_valid"], told["problems"]) == (True, [])
    [lines] = _ask(example_warehouse, "select count(*) from marts.focus_costs")
    assert [(one["line"], one["key"], one["message"].partition(", in")[0]) for one in told["warnings"]] == [
        (
            line_of[rule],
            f"rules[{at}].when",
            f"matches nothing: rule '{rule}' was asked of {lines:,} published lines",
        )
        for at, rule in [(2, "typing-error"), (3, "nobodys-tag")]
    ]


def _ask(home: Home, sql: str) -> list[int]:
    from mlspend.adapters.warehouse_query import query_published

    return [value for row in query_published(home, sql) for value in row.values()]
