"""What must hold of allocation and marts: every line has an owner, and no cent is lost on the way to a sum."""

from expectations.rules import Suites, column_types, no_rows, not_null, same_sums
from mlspend.core.proof_plan import SMALLEST_DIFFERENCE

_ACCOUNT = ("billing_account_id", "billing_currency")
_INVOICE = (*_ACCOUNT, "invoice_id")
_OWNER = ("project", "team", "environment", "ml_stage")
_MONEY = ("billed_cost", "effective_cost", "list_cost", "contracted_cost")


def _detail(name: str) -> str:
    return f"cast(json_extract_string(allocated_method_details, '$.{name}') as decimal(38, 12))"


_IS_CONTAINER = "allocated_method_id = 'split_cost' and allocated_resource_id is not null"
_SPLIT_COST, _NODE_COST, _CONTAINERS_COST = _detail("split_cost"), _detail("node_cost"), _detail("containers_cost")


def suites() -> Suites:
    """Return the expectations per asset about the lines of rebuilt partitions."""
    return {
        "allocated_lines": [
            *(not_null(c, "hold", "Without an owner there is the residual one, never none.") for c in _OWNER),
            *(not_null(c, "hold", "A missing amount is not zero.") for c in ("billed_cost", "effective_cost")),
            not_null("x_line_id", "hold", "An allocated amount must be traceable to its line."),
            no_rows(
                "containers_have_a_node_that_costs_something",
                f"""select x_source, billing_period, billing_currency, count(*) as container_lines,
                    sum({_SPLIT_COST}) as split_cost
                from {{batch}} where {_IS_CONTAINER} and coalesce({_NODE_COST}, 0) <= 0
                group by all""",
                "warn",
                "What containers cost can only be taken from their node: where its lines are not in the export, or cost"
                " nothing, it stays where it was billed.",
            ),
            no_rows(
                "containers_cost_no_more_than_their_node",
                f"""select x_source, billing_period, billing_currency, count(*) as container_lines,
                    sum({_SPLIT_COST}) as split_cost
                from {{batch}} where {_IS_CONTAINER} and {_NODE_COST} > 0 and {_CONTAINERS_COST} > {_NODE_COST}
                group by all""",
                "warn",
                "The sums are right, but the node is left with less than nothing: some of its lines are missing, or the"
                " export says more of its containers than of the node.",
            ),
        ],
        "daily_spend": [
            *(not_null(c, "hold", "Without an owner there is the residual one, never none.") for c in _OWNER),
            no_rows(
                "unattributed_share_below_half",
                """select
                    x_source, billing_period, billing_currency,
                    cast(sum(abs(effective_cost)) filter (where project = 'unattributed') as double)
                        / nullif(cast(sum(abs(effective_cost)) as double), 0) as unattributed_share
                from {batch} group by all having unattributed_share > 0.5""",
                "warn",
                "Sums by project are true but say little while most of the money has no owner: tag keys or the"
                " configuration of projects are probably wrong.",
            ),
            no_rows(
                "shared_costs_are_split",
                """select x_source, billing_period, billing_account_id, project as shared_cost, billing_currency,
                    sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
                from {batch} where is_shared_cost
                group by all having sum(billed_cost) <> 0 or sum(effective_cost) <> 0""",
                "warn",
                "Nobody has a weight for this shared cost, or none was in force: its money stands under its own name.",
            ),
        ],
        "totals": [
            same_sums(
                "allocated_cost_equals_focus",
                ("focus", "allocated"),
                _MONEY,
                ("charge_date", *_INVOICE),
                "Allocation only moves money between owners: what is split is split to the last quantum.",
                is_exact=True,
            ),
            no_rows(
                "allocation_keeps_every_line",
                """select x_source, billing_period, billing_account_id,
                    coalesce(sum(line_count) filter (where hop = 'focus'), 0) as focus_line_count,
                    coalesce(sum(line_count) filter (where hop = 'allocated'), 0) as allocated_line_count
                from {batch} where hop in ('focus', 'allocated')
                group by x_source, billing_period, billing_account_id
                having allocated_line_count <> focus_line_count""",
                "stop",
                "Splits add rows beside the lines; no line may be dropped or doubled, be it free of charge.",
            ),
            same_sums(
                "daily_spend_equals_allocated",
                ("allocated", "daily_spend"),
                ("billed_cost", "effective_cost"),
                ("charge_date", *_INVOICE),
                "A mart only adds up.",
            ),
            same_sums(
                "monthly_spend_equals_daily_spend",
                ("daily_spend", "monthly_spend"),
                ("billed_cost", "effective_cost"),
                _INVOICE,
                "A mart only adds up.",
            ),
            same_sums(
                "spend_changes_add_up_to_daily_spend",
                ("daily_spend", "spend_changes"),
                ("billed_cost", "effective_cost"),
                ("charge_date", *_ACCOUNT),
                "A log that misses a change, or has one twice, would tell the past wrong.",
            ),
        ],
        "column_types": [
            column_types(
                "allocated_money_is_decimal",
                "allocated",
                dict.fromkeys(_MONEY, "decimal(38,12)"),
                "Binary fractions do not add up to the cent.",
            )
        ],
    }


def warehouse_suites() -> Suites:
    """Return the expectations per asset about the whole warehouse, asked even when no partition was rebuilt."""
    return {
        "reconciliation": [
            no_rows(
                "every_partition_is_reconciled",
                "select * from {batch} where is_reconciled is not true or largest_difference is null"
                f" or largest_difference >= {SMALLEST_DIFFERENCE}",
                "stop",
                "A difference of 0.01 between two hops stops publication.",
            )
        ],
        "partition_presence": [
            no_rows(
                "warehouse_holds_the_planned_partitions",
                "select * from {batch} where not (is_planned and is_present)",
                "stop",
                "A period that vanished or stayed behind would change totals without a delivery saying so.",
            )
        ],
    }
