"""Many small landed bills, drawn by chance from a seed: all line types, signs, currencies, tags, containers.

What commitments bill and what their use costs belongs together as in a real bill, so that the identity of billed and
effective cost holds; everything else is whatever chance gives.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb

from mlspend.adapters.home import Home
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.deliveries import ControlTotal, Delivery, Receipt
from mlspend.core.export_kinds import FOCUS_COLUMNS

PERIOD = "2026-10"
ACCOUNTS = [f"{number:012d}" for number in range(1, 7)]
SERVICES = ["AmazonEC2", "AmazonS3", "AmazonEKS", "AmazonVPC", "AWSSupportBusiness", "AmazonSageMaker"]
PROJECTS = ["apollo", "borealis", "cassini", "draco", "europa"]
POOLS = [f"pool-{number}" for number in range(10)]
_CURRENCIES = ["USD", "EUR", "JPY"]
_NOW = datetime(2026, 11, 2, tzinfo=UTC)
Line = dict[str, Any]


def configuration(chance: random.Random) -> str:
    """Return a configuration with 30 rules and 10 shared costs of all kinds, which give to projects and later ones."""
    text = "company: Chance\nsources: []\nteams: [{name: one}, {name: two}]\nprojects:\n"
    for name in PROJECTS:
        text += f"  - {{name: {name}, team: {chance.choice(['one', 'two'])}}}\n"
    text += "rules:\n"
    places = [(account, service) for account in ACCOUNTS for service in SERVICES]
    # Each shared cost is filled by a rule, the others name projects and shared costs by chance.
    targets = [f"shared: {name}" for name in POOLS]
    targets += [
        chance.choice([f"project: {chance.choice(PROJECTS)}", f"shared: {chance.choice(POOLS)}"]) for _ in range(20)
    ]
    for number, (account, service) in enumerate(chance.sample(places, len(targets))):
        over_tags = ", over_tags: true" if chance.random() < 0.5 else ""
        when = f'{{accounts: ["{account}"], services: [{service}]}}'
        text += f"  - {{id: rule-{number}, when: {when}, {targets[number]}{over_tags}}}\n"
    text += "shared_costs:\n"
    for number, name in enumerate(POOLS):
        split = ["even", "fixed", "spend", "usage", "spend"][number % 5]
        # The first four give to the next three, those to the last three: each step of a chain costs all bills time.
        later = POOLS[4:7] if number < 4 else POOLS[7:] if number < 7 else []
        takers = chance.sample([*PROJECTS, *later], 4)
        if split == "fixed":
            cuts = sorted(chance.sample(range(1, 1000000), len(takers) - 1))
            parts = [end - begin for begin, end in zip([0, *cuts], [*cuts, 1000000], strict=True)]
            named = ", ".join(
                f"{taker}: {Decimal(part).scaleb(-6):f}" for taker, part in zip(takers, parts, strict=True)
            )
            text += f"  - {{name: {name}, split: fixed, keys: {{{named}}}}}\n"
            continue
        more = f", among: [{', '.join(takers)}]" if number % 2 else ""
        more += ", usage: {unit: GB}" if split == "usage" else ""
        more += ", valid_from: 2026-10-05" if number == 7 else ""
        text += f"  - {{name: {name}, split: {split}{more}}}\n"
    return text


def land_bills(home: Home, chance: random.Random, *, sources: int, bills: int) -> list[Receipt]:
    """Land `bills` bills of one month in each of `sources` sources, of which every fourth is in FOCUS form.

    A bill is what one payer owes: nothing is split across payers, so many in a source are as many as in sources.
    """
    receipts = []
    with duckdb.connect() as connection:
        for number in range(sources):
            make, shape = (_focus_bill, "focus") if number % 4 == 3 else (_aws_bill, "aws_cur")
            lines = [line for payer in range(bills) for line in make(chance, number * bills + payer)]
            receipts.append(_land(connection, home, f"source_{number:03d}", lines, shape))
    return receipts


def _money(chance: random.Random, *, signed: bool = True) -> Decimal:
    quanta = chance.choice([chance.randrange(1, 50), chance.randrange(1, 10**12), chance.randrange(1, 10**15)])
    return Decimal(-quanta if signed and chance.random() < 0.15 else quanta).scaleb(-12)


def _tags(chance: random.Random) -> dict[str, str]:
    return chance.choice([{}, {}, {"user_project": chance.choice(PROJECTS)}, {"user_project": "nobody"}])


def _aws_bill(chance: random.Random, number: int) -> Iterator[Line]:
    """Yield 10 to 60 lines of one payer, whose account has one currency."""
    context = {
        "bill_payer_account_id": f"9{number:011d}",
        "bill_billing_period_start_date": f"{PERIOD}-01 00:00:00",
        "line_item_currency_code": chance.choice(_CURRENCIES),
        "bill_invoice_id": chance.choice([None, "INV-1"]),
    }
    blocks = [_usage, _usage, _usage, _node, _node, _savings_plan, _reservation, _others]
    count = 0
    while count < 10 or (count < 50 and chance.random() < 0.85):
        for line in chance.choice(blocks)(chance, count):
            count += 1
            yield {**context, **line}


def _line(chance: random.Random, kind: str, cost: Decimal, hour: datetime | None = None, **columns: Any) -> Line:
    start = hour or _hour(chance)
    return {
        "line_item_usage_account_id": chance.choice(ACCOUNTS),
        "line_item_line_item_type": kind,
        "line_item_product_code": chance.choice(SERVICES),
        "line_item_usage_type": chance.choice(["DataTransfer-Out-Bytes", "TimedStorage-ByteHrs", "Requests-Tier1"]),
        "line_item_usage_start_date": str(start),
        "line_item_usage_end_date": str(start + timedelta(hours=1)),
        "line_item_usage_amount": chance.randrange(1, 1000) / 8,
        "line_item_unblended_cost": cost,
        "pricing_unit": chance.choice(["GB", "Hrs"]),
        "tags": _tags(chance),
        **columns,
    }


def _hour(chance: random.Random) -> datetime:
    return datetime(2026, 10, 1) + timedelta(hours=chance.randrange(0, 10 * 24))  # noqa: DTZ001 (as exports write it)


def _usage(chance: random.Random, _: int) -> Iterator[Line]:
    for _ in range(chance.randrange(1, 6)):
        yield _line(chance, "Usage", _money(chance))


def _node(chance: random.Random, at: int) -> Iterator[Line]:
    """An instance with one or two charges in an hour, its disk, and containers that cost less, as much, or more."""
    hour, account, node = _hour(chance), chance.choice(ACCOUNTS), f"i-{at:017d}"
    common = {"line_item_usage_account_id": account, "line_item_product_code": "AmazonEC2"}
    costs = [_money(chance) for _ in range(chance.randrange(0, 3))]
    for cost in costs:
        instance = {"line_item_usage_type": "BoxUsage:m5.large", "line_item_resource_id": node}
        yield _line(chance, "Usage", cost, hour, **common, **instance)
    disk = {"line_item_usage_type": "EBS:VolumeUsage.gp3", "line_item_resource_id": node}
    yield _line(chance, "Usage", _money(chance), hour, **common, **disk)
    parts = chance.choice([[0.25, 0.5], [1], [0.3, 0.3, 0.4], [0.9, 0.6]])
    for number, part in enumerate(parts):
        whole = max(sum(costs, Decimal(0)), Decimal("0.000000000007"))
        split = (whole * Decimal(part)).quantize(Decimal("1e-12"))
        container = {
            "line_item_usage_account_id": account,
            "line_item_product_code": "AmazonEKS",
            "line_item_operation": "EKSPod-EC2",
            "line_item_resource_id": f"arn:aws:eks:us-east-1:1:pod/cluster/team/pod-{at}-{number}/uid",
            "split_line_item_parent_resource_id": node,
            "split_line_item_split_cost": split,
            "split_line_item_unused_cost": Decimal(0),
        }
        yield _line(chance, "Usage", Decimal(0), hour, **container)


def _savings_plan(chance: random.Random, at: int) -> Iterator[Line]:
    """Covered usage and its negation in one hour of one account, and the fee that pays for it, a part unused."""
    hour, account, plan = _hour(chance), chance.choice(ACCOUNTS), f"arn:aws:savingsplans::1:savingsplan/{at}"
    common = {"line_item_usage_account_id": account, "savings_plan_savings_plan_a_r_n": plan}
    covered = [(_money(chance, signed=False), _money(chance, signed=False)) for _ in range(chance.randrange(1, 4))]
    for unblended, effective in covered:
        columns = {**common, "line_item_product_code": "AmazonEC2", "line_item_usage_type": "BoxUsage:m5.large"}
        columns["savings_plan_savings_plan_effective_cost"] = effective
        yield _line(chance, "SavingsPlanCoveredUsage", unblended, hour, **columns)
    negated = -sum((each[0] for each in covered), Decimal(0))
    yield _line(chance, "SavingsPlanNegation", negated, hour, **common, line_item_product_code="ComputeSavingsPlans")
    used, unused, upfront = (
        sum((each[1] for each in covered), Decimal(0)),
        _money(chance, signed=False),
        _money(chance),
    )
    fee = {
        "savings_plan_total_commitment_to_date": used + unused,
        "savings_plan_used_commitment": used,
        "savings_plan_amortized_upfront_commitment_for_billing_period": upfront,
        "line_item_product_code": "ComputeSavingsPlans",
    }
    yield _line(chance, "SavingsPlanRecurringFee", used + unused - upfront, hour, **common, **fee)
    yield _line(chance, "SavingsPlanUpfrontFee", _money(chance, signed=False), **common)


def _reservation(chance: random.Random, at: int) -> Iterator[Line]:
    """Usage that a reservation covers, its fee of the month with an unused part, and sometimes its purchase."""
    arn = {"reservation_reservation_a_r_n": f"arn:aws:ec2:us-east-1:1:reserved-instances/{at}"}
    used = [_money(chance, signed=False) for _ in range(chance.randrange(1, 4))]
    for cost in used:
        yield _line(chance, "DiscountedUsage", Decimal(0), **arn, reservation_effective_cost=cost)
    unused, upfront = _money(chance, signed=False), _money(chance)
    fee = {
        "reservation_unused_recurring_fee": unused,
        "reservation_unused_amortized_upfront_fee_for_billing_period": Decimal(0),
        "reservation_amortized_upfront_fee_for_billing_period": upfront,
        "reservation_unused_quantity": 7.0,
        "line_item_usage_end_date": "2026-10-31 23:59:59",
    }
    month = datetime(2026, 10, 1)  # noqa: DTZ001 (as exports write it)
    yield _line(chance, "RIFee", sum(used, Decimal(0)) + unused - upfront, month, **arn, **fee)
    if chance.random() < 0.5:
        yield _line(chance, "Fee", _money(chance, signed=False), **arn)


def _others(chance: random.Random, _: int) -> Iterator[Line]:
    for kind in chance.sample(["Fee", "Refund", "Credit", "Tax", "EdpDiscount", "SomethingNew"], 3):
        cost = _money(chance, signed=False)
        yield _line(chance, kind, -cost if kind in ("Refund", "Credit", "EdpDiscount") else cost)


def _focus_bill(chance: random.Random, number: int) -> Iterator[Line]:
    """Yield 10 to 60 lines of one billing account."""
    payer, currency = f"focus-{number}", chance.choice(_CURRENCIES)
    for at in range(chance.randrange(10, 60)):
        start = _hour(chance)
        yield {
            "billing_account_id": payer,
            "billing_currency": currency,
            "billing_period_start": f"{PERIOD}-01 00:00:00",
            "charge_category": chance.choice(["Usage", "Usage", "Purchase", "Tax", "Credit", "Adjustment"]),
            "charge_description": f"charge {at}",
            "charge_period_start": str(start),
            "charge_period_end": str(start + timedelta(hours=1)),
            "service_name": chance.choice(SERVICES),
            "provider_name": chance.choice(["Azure", None]),
            "sub_account_id": chance.choice([*ACCOUNTS, None, ""]),
            "invoice_id": chance.choice([None, "F-1", "F-2"]),
            "region_id": chance.choice([None, "eu-west-1"]),
            "consumed_quantity": chance.choice([None, chance.randrange(1, 1000) / 8]),
            "consumed_unit": chance.choice(["GB", "Hours"]),
            "commitment_discount_status": chance.choice([None, None, "Used", "Unused"]),
            **{name: _money(chance) for name in ("billed_cost", "effective_cost", "contracted_cost")},
            "list_cost": chance.choice([None, _money(chance)]),
            "tags": _tags(chance),
        }


# Columns of the control total: day, billing account, account, currency, billed cost.
_TOTALS = {
    "aws_cur": (
        "line_item_usage_start_date",
        "bill_payer_account_id",
        "line_item_usage_account_id",
        "line_item_currency_code",
        "line_item_unblended_cost",
    ),
    "focus": ("charge_period_start", "billing_account_id", "sub_account_id", "billing_currency", "billed_cost"),
}


def _land(connection: duckdb.DuckDBPyConnection, home: Home, source: str, lines: Sequence[Line], shape: str) -> Receipt:
    folder = home.landing / source / PERIOD / "v1"
    folder.mkdir(parents=True)
    types = CUR_COLUMNS if shape == "aws_cur" else FOCUS_COLUMNS
    connection.execute(
        f"create or replace table lines ({', '.join(f'{name} {type_}' for name, type_ in types.items())})"
    )
    used = sorted({name for each in lines for name in each})
    places = ", ".join([f"({', '.join('?' for _ in used)})"] * len(lines))
    connection.execute(
        f"insert into lines ({', '.join(used)}) values {places}", [each.get(name) for each in lines for name in used]
    )
    connection.execute(f"copy lines to '{folder / 'lines-1.parquet'}' (format parquet)")
    totals: dict[tuple[str, ...], list[Decimal]] = {}
    day, *keys, cost = _TOTALS[shape]
    for each in lines:
        totals.setdefault((each[day][:10], *(each[key] or "" for key in keys)), []).append(each[cost])
    receipt = Receipt(
        delivery=Delivery(source, "aws_cur2" if shape == "aws_cur" else "focus", PERIOD, "v1", _NOW, ()),
        shape=shape,
        landed_files=(f"{source}/{PERIOD}/v1/lines-1.parquet",),
        row_count=len(lines),
        control_totals=tuple(
            ControlTotal(date.fromisoformat(key[0]), *key[1:], len(costs), sum(costs, Decimal(0)))
            for key, costs in totals.items()
        ),
        tag_keys=("user_project",),
    )
    (folder / "receipt.json").write_text(receipt.to_json())
    return receipt
