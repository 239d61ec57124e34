"""The headline numbers of one warehouse file: totals, who spent, what the tags cover, what reconciles."""

from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.warehouse_query import Row, query_file

_TOP = 15

_TOTALS = """
    select x_source, billing_period, billing_currency,
        sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost, sum(line_count)::bigint as line_count
    from marts.daily_spend
    group by all
    order by x_source, billing_period, billing_currency
"""

# Amounts of different currencies never meet: every row and every share is within one.
_SPENDERS = """
    with spenders as (
        select {columns}, sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
        from marts.daily_spend
        where effective_cost <> 0 or billed_cost <> 0
        group by all
    )

    select * from spenders
    qualify row_number() over (partition by {within} order by effective_cost desc, {column}) <= {top}
    order by {within}, effective_cost desc, {column}
"""

# Tax, credits and fees cannot carry tags, so shares are of what was used. Keys that AWS sets itself do not count
# as somebody's tagging. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/aws-tags.html
_TAGGED = """
    with usage as (
        select x_source, billing_currency, effective_cost,
            list_filter(
                map_entries(coalesce(tags, map())), lambda entry: trim(coalesce(entry.value, '')) <> ''
            ) as tags
        from marts.focus_costs
        where charge_category = 'Usage'
    ),

    totals as (
        select x_source, billing_currency, sum(effective_cost) as total_cost
        from usage
        group by all
    )
"""

_TAG_KEYS = f"""
    {_TAGGED},

    keys as (
        select x_source, billing_currency, effective_cost,
            unnest(list_distinct(list_transform(tags, lambda entry: entry.key))) as tag_key
        from usage
    )

    select x_source, tag_key, billing_currency, sum(effective_cost) as effective_cost,
        sum(effective_cost)::double / nullif(any_value(total_cost)::double, 0) as share,
        not regexp_matches(tag_key, '^aws[:_]', 'i') as is_users_own
    from keys
    inner join totals using (x_source, billing_currency)
    group by x_source, tag_key, billing_currency
    order by x_source, billing_currency, is_users_own desc, effective_cost desc, tag_key
"""

_TAG_VALUES = f"""
    {_TAGGED},

    entries as (
        select x_source, billing_currency, effective_cost, unnest(tags) as entry
        from usage
        where x_source = $1 and billing_currency = $2
    )

    select x_source, entry.key as tag_key, entry.value as tag_value, billing_currency,
        sum(effective_cost) as effective_cost
    from entries
    where entry.key = $3
    group by all
    order by effective_cost desc, tag_value
    limit {_TOP}
"""

_UNTAGGED = f"""
    {_TAGGED}

    select x_source, billing_currency, total_cost as usage_cost,
        coalesce(sum(effective_cost) filter (
            len(list_filter(tags, lambda entry: not regexp_matches(entry.key, '^aws[:_]', 'i'))) = 0
        ), 0) as untagged_cost,
        untagged_cost::double / nullif(total_cost::double, 0) as share
    from usage
    inner join totals using (x_source, billing_currency)
    group by x_source, billing_currency, total_cost
    order by x_source, billing_currency
"""

_RECONCILIATION = """
    select x_source, billing_period, billing_account_id, invoice_id, billing_currency,
        landed_billed_cost, daily_spend_billed_cost, largest_difference, is_reconciled
    from marts.reconciliation
    order by all
"""

_INVOICES = """
    select x_source, billing_period, billing_account_id, invoice_id, billing_currency, invoice_total, billed_cost,
        difference, tax_difference, credit_difference, late_difference, rounding_difference, unexplained_difference,
        status
    from marts.invoice_reconciliation
    order by abs(coalesce(unexplained_difference, 0)) desc, x_source, billing_period, billing_account_id, invoice_id
"""

_FAILED_CHECKS = """
    select x_source, billing_period, layer, expectation, subject, severity, is_evaluated, unexpected_count, sample
    from marts.data_quality
    where not is_success
    order by severity, x_source, billing_period, layer, expectation, subject
"""


@dataclass(frozen=True)
class SpendReport:
    """Rows as plain values; costs are Decimal in the row's billing_currency, shares float from 0 to 1 or None.

    Each is per source: two exports may hold the same bill. `untagged` and `tag_keys` are shares of the effective cost
    of usage. `tag_values` are those of the user's own key with the largest share, per source and currency.
    `failed_checks` holds warnings too, which stop nothing.
    """

    totals: list[Row]
    by_service: list[Row]
    by_account: list[Row]
    by_project: list[Row]
    untagged: list[Row]
    tag_keys: list[Row]
    tag_values: list[Row]
    reconciliation: list[Row]
    failed_checks: list[Row]

    @property
    def is_reconciled(self) -> bool:
        """Tell whether there is money at all and every sum of it agrees."""
        return bool(self.reconciliation) and all(row["is_reconciled"] for row in self.reconciliation)


def read_report(warehouse: Path) -> SpendReport:
    """Read the headline numbers of a warehouse file, built or published."""
    tag_keys = query_file(warehouse, _TAG_KEYS)
    best: dict[tuple[str, str], str] = {}
    for row in tag_keys:
        if row["is_users_own"]:
            best.setdefault((row["x_source"], row["billing_currency"]), row["tag_key"])
    tag_values = [row for place, key in best.items() for row in query_file(warehouse, _TAG_VALUES, [*place, key])]
    return SpendReport(
        totals=read_totals(warehouse),
        by_service=_spenders(warehouse, "service_name", within="x_source, billing_currency"),
        by_account=_spenders(warehouse, "sub_account_id", within="x_source, billing_currency"),
        by_project=_spenders(warehouse, "project", within="x_source, billing_currency"),
        untagged=query_file(warehouse, _UNTAGGED),
        tag_keys=tag_keys,
        tag_values=tag_values,
        reconciliation=read_reconciliation(warehouse),
        failed_checks=query_file(warehouse, _FAILED_CHECKS),
    )


def read_totals(warehouse: Path) -> list[Row]:
    """Return billed and effective cost and lines per source, billing period and currency."""
    return query_file(warehouse, _TOTALS)


def read_projects(warehouse: Path) -> list[Row]:
    """Return billed and effective cost of the largest projects per currency, the unattributed among them."""
    return _spenders(warehouse, "project", within="billing_currency")


def read_reconciliation(warehouse: Path) -> list[Row]:
    """Return what was landed against what the marts hold, per source, billing period, account and currency."""
    return query_file(warehouse, _RECONCILIATION)


def read_invoices(warehouse: Path) -> list[Row]:
    """Return the sheet of every invoice, those with something unexplained first."""
    return query_file(warehouse, _INVOICES)


def _spenders(warehouse: Path, column: str, *, within: str) -> list[Row]:
    return query_file(
        warehouse, _SPENDERS.format(columns=f"{column}, {within}", column=column, within=within, top=_TOP)
    )
