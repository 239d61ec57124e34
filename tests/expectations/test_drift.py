"""What costs something else per line is found, what only varies is not, and a restatement is told apart from both."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from mlspend.core.check_thresholds import DEFAULT_THRESHOLDS
from tests.spend_by_hand import BUILD, NEWEST, publish, red

LAST_WEEK = f"charge_date > date '{NEWEST - timedelta(7)}'"
DEARER = f"update lines set effective_cost = effective_cost * 1.5, list_cost = list_cost * 1.5 where {LAST_WEEK}"
# Three accounts with 24 hours of EC2 on seven days, and on 28 before.
EC2_LINES = (3 * 24 * 7, 3 * 24 * 28)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("published") / "warehouse.duckdb")


def test_stationary_weeks_are_silent(published: Path) -> None:
    # Eight tests in each of 40 sources. By itself a statistic above 0.15 of 252 lines against 1,008, the smallest
    # samples here, has a chance of at most 2 * exp(-2 * 0.15**2 * 252 * 1008 / 1260), 2 in 10,000; more lines less.
    assert red(None, sources=[f"source_{number}" for number in range(40)]) == {}


def test_a_shift_is_found_in_each_source_that_has_one() -> None:
    sources = [f"source_{number}" for number in range(20)]
    found = red(None, [f"{DEARER} and service_name = 'EC2' and x_source like '%5'"], sources=sources)
    rows = found["costs_per_line_of_a_new_source_keep_their_distribution"][1]
    assert {row["x_source"] for row in rows} == {"source_5", "source_15"}


def test_costs_half_as_much_again_per_line_hold_the_month_back(published: Path) -> None:
    found = red(published, [f"{DEARER} and service_name = 'EC2'"])
    effect, rows = found["costs_per_line_keep_their_distribution"]
    assert effect == "hold"
    [row] = rows
    assert (row["x_source"], row["billing_period"]) == ("aws", "2026-10")
    assert (row["dimension"], row["segment"]) == ("service and usage type", "EC2 EC2:hour")
    assert (row["now_lines"], row["before_lines"]) == EC2_LINES
    assert row["statistic"] > 0.15
    assert row["p_value"] < 0.01
    # Ten dollars an hour, and 20 percent more at most: the dearest line of account a.
    assert row["p99_before"] == pytest.approx(12, abs=0.2)
    assert row["p99_now"] == pytest.approx(18, abs=0.5)
    # EC2 is nearly nine tenths of the bill, and a third of its new cost is new.
    assert row["changed_share"] == pytest.approx(0.3, abs=0.03)
    assert row["restated_days"] == 0
    effect, rows = found["costs_per_line_of_accounts_and_projects_keep_their_distribution"]
    assert effect == "warn"
    assert {row["dimension"] for row in rows} == {"account", "project"}


def bought(days: int, which: str = "true") -> str:
    """A savings plan since so many days: the lines it covers cost 28 percent less than their list cost."""
    return (
        "update lines set effective_cost = effective_cost * 0.72, pricing_category = 'Committed'"
        f" where service_name = 'EC2' and charge_date > date '{NEWEST - timedelta(days)}' and {which}"
    )


def test_a_commitment_that_is_bought_holds_nothing(published: Path) -> None:
    for days in range(5, 22):
        assert red(published, [bought(days)]) == {}, days
    for days in (5, 7, 21):
        # Bought before all of it, and ended so many days ago.
        ended = [bought(56), bought(days).replace("* 0.72", "/ 0.72").replace("Committed", "Standard")]
        assert red(published, ended) == {}, days


@pytest.mark.parametrize("days", [1, 3, 7, 14, 28, 33])
def test_a_commitment_that_covers_a_part_of_each_line_holds_nothing(published: Path, days: int) -> None:
    # The provider writes two lines then, for the covered part of the hour and for the rest.
    of_lines = f"service_name = 'EC2' and charge_date > date '{NEWEST - timedelta(days)}'"
    split = [
        "create table rest as select * replace (list_cost * 0.4 as list_cost, effective_cost * 0.4 as effective_cost,"
        f" 0.4 as pricing_quantity) from lines where {of_lines}",
        f"update lines set list_cost = list_cost * 0.6, effective_cost = effective_cost * 0.6 where {of_lines}",
        bought(days),
        "insert into lines from rest",
    ]
    found = red(published, split)
    assert "hold" not in {effect for effect, _ in found.values()}
    if days == 7:
        [row] = found["costs_per_line_under_other_commitments_keep_their_distribution"][1]
        assert row["segment"] == "EC2 EC2:hour"


def test_a_commitment_without_list_costs_holds_nothing(published: Path) -> None:
    # Imputed from what the commitment costs, which says no more than the effective cost.
    imputed = (
        "update lines set list_cost = effective_cost, x_list_cost_provenance = 'contracted_cost'"
        " where pricing_category = 'Committed'"
    )
    for days in (5, 14):
        for which in ("true", "sub_account_id = 'account-a'"):
            found = red(published, [bought(days, which), imputed])
            assert "hold" not in {effect for effect, _ in found.values()}, (days, which)


def test_other_costs_are_found_among_lines_that_commitments_cover(published: Path) -> None:
    found = red(published, [bought(56), f"{DEARER} and service_name = 'EC2'"])
    effect, [row] = found["costs_per_line_keep_their_distribution"]
    assert (effect, row["segment"]) == ("hold", "EC2 EC2:hour")
    # By list cost, as before any commitment.
    assert row["p99_before"] == pytest.approx(12, abs=0.2)
    assert row["p99_now"] == pytest.approx(18, abs=0.5)


def test_what_moves_no_money_is_no_drift(published: Path) -> None:
    # Each line a hundredth dearer, of costs that hardly differ: a statistic of 1 and a hundredth of the bill.
    flat = "update lines set effective_cost = effective_cost / 1000 + 10 where service_name = 'EC2'"
    dearer = f"update lines set effective_cost = effective_cost + 0.1 where service_name = 'EC2' and {LAST_WEEK}"
    assert "costs_per_line_of_a_new_source_keep_their_distribution" not in red(None, [flat, dearer])
    # SNS is a thousandth of the bill.
    assert red(published, [f"{DEARER} and service_name = 'SNS'"]) == {}


def test_a_new_source_has_nothing_to_be_held_to() -> None:
    found = red(None, [DEARER])
    assert {effect for effect, _ in found.values()} == {"inform", "warn"}
    assert found["costs_per_line_of_a_new_source_keep_their_distribution"][0] == "inform"


def test_only_the_newest_days_are_tested(published: Path) -> None:
    # September is delivered again with other costs: that is a restatement, whatever the lines of October look like.
    dearer = "update lines set effective_cost = effective_cost * 1.5 where billing_period = '2026-09'"
    assert "costs_per_line_keep_their_distribution" not in red(published, [dearer], rebuilt=["2026-09"])


def test_few_lines_are_not_enough_evidence(published: Path) -> None:
    # Three lines a day are 21 in the week; the price is another one all the same.
    few = "delete from lines where service_name = 'S3' and hash(rowid) % 12 <> 0"
    found = red(
        None, [few, f"{DEARER} and service_name = 'S3'", "update lines set effective_cost = effective_cost * 12"]
    )
    effect, rows = found["enough_lines_to_compare_distributions"]
    assert effect == "inform"
    [row] = rows
    assert (row["segment"], row["p_value"]) == ("S3 S3:hour", None)
    assert row["now_lines"] < 165
    assert row["p95_now"] > row["p95_before"]


def test_restated_days_are_told_apart_with_their_amounts(published: Path) -> None:
    def changed(day: str, kind: str = "restated", build: str = BUILD) -> str:
        return (
            "insert into warehouse.marts.spend_changes values"
            f" ('aws', '2026-10', 'USD', date '{day}', 2, 1.5, 2.5, '{kind}', '{build}')"
        )

    log = [
        changed("2026-10-05"),
        changed("2026-10-22"),
        changed("2026-10-23"),
        changed("2026-10-24", "new_day"),
        changed("2026-10-06", build="b1"),
    ]
    found = red(published, [*log, f"{DEARER} and service_name = 'EC2'"])
    effect, [row] = found["published_days_are_not_restated"]
    assert effect == "inform"
    assert (row["days"], str(row["first_date"]), str(row["last_date"])) == (3, "2026-10-05", "2026-10-23")
    assert (row["line_count_change"], row["billed_cost_change"], row["effective_cost_change"]) == (6, 4.5, 7.5)
    # Two of the seven days that are tested.
    assert found["costs_per_line_keep_their_distribution"][1][0]["restated_days"] == 2
    assert set(red(published, log)) == {"published_days_are_not_restated"}


def test_a_unit_price_that_changed_is_a_warning_and_twice_the_use_is_none(published: Path) -> None:
    effect, rows = red(published, [f"{DEARER} and service_name = 'S3'"])["unit_prices_hold"]
    assert effect == "warn"
    [row] = rows
    assert (row["sku"], row["pricing_unit"], row["effective_price_ratio"], row["list_price_ratio"]) == (
        "S3-sku",
        "Hrs",
        pytest.approx(1.5, abs=0.05),
        pytest.approx(1.5, abs=0.05),
    )
    twice = (
        "update lines set pricing_quantity = 2, effective_cost = effective_cost * 2, list_cost = list_cost * 2"
        f" where service_name = 'S3' and {LAST_WEEK}"
    )
    assert "unit_prices_hold" not in red(published, [twice])
    spot = "update lines set pricing_category = 'Dynamic' where service_name = 'S3'"
    assert "unit_prices_hold" not in red(published, [spot, f"{DEARER} and service_name = 'S3'"])


def test_percentiles_that_doubled_are_a_warning(published: Path) -> None:
    # One line in ten costs three times as much: too few for the distribution, not for the dearest ones.
    tenth = (
        f"update lines set effective_cost = effective_cost * 3 where {LAST_WEEK} and service_name = 'EC2'"
        " and sub_account_id = 'account-a' and hash(rowid) % 3 = 0"
    )
    effect, [row] = red(published, [tenth])["percentiles_of_costs_per_line_hold"]
    assert effect == "warn"
    assert row["service"] == "EC2"
    assert row["p99_ratio"] > 2
    assert 0.9 < row["p75_ratio"] < 1.1


def test_new_and_vanished_categories_are_told(published: Path) -> None:
    changes = [
        f"update lines set region_id = 'eu-west-1' where service_name = 'S3' and {LAST_WEEK}",
        f"update lines set service_name = 'Bedrock' where service_name = 'SNS' and {LAST_WEEK}",
        f"insert into lines select * replace ('Credit' as charge_category) from lines where {LAST_WEEK} limit 1",
        # A tax on every first of the month is nothing new.
        "insert into lines select distinct on (charge_date) * replace ('Tax' as charge_category) from lines"
        " where day(charge_date) = 1",
    ]
    found = red(published, changes)
    new, vanished = found["categories_are_known"], found["categories_are_still_used"]
    assert (new[0], vanished[0]) == ("inform", "inform")
    assert {(row["dimension"], row["category"]) for row in new[1]} == {
        ("region", "eu-west-1"),
        ("service", "Bedrock"),
        ("usage type", "Bedrock SNS:hour"),
        ("charge category", "Credit"),
    }
    assert {(row["dimension"], row["category"]) for row in vanished[1]} == {
        ("service", "SNS"),
        ("usage type", "SNS SNS:hour"),
    }


def test_thresholds_are_those_of_the_configuration(published: Path) -> None:
    changes = [f"{DEARER} and service_name = 'EC2'"]
    check = "costs_per_line_keep_their_distribution"
    for limits in (
        {"statistic": 0.9},
        {"p_value": 1e-300},
        {"smallest_sample": 10_000},
        {"smallest_share": 1.0},
        {"smallest_change": 0.9},
    ):
        drift = replace(DEFAULT_THRESHOLDS.drift, **limits)
        assert check not in red(published, changes, thresholds=replace(DEFAULT_THRESHOLDS, drift=drift)), limits
    assert check in red(published, changes)
