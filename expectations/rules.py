"""Short ways to write an expectation: each with the effect of its failure and the reason for it."""

from collections.abc import Iterable
from typing import Any

import great_expectations.expectations as gxe

from mlspend.core.check_effects import SEVERITIES, Effect
from mlspend.core.proof_plan import SMALLEST_DIFFERENCE

Suites = dict[str, list[gxe.Expectation]]


def not_null(column: str, effect: Effect, reason: str) -> gxe.Expectation:
    """Expect a value in every row of `column`."""
    return gxe.ExpectColumnValuesToNotBeNull(column=column, **_means(effect, reason, kind="not_null"))


def in_set(column: str, values: Iterable[str], effect: Effect, reason: str) -> gxe.Expectation:
    """Expect every value of `column` that is not NULL to be one of `values`."""
    means = _means(effect, reason, kind="in_set")
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(values), **means)


def no_rows(name: str, query: str, effect: Effect, reason: str) -> gxe.Expectation:
    """Expect `query` over {batch} to return no row. `name` is the rule's name in data_quality.

    A failure holds back a partition only where the rows tell it, in columns x_source and billing_period.
    """
    return gxe.UnexpectedRowsExpectation(unexpected_rows_query=query, **_means(effect, reason, rule=name))


def _means(effect: Effect, reason: str, **meta: str) -> dict[str, Any]:
    return {"severity": SEVERITIES[effect], "notes": reason, "meta": {"effect": effect, **meta}}


def same_sums(
    name: str,
    hops: tuple[str, str],
    measures: Iterable[str],
    grain: Iterable[str],
    reason: str,
    *,
    is_exact: bool = False,
    where: str = "true",
) -> gxe.Expectation:
    """Expect two hops of the asset `totals` to have equal sums of `measures` for each group of `grain`.

    A sum of 0.01 or more apart is unexpected, where `is_exact` any sum apart; so is a group that only one of the hops
    knows, if it has any money. `where` keeps the rows that can be compared.
    """
    before, after = hops
    keys = ["x_source", "billing_period", *grain]
    sums, conditions = [], []
    for measure in measures:
        sums += [f"coalesce(sum({measure}) filter (where hop = '{hop}'), 0) as {hop}_{measure}" for hop in hops]
        apart = f"{before}_{measure} - {after}_{measure}"
        conditions.append(f"{apart} <> 0" if is_exact else f"abs({apart}) >= {SMALLEST_DIFFERENCE}")
    query = (
        f"select * from (select {', '.join(keys)}, {', '.join(sums)}"
        f" from {{batch}} where hop in ('{before}', '{after}') and {where} group by {', '.join(keys)}) as compared"
        f" where {' or '.join(conditions)} order by {', '.join(keys)} nulls last"
    )
    return no_rows(name, query, "stop", reason)


def column_types(name: str, layer: str, types: dict[str, str], reason: str) -> gxe.Expectation:
    """Expect the asset `column_types` to show each column of `types` with that type in each rebuilt partition."""
    wanted = ", ".join(f"('{column}', '{type_.upper()}')" for column, type_ in types.items())
    query = (
        "select partitions.x_source, partitions.billing_period, wanted.column_name, wanted.data_type as wanted_type,"
        " found.data_type as found_type"
        f" from (select distinct x_source, billing_period from {{batch}} where layer = '{layer}') as partitions"
        f" cross join (values {wanted}) as wanted (column_name, data_type)"
        f" left join (select * from {{batch}} where layer = '{layer}') as found"
        " on found.x_source = partitions.x_source and found.billing_period = partitions.billing_period"
        " and found.column_name = wanted.column_name"
        " where replace(found.data_type, ' ', '') is distinct from replace(wanted.data_type, ' ', '')"
    )
    return no_rows(name, query, "stop", reason)
