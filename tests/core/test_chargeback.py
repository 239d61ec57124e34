"""What a statement shows adds up: rows to the total, teams to the month, and no amount is off by a cent or more."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.chargeback import ADJUSTMENT, CHARGE, Charge, round_charges, round_to_total, subtotal

CENT = Decimal("0.01")


def charge(team: str, project: str, service: str, cost: str, *, kind: str = CHARGE, period: str = "2026-10") -> Charge:
    return Charge(team, kind, period, project, service, "USD", Decimal(cost), Decimal(cost))


def test_three_thirds_of_a_dollar_show_as_a_dollar() -> None:
    charges = [charge("a", "p", service, "0.333333333333") for service in ("s1", "s2")]
    charges.append(charge("b", "q", "s1", "0.333333333334"))
    lines = round_charges(charges, {"USD": CENT})
    # 1.00 in all: a has 0.6666… and b 0.3333…, so the missing cent goes to a, and there to the first of two equals.
    assert [one.billed_amount for one in lines["a", "USD"]] == [Decimal("0.34"), Decimal("0.33")]
    assert [one.billed_amount for one in lines["b", "USD"]] == [Decimal("0.33")]


def test_negative_amounts_are_rounded_to_the_total_too() -> None:
    assert round_to_total([Decimal("-0.005"), Decimal("0.015")], CENT, CENT) == [Decimal("0.00"), Decimal("0.01")]


amounts = st.integers(-(10**17), 10**17).map(lambda quanta: Decimal(quanta).scaleb(-12))
charges_drawn = st.lists(
    st.builds(
        Charge,
        team=st.sampled_from("abc"),
        kind=st.sampled_from([CHARGE, ADJUSTMENT]),
        billing_period=st.sampled_from(["2026-09", "2026-10"]),
        project=st.sampled_from("pqr"),
        service_name=st.sampled_from("xyz"),
        billing_currency=st.sampled_from(["USD", "JPY"]),
        billed_cost=amounts,
        effective_cost=amounts,
    ),
    min_size=1,
    max_size=25,
)


@given(charges_drawn)
def test_what_is_shown_adds_up_and_is_next_to_the_exact_amount(charges: list[Charge]) -> None:
    units = {"USD": CENT, "JPY": Decimal(1)}
    statements = round_charges(charges, units)
    assert sorted(map(repr, charges)) == sorted(repr(one.charge) for lines in statements.values() for one in lines)
    for currency, unit in units.items():
        lines = [one for (_, each), some in statements.items() if each == currency for one in some]
        for cost, amount in (("billed_cost", "billed_amount"), ("effective_cost", "effective_amount")):
            exact = sum(getattr(one.charge, cost) for one in lines)
            shown = sum(getattr(one, amount) for one in lines)
            assert abs(shown - exact) <= unit / 2
            for one in lines:
                assert abs(getattr(one, amount) - getattr(one.charge, cost)) < unit
                assert getattr(one, amount) % unit == 0
        for (_, each), some in statements.items():
            if each == currency:
                team = subtotal("team", some)
                assert abs(team.billed_amount - sum(one.charge.billed_cost for one in some)) < unit
