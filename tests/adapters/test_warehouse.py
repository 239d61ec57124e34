"""Builds over landed lines made by hand, and over a real month; the published warehouse is played by a copied file."""

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from mlspend.adapters import dbt, landing, warehouse
from mlspend.adapters.config import Config, default
from mlspend.adapters.config_model import Project, Team
from mlspend.adapters.home import Home
from mlspend.core.deliveries import Partition
from mlspend.core.errors import BuildFailed
from tests.landed_by_hand import NOW, ask, land, line, publish

CONFIG = Config(
    company="Test",
    sources=(),
    projects=(Project(name="recommender", aliases=("recsys",), team="discovery"),),
    teams=(Team(name="discovery"), Team(name="risk")),
)
pytestmark = pytest.mark.usefixtures("spare_parsing")


def test_a_restated_period_is_replaced_and_nothing_else_is_opened(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    august = land(home, [line("2026-08-01", "1.10")], "2026-08", "a1")
    september = land(home, [line("2026-09-01", "2.20")], "2026-09", "s1")
    equal = [line("2026-10-01", "3.30", line_item_resource_id=resource) for resource in (None, None, "")]
    low, high = (
        line(
            "2026-10-01",
            cost,
            line_item_line_item_type="Tax",
            pricing_rate_code="",
            line_item_line_item_description=tax,
        )
        for cost, tax in (("6.00", "VAT low"), ("7.00", "VAT high"))
    )
    october = land(home, [*equal, low, high], "2026-10", "o1")
    first = warehouse.build(home, CONFIG, [october, august, september], None, now=NOW)
    assert [partition.billing_period for partition in first.rebuilt] == ["2026-08", "2026-09", "2026-10"]
    ids = ask(first.warehouse_path, "select x_line_id from marts.focus_costs where billing_period = '2026-10'")
    assert len(set(ids)) == 5, "equal lines get ids of their own, and NULL and empty text are equal"
    published = publish(home, first)
    kept = next((home.lake / "focus_costs").glob("*/*/billing_period=2026-09/*.parquet"))
    kept.write_bytes(b"unreadable")

    restated = land(home, [line("2026-10-01", "3.30"), line("2026-10-02", "5.00"), high], "2026-10", "o2")
    second = warehouse.build(home, CONFIG, [september, restated], published, now=NOW)

    said_by_dbt = (Path(second.warehouse_path).parent / "logs" / "dbt.log").read_text()
    assert "no changes found, skipping parsing" in said_by_dbt, "the second build parses no model again"
    assert second.rebuilt == (Partition("aws", "2026-10", "o2"),)
    assert second.partitions == (Partition("aws", "2026-09", "s1"), Partition("aws", "2026-10", "o2"))
    assert kept.read_bytes() == b"unreadable"
    totals = "select billing_period, sum(effective_cost) from marts.daily_spend group by all order by all"
    assert ask(second.warehouse_path, totals) == [("2026-09", Decimal("2.20")), ("2026-10", Decimal("15.30"))]
    assert ask(second.warehouse_path, "select count(*) from marts.reconciliation where is_reconciled") == [(2,)]
    october_ids = ask(second.warehouse_path, "select x_line_id from marts.focus_costs where billing_period = '2026-10'")
    assert len(set(october_ids) & set(ids)) == 2, "lines that were delivered again keep their ids, a tax by its name"
    assert ask(second.warehouse_path, "select count(*) from duckdb_schemas() where schema_name = 'build'") == [(0,)]

    published = publish(home, second, published)
    monkeypatch.setattr(dbt, "build", lambda run: pytest.fail("dbt was started"))
    same = warehouse.build(home, CONFIG, [restated, september], published, now=NOW)
    assert same.is_unchanged
    assert (same.build_id, same.rebuilt) == (second.build_id, ())


def test_tags_name_the_owner_and_what_they_do_not_name_is_residual(home: Home) -> None:
    tags = [
        {"user_project": "RecSys", "user_env": "Production", "user_ml_stage": "train", "user_team": "risk"},
        {"user_Project": "recommender"},
        {"user_project": "nobody's", "user_team": "RISK", "user_stage": "brewing"},
        {},
    ]
    lines = [line(f"2026-10-0{day}", "1", tags=each) for day, each in enumerate(tags, start=1)]
    hostile = line("2026-10-05", "1", tags={"o'key": "'; drop table x; --\n🎈"}, line_item_resource_id="a'b\"c")
    built = warehouse.build(home, CONFIG, [land(home, [*lines, hostile], "2026-10", "o1")], None, now=NOW)
    owners = "select project, team, environment, ml_stage from marts.allocated_costs order by charge_date"
    assert ask(built.warehouse_path, owners) == [
        ("recommender", "discovery", "prod", "training"),
        ("recommender", "discovery", "unknown", "unknown"),
        ("unattributed", "risk", "unknown", "unknown"),
        ("unattributed", "unattributed", "unknown", "unknown"),
        ("unattributed", "unattributed", "unknown", "unknown"),
    ]
    undescribed = """select table_name, column_name from duckdb_columns()
        where schema_name in ('marts', 'focus_1_2') and coalesce(comment, '') = ''"""
    assert ask(built.warehouse_path, undescribed) == []
    assert ask(built.warehouse_path, 'select sum("BilledCost") from focus_1_2.costs') == [(Decimal(5),)]


def test_a_cent_that_landing_saw_and_focus_does_not_have_stops_the_build(home: Home) -> None:
    receipt = land(home, [line("2026-10-01", "3.30")], "2026-10", "o1")
    more = replace(receipt.control_totals[0], billed_cost=Decimal("3.31"))
    file = home.landing / "aws" / "2026-10" / "o1" / "receipt.json"
    file.write_text(replace(receipt, control_totals=(more,)).to_json())
    with pytest.raises(BuildFailed) as failure:
        warehouse.build(home, CONFIG, [receipt], None, now=NOW)
    message = str(failure.value)
    for told in ("assert_focus_conserves_cost", "landing → focus_costs", "x_source aws", "2026-10", "-0.01"):
        assert told in message


def test_a_model_that_fails_is_named(home: Home) -> None:
    receipt = land(home, [line("2026-10-01", "3.30")], "2026-10", "o1")
    (home.landing / receipt.landed_files[0]).write_bytes(b"PAR1 truncated")
    with pytest.raises(BuildFailed, match="model focus_costs"):
        warehouse.build(home, CONFIG, [receipt], None, now=NOW)


def test_the_workshop_month_comes_out_at_its_known_answers(home: Home, shared_data: Path, tmp_path: Path) -> None:
    export = tmp_path / "export"
    export.mkdir()
    shutil.copy(shared_data / "aws-well-architected-labs" / "Nov2018-WorkshopCUR-00001.snappy.parquet", export)
    (delivery,) = landing.discover(str(export), "aws")
    receipt = landing.land(delivery, home, known_currencies={}, now=NOW)
    built = warehouse.build(home, default(), [receipt], None, now=NOW)
    sums = """select round(sum(billed_cost), 4), round(sum(effective_cost), 4), count(*) - count(distinct x_line_id)
        from marts.focus_costs"""
    assert ask(built.warehouse_path, sums) == [(Decimal("3505.3270"), Decimal("3632.5598"), 0)]
    plan = json.loads(Path(built.plan_path).read_text())
    assert [partition["billing_period"] for partition in plan["rebuild"]] == ["2018-11"]
