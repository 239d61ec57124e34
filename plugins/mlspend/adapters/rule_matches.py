"""Ask the published bill whether the rules of a configuration, proposed ones too, match anything of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from mlspend.adapters import dbt, landing_folder
from mlspend.adapters.build_plan import plan_rules
from mlspend.adapters.config import Config
from mlspend.adapters.home import Home
from mlspend.adapters.warehouse_query import query_published
from mlspend.adapters.yaml_lines import Place


def find_idle_rules(home: Home, config: Config) -> Iterator[tuple[Place, str]]:
    """Give the place of every rule that matches no published line on its days, and how many it was asked of.

    Tags and earlier rules are left aside: it is the condition that matches nothing. The SQL is what a build would run,
    compiled by dbt from the same macros. Nothing is published, or no day of a rule is: nothing can be said.
    """
    if not config.rules or not home.published_warehouse.exists():
        return
    (row,) = query_published(home, _compile(home, config))
    for position, (rule, asked, matched) in enumerate(zip(config.rules, row["asked"], row["matched"], strict=True)):
        if asked and not matched:
            yield (
                ("rules", position, "when"),
                f"matches nothing: rule {rule.id!r} was asked of {asked:,} published lines, in {row['periods']} billing"
                " periods in all; compare its conditions with marts.focus_costs",
            )


def _compile(home: Home, config: Config) -> str:
    """Return the SQL of the analysis `rule_matches` for the rules of `config`, on all days."""
    delivered = {key for receipt, _ in landing_folder.landed_receipts(home.landing) for key in receipt.tag_keys}
    with TemporaryDirectory(prefix="mlspend-rules-") as name:
        folder = Path(name)
        plan = folder / "plan.json"
        plan.write_text(json.dumps({"rules": {"": plan_rules(folder, "proposed", config.attribution(), delivered)}}))
        run = dbt.DbtRun(folder / "warehouse.duckdb", plan, folder)
        dbt.invoke(run, "compile", "--select", "rule_matches")
        return (run.target / "compiled" / "mlspend" / "analyses" / "rule_matches.sql").read_text()
