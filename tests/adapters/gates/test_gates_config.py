"""What `gates` in mlspend.yml may say, and what follows from it."""

from datetime import timedelta

import pytest

from mlspend.adapters.config_gates import CheckEffect, Gates, check_gates
from mlspend.adapters.config_model import Config, Source
from mlspend.adapters.gates import freshness_checks
from mlspend.adapters.gates.red_gates import read_red
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.core.check_effects import FRESHNESS, Effect
from tests.handmade_build import NOW


def said(*effects: tuple[str, Effect]) -> list[str]:
    gates = Gates(effects=tuple(CheckEffect(check=name, effect=effect, reason="so") for name, effect in effects))
    return [f"{place[-1]} {sentence}" for place, sentence in check_gates(gates)]


def test_any_check_of_one_period_may_be_raised_or_lowered() -> None:
    assert said(("charge_date_near_period", "inform"), ("unattributed_share_below_half", "stop")) == []


@pytest.mark.parametrize("name", ["focus_billed_cost_equals_landed", "every_partition_is_reconciled"])
@pytest.mark.parametrize("effect", ["hold", "warn", "inform"])
def test_conservation_and_what_is_shared_cannot_be_lowered(name: str, effect: Effect) -> None:
    [sentence] = said((name, effect))
    assert sentence.startswith(f"effect is {effect}, but {name} always stops: it is about conservation of money")


def test_an_unknown_or_doubled_name_is_an_error_with_a_way_out() -> None:
    [unknown] = said(("charge_date_near_periods", "warn"))
    assert "did you mean charge_date_near_period?" in unknown
    [doubled] = said(("charge_date_near_period", "warn"), ("charge_date_near_period", "stop"))
    assert doubled.startswith("check is charge_date_near_period a second time")


@pytest.mark.parametrize(("effect", "is_gate"), [(None, True), ("warn", False)])
def test_a_silent_source_is_a_row_and_a_gate_where_it_holds(home: Home, effect: Effect | None, is_gate: bool) -> None:
    gates = Gates(effects=(CheckEffect(check=FRESHNESS, effect=effect, reason="so"),) if effect else ())
    source = Source(name="aws", provider="aws", location="exports")
    config = Config(company="Small", sources=(source,), gates=gates)
    with Ledger.open(home) as ledger:
        for hours, is_fresh in ((0, True), (28, True), (29, False)):
            now = NOW + timedelta(hours=hours)
            ledger.record_look("aws", now)
            [row] = freshness_checks.ask(config, ledger, now)
            assert (row.is_success, row.x_source, row.billing_period) == (is_fresh, "aws", None)
            assert row.severity == ("critical" if is_gate else "warning")
            assert bool(read_red(home, config, ledger, now)) == (is_gate and not is_fresh)
