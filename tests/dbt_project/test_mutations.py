"""Leave out any one case of the amortisation, and a unit test notices.

What is changed is the SQL that dbt made of the models, macros and all, one place at a time; each change is named. Then
the model's own unit tests (`*_unit_tests.yml`) are run on the changed SQL in DuckDB, as dbt would run them but without
dbt: the rows given go into tables of the types of the model's inputs, and the rows that come out are held against those
expected. A change with which all of them still pass fails here. Changes are

- generated, so that a case that is added is covered at once: every `when` that tells what a line is, every amount
  that counts net or not, every condition that keeps a payer from being net, every kind named in a list;
- and named in MUTATIONS, for what has no common form. Whoever adds a rule about money adds its removal there; the
  model's unit tests are found by its name.
"""

from collections.abc import Iterator

import pytest

from mlspend.adapters.dbt import DbtRun
from tests.dbt_project.mutants import (
    Mutation,
    UnitTests,
    amounts_mistaken,
    cases_left_out,
    conditions_left_out,
    members_left_out,
)

_PRICED = "int_aws__charges_priced"
_PAYERS = "int_aws__payers_netted"
_MAPPED = "int_aws__charges_mapped"

MUTATIONS = (
    # What is billed.
    Mutation(
        "covered usage is billed",
        _PRICED,
        "case kind when 'savings_plan_usage' then 0 else line_cost end as billed_cost",
        "line_cost as billed_cost",
    ),
    # What is effective.
    Mutation(
        "covered usage costs its on-demand price",
        _PRICED,
        "            when kind = 'savings_plan_usage' then covered_cost\n",
        "",
    ),
    Mutation("reserved usage is free", _PRICED, "            when kind = 'reserved_usage' then reserved_cost\n", ""),
    # What ties the two.
    Mutation(
        "amortised upfront fees are no true-up",
        _PRICED,
        "            when kind = 'recurring_fee' then 0 - amortised_upfront_cost\n",
        "",
    ),
    Mutation(
        "amortised upfront fees are added",
        _PRICED,
        "then 0 - amortised_upfront_cost",
        "then amortised_upfront_cost",
    ),
    # What would be paid without the commitment.
    Mutation(
        "reserved usage at its own cost",
        _PRICED,
        "            when 'reserved_usage' then coalesce(pricing_public_on_demand_cost, reserved_cost)\n",
        "            when 'reserved_usage' then reserved_cost\n",
    ),
    Mutation(
        "reserved usage without list price is free",
        _PRICED,
        "coalesce(pricing_public_on_demand_cost, reserved_cost)",
        "pricing_public_on_demand_cost",
    ),
    # Savings plans: what negations cancel, and what they leave.
    Mutation("negations stay beside what they cancel", _PRICED, "    where kind <> 'negation'\n", ""),
    Mutation(
        "what negations leave is lost",
        _PRICED,
        "    union all by name\n    select * from charges_of_uncancelled_usage\n",
        "",
    ),
    Mutation("hours that cancel out leave a charge", _PRICED, "    having sum(line_cost) <> 0\n", ""),
    Mutation(
        "only covered usage is added up",
        _PRICED,
        "('SavingsPlanCoveredUsage', 'SavingsPlanNegation')",
        "('SavingsPlanCoveredUsage')",
    ),
    Mutation(
        "only negations are added up",
        _PRICED,
        "('SavingsPlanCoveredUsage', 'SavingsPlanNegation')",
        "('SavingsPlanNegation')",
    ),
    Mutation("what negations leave is no true-up", _PRICED, "sum(line_cost) as true_up_cost", "0 as true_up_cost"),
    Mutation("what negations leave is not billed", _PRICED, "sum(line_cost) as billed_cost", "0 as billed_cost"),
    # What nobody used of commitments.
    Mutation(
        "unused commitments are lost",
        _PRICED,
        "    union all by name\n    select * from charges_of_unused_commitments\n",
        "",
    ),
    Mutation(
        "reservations are never unused", _PRICED, "('RIFee', 'SavingsPlanRecurringFee')", "('SavingsPlanRecurringFee')"
    ),
    Mutation("savings plans are never unused", _PRICED, "('RIFee', 'SavingsPlanRecurringFee')", "('RIFee')"),
    Mutation(
        "savings plans are unused like reservations",
        _PRICED,
        "            when not is_savings_plan then unused_reserved_cost\n",
        "            when true then unused_reserved_cost\n",
    ),
    Mutation(
        "reservations are unused like savings plans",
        _PRICED,
        "            when not is_savings_plan then unused_reserved_cost\n",
        "",
    ),
    Mutation(
        "a used plan is unused",
        _PRICED,
        "(savings_plan_total_commitment_to_date, 0)\n        - coalesce(savings_plan_used_commitment, 0) as",
        "(savings_plan_total_commitment_to_date, 0) as",
    ),
    Mutation("a net plan is unused before discounts", _PRICED, "            when is_net\n", "            when false\n"),
    Mutation(
        "the upfront fee of a net plan is never unused",
        _PRICED,
        "(line_cost + amortised_upfront_cost) * 1000000000000",
        "line_cost * 1000000000000",
    ),
    Mutation(
        "every day bears all that is unused",
        _PRICED,
        "coalesce(shares_of_fees.effective_cost, parts_of_fees.unused_cost)",
        "parts_of_fees.unused_cost",
    ),
    Mutation(
        "what rounding leaves is lost",
        _PRICED,
        "over (partition by fee_line_id order by part_ms desc, x_line_id) = 1",
        "over (partition by fee_line_id order by part_ms desc, x_line_id) = 0",
    ),
    # Containers.
    Mutation("containers have no cost", _PRICED, "case kind when 'split_cost' then container_cost end as", "null as"),
    Mutation(
        "every line is a container",
        _PRICED,
        "case kind when 'split_cost' then container_cost end as",
        "container_cost as",
    ),
    # Payers.
    Mutation(
        "a payer without net costs is net", _PAYERS, "count(*) filter (line_item_net_unblended_cost <> 0) > 0", "true"
    ),
    Mutation(
        "zeros are net costs",
        _PAYERS,
        "(line_item_net_unblended_cost <> 0)",
        "(line_item_net_unblended_cost is not null)",
    ),
    Mutation("one net cost is enough", _PAYERS, " = 0\n    and coalesce(", " >= 0\n    and coalesce("),
    # Corrections.
    Mutation(
        "a refund of the own month is a correction",
        _MAPPED,
        "                and quantified.charge_start < quantified.bill_billing_period_start_date\n",
        "",
    ),
    Mutation("only refunds correct", _MAPPED, " or quantified.bill_bill_type = 'Refund')", ")"),
    Mutation("all that is late corrects", _MAPPED, "or quantified.bill_bill_type = 'Refund')", "or true)"),
    # What else FOCUS tells.
    Mutation(
        "support is bought once",
        _MAPPED,
        "kind = 'fee' and quantified.line_item_product_code like '%Support%' then",
        "kind = 'fee' and false then",
    ),
    Mutation(
        "unused commitments are used",
        _MAPPED,
        "            when quantified.kind = 'unused_commitment' then 'Unused'\n",
        "",
    ),
    Mutation("containers have a list price", _MAPPED, "is_metered and kind <> 'split_cost' and", "is_metered and"),
    Mutation(
        "net prices are those before discounts",
        _MAPPED,
        "case when is_net then line_item_net_unblended_rate else line_item_unblended_rate end",
        "line_item_unblended_rate",
    ),
    Mutation(
        "prices before discounts are unknown",
        _MAPPED,
        "case when is_net then line_item_net_unblended_rate else line_item_unblended_rate end",
        "line_item_net_unblended_rate",
    ),
)


@pytest.fixture(scope="module")
def unit_tests(built: DbtRun, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UnitTests]:
    tests = UnitTests(built, tmp_path_factory.mktemp("mutants"))
    yield tests
    tests.close()


def mutations_of(model: str, sql: str) -> list[Mutation]:
    """All mutations of one model, generated and named."""
    generated: list[Mutation] = []
    if model == _PRICED:
        generated += cases_left_out(model, sql, "end as kind")
        generated += amounts_mistaken(model, sql)
        generated += members_left_out(model, sql)
    if model == _PAYERS:
        generated += conditions_left_out(model, sql)
    if model == _MAPPED:
        generated += members_left_out(model, sql)
        generated += cases_left_out(model, sql, "end as charge_category")
    return generated + [each for each in MUTATIONS if each.model == model]


@pytest.mark.parametrize("model", sorted({each.model for each in MUTATIONS}))
def test_whatever_is_left_out_a_unit_test_notices(unit_tests: UnitTests, model: str) -> None:
    sql = unit_tests.sql_of(model)
    assert unit_tests.unnoticed(model, {"nothing": sql}) == {"nothing"}, "the unit tests fail on the model itself"
    mutations = mutations_of(model, sql)
    assert len({each.name for each in mutations}) == len(mutations)
    assert unit_tests.unnoticed(model, {each.name: each.applied_to(sql) for each in mutations}) == set()


def test_every_case_that_tells_what_a_line_is_is_left_out_once(unit_tests: UnitTests) -> None:
    names = [each.name for each in mutations_of(_PRICED, unit_tests.sql_of(_PRICED))]
    cases = [name for name in names if name.startswith("without ")]
    assert len(cases) == 18
    assert sum(name.endswith((" always net", " never net", " nothing")) for name in names) == 3 * 9
    assert sum(" not in " in name for name in names) >= 12


def test_a_change_that_changes_nothing_or_too_much_is_refused() -> None:
    for old, new in (("absent", "x"), ("a", "x"), ("b", "b")):
        with pytest.raises(ValueError, match="stands"):
            Mutation("m", "model", old, new).applied_to("a a b")
