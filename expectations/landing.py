"""What must hold of the landed Parquet: it is the delivery, whole, with the types and control totals of its receipt."""

from expectations.rules import Suites, no_rows, not_null, same_sums
from mlspend.core.check_effects import Effect
from mlspend.core.periods import DAYS_AFTER, DAYS_BEFORE

_DAY_AND_ACCOUNT = ("charge_date", "billing_account_id", "sub_account_id", "billing_currency")
_MONEY_COLUMNS = ("billed_cost", "line_item_unblended_cost")
_TIME_COLUMNS = ("charge_period_start", "line_item_usage_start_date")


def suites() -> Suites:
    """Return the expectations per asset."""
    return {
        "landed_lines": _lines(),
        "landed_partitions": _partitions(),
        "payers": _payers(),
        "totals": _totals(),
        "column_types": _types(),
    }


def _lines() -> list:
    return [
        not_null("billing_account_id", "hold", "Sums are held against the receipt by billing account."),
        not_null("billing_currency", "hold", "An amount without a currency cannot be added to anything."),
        not_null("charge_start", "hold", "A line without a start belongs to no day."),
        not_null("billed_cost", "hold", "A missing amount is not zero."),
        not_null("sub_account_id", "warn", "Taxes and refunds of some providers name no account; others must."),
    ]


def _partitions() -> list:
    return [
        no_rows(
            "landed_line_count_equals_receipt",
            "select * from {batch} where landed_line_count is distinct from receipt_line_count",
            "stop",
            "A delivery is taken whole or not at all.",
        )
    ]


def _payers() -> list:
    return [
        no_rows(
            "net_costs_are_whole",
            """select
                x_source, billing_period, billing_account_id,
                case
                    when not has_net_costs then 'discounts but no net costs'
                    when not is_landed_net then 'landed by a release that knew no net costs'
                    else 'lines without net cost'
                end as problem,
                billing_currency, unblended_cost, net_unblended_cost, lines_without_net_cost, cost_without_net_cost,
                discount_cost
            from {batch} where not is_net and (has_net_costs or discount_cost <> 0)""",
            "warn",
            "A payer whose discounts are not in the net columns of all its lines is counted before discounts: add the"
            " net columns to the export, or deliver and land the period again.",
        )
    ]


def _totals() -> list:
    return [
        same_sums(
            "landed_billed_cost_equals_control_total",
            ("control", "landed"),
            ["billed_cost"],
            _DAY_AND_ACCOUNT,
            "The receipt's totals were read from the raw files by other code: a difference means that landing lost or"
            " changed money.",
        ),
        same_sums(
            "landed_billed_cost_equals_control_total_per_invoice",
            ("control", "landed"),
            ["billed_cost"],
            ("billing_account_id", "invoice_id", "billing_currency"),
            "A cent on the wrong invoice is a cent too much on one and too little on another. Receipts of older"
            " releases do not tell the invoice.",
            where="tells_invoices",
        ),
        no_rows(
            "landed_line_count_equals_control_total",
            f"""select * from (
                select
                    x_source, billing_period, {", ".join(_DAY_AND_ACCOUNT)},
                    coalesce(sum(line_count) filter (where hop = 'control'), 0) as control_line_count,
                    coalesce(sum(line_count) filter (where hop = 'landed'), 0) as landed_line_count
                from {{batch}} where hop in ('control', 'landed')
                group by x_source, billing_period, {", ".join(_DAY_AND_ACCOUNT)}
            ) as compared where control_line_count <> landed_line_count""",
            "stop",
            "Two errors may cancel out in a sum, not in a count.",
        ),
        no_rows(
            "charge_date_near_period",
            f"""select x_source, billing_period, charge_date, billing_account_id, line_count, billed_cost
            from {{batch}}
            where hop = 'landed' and (
                charge_date < cast(billing_period || '-01' as date) - interval {DAYS_BEFORE} day
                or charge_date >= cast(billing_period || '-01' as date) + interval 1 month + interval {DAYS_AFTER} day
            )""",
            "hold",
            "Corrections reach back a year and refunds of commitments a little more; a line further away, or more than"
            " a month ahead, was filed under the wrong period.",
        ),
        no_rows(
            "one_currency_per_billing_account",
            """select
                min(x_source) as x_source, min(billing_period) as billing_period, billing_account_id,
                string_agg(distinct billing_currency, ', ') as currencies
            from {batch} where hop = 'landed'
            group by billing_account_id, x_source having count(distinct billing_currency) > 1""",
            "hold",
            "Currencies are never added up, and totals per account would do so.",
        ),
    ]


def _types() -> list:
    def rule(name: str, columns: tuple[str, ...], wanted: str, effect: Effect, reason: str) -> object:
        names = ", ".join(f"'{column}'" for column in columns)
        query = (
            "select x_source, billing_period, column_name, data_type from {batch}"
            f" where layer = 'landing' and column_name in ({names}) and data_type <> '{wanted}'"
        )
        return no_rows(name, query, effect, reason)

    return [
        rule(
            "landed_money_is_decimal",
            _MONEY_COLUMNS,
            "DECIMAL(38,12)",
            "stop",
            "Binary fractions do not add up to the cent.",
        ),
        rule(
            "landed_time_is_timestamp",
            _TIME_COLUMNS,
            "TIMESTAMP",
            "hold",
            "Days are cut in UTC, without a session's zone.",
        ),
        no_rows(
            "landed_ids_are_text",
            "select x_source, billing_period, column_name, data_type from {batch}"
            " where layer = 'landing' and column_name like '%account_id' and data_type <> 'VARCHAR'",
            "hold",
            "An account id that became a number lost its leading zeros.",
        ),
    ]
