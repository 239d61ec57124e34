"""What travels through the pipeline: a delivery is discovered, its receipt is landed, a build rebuilds partitions.

All are frozen values that go to JSON and back unchanged; amounts are Decimal and travel as text.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Self

from mlspend.core.check_effects import Effect


@dataclass(frozen=True)
class ExportFile:
    """One file of an export. `uri` is a local path or s3://…; `etag` as the store gives it.

    `size` is in bytes, -1 for a file that a manifest names and that is not there.
    """

    uri: str
    size: int
    etag: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One version of one billing period of one source, as it lies at its origin.

    `version` is the execution or assembly id, or a content hash where there is no manifest.
    `delivered_at` (UTC) orders versions of one period: the manifest's time, else the newest file's.
    `selects_period` is true where the files may hold other periods too, so rows are chosen by their own period.
    `fault` says why it cannot be landed, where that shows before a file is opened; such a delivery is only refused.
    """

    source: str
    export_kind: str
    period: str
    version: str
    delivered_at: datetime
    files: tuple[ExportFile, ...]
    manifest_uri: str | None = None
    selects_period: bool = False
    fault: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what identifies the delivery: source, billing period and version."""
        return (self.source, self.period, self.version)

    def __str__(self) -> str:
        return f"source {self.source!r}, billing period {self.period}, version {self.version}"


@dataclass(frozen=True)
class ControlTotal:
    """Rows and billed cost of the raw files for one day, account and invoice: what every later sum is held against.

    `invoice_id` is empty for what bears none yet, and throughout in a receipt that does not tell (`tells_invoices`).
    """

    charge_date: date
    billing_account_id: str
    sub_account_id: str
    billing_currency: str
    row_count: int
    billed_cost: Decimal
    invoice_id: str = ""


@dataclass(frozen=True)
class Receipt:
    """Proof that a delivery was landed whole. Paths in `landed_files` are relative to the landing folder.

    `same_as` is the version of an earlier delivery that holds the very same lines, empty where there is none; the
    landed files are then that one's. `net_accounts` are the billing accounts whose totals are net of their discounts,
    None in receipts of releases that knew no net costs: there every total is unblended. `tells_invoices` is false in
    receipts of releases whose totals were not per invoice. `column_types` are the types in the raw files of landed
    columns that one raw column goes into; several, joined by "/", where files differ; none in receipts of old releases.
    """

    delivery: Delivery
    shape: str
    landed_files: tuple[str, ...]
    row_count: int
    control_totals: tuple[ControlTotal, ...]
    tag_keys: tuple[str, ...] = ()
    absent_columns: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    rejected_rows: Mapping[str, int] = field(default_factory=dict)
    same_as: str = ""
    net_accounts: tuple[str, ...] | None = None
    tells_invoices: bool = False
    column_types: Mapping[str, str] = field(default_factory=dict)

    @property
    def content_version(self) -> str:
        """The version that first held these lines: what a build is made of changes only when this does."""
        return self.same_as or self.delivery.version

    @property
    def billing_accounts(self) -> frozenset[str]:
        """The billing account ids that the delivery holds lines of."""
        return frozenset(total.billing_account_id for total in self.control_totals)

    @property
    def billed_costs(self) -> dict[str, Decimal]:
        """Billed cost of the raw files per currency."""
        costs: dict[str, Decimal] = {}
        for total in self.control_totals:
            costs[total.billing_currency] = costs.get(total.billing_currency, Decimal(0)) + total.billed_cost
        return costs

    @property
    def currencies(self) -> dict[str, str]:
        """Billing currency per billing account id."""
        return {total.billing_account_id: total.billing_currency for total in self.control_totals}

    def to_json(self) -> str:
        """Return this receipt as JSON text; `from_json` gives it back equal."""
        return json.dumps(asdict(self), default=str, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the receipt that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        delivery = raw["delivery"]
        return cls(
            delivery=Delivery(
                **{
                    **delivery,
                    "delivered_at": datetime.fromisoformat(delivery["delivered_at"]),
                    "files": tuple(ExportFile(**file) for file in delivery["files"]),
                }
            ),
            shape=raw["shape"],
            landed_files=tuple(raw["landed_files"]),
            row_count=raw["row_count"],
            control_totals=tuple(
                ControlTotal(
                    **{
                        **total,
                        "charge_date": date.fromisoformat(total["charge_date"]),
                        "billed_cost": Decimal(total["billed_cost"]),
                    }
                )
                for total in raw["control_totals"]
            ),
            tag_keys=tuple(raw["tag_keys"]),
            absent_columns=tuple(raw["absent_columns"]),
            extra_columns=tuple(raw["extra_columns"]),
            rejected_rows=raw["rejected_rows"],
            same_as=raw.get("same_as", ""),
            net_accounts=None if raw.get("net_accounts") is None else tuple(raw["net_accounts"]),
            tells_invoices=raw.get("tells_invoices", False),
            column_types=raw.get("column_types", {}),
        )


@dataclass(frozen=True)
class Partition:
    """What is replaced as one: a billing period of a source, in the version of one delivery.

    `has_lines` is false once only its sums are kept. `rules` names the rules its costs are attributed by: it tells
    whether a partition must be rebuilt, not which one it is.
    """

    x_source: str
    billing_period: str
    version: str
    has_lines: bool = True
    rules: str = field(default="", compare=False)


@dataclass(frozen=True)
class Build:
    """One private build of the warehouse. `rebuilt` are the partitions it wrote, `partitions` all it holds."""

    build_id: str
    schema_version: str
    configuration_hash: str
    warehouse_path: str
    plan_path: str
    partitions: tuple[Partition, ...]
    rebuilt: tuple[Partition, ...]
    is_unchanged: bool = False
    tables_hash: str = ""

    def to_json(self) -> str:
        """Return this build as JSON text; `from_json` gives it back equal."""
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the build that `to_json` wrote."""
        raw: dict[str, Any] = json.loads(text)
        partitions = {name: tuple(Partition(**each) for each in raw[name]) for name in ("partitions", "rebuilt")}
        return cls(**{**raw, **partitions})


def build_id_at(moment: datetime) -> str:
    """Return the id of a build that is begun at `moment`; ids sort by time.

    >>> build_id_at(datetime.fromisoformat("2026-11-02T07:00:00+01:00"))
    '20261102T060000.000000Z'
    """
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


@dataclass(frozen=True)
class Publication:
    """A build that readers can open. `lake_builds` are the build ids whose lake files it names.

    `tables_hash` is that of the other inputs it was made with, such as invoices.
    """

    build_id: str
    schema_version: str
    configuration_hash: str
    published_at: datetime
    partitions: tuple[Partition, ...]
    lake_builds: tuple[str, ...]
    tables_hash: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One data-quality check: passed, failed, or (is_evaluated false) could not be asked at all.

    `effect` is what follows where it did not pass (core/check_effects.py), `reason` why the check is made;
    `check_name` is what the configuration calls it.
    """

    layer: str
    suite: str
    expectation: str
    subject: str
    is_success: bool
    is_evaluated: bool
    unexpected_count: int
    severity: str
    sample: str = ""
    x_source: str | None = None
    billing_period: str | None = None
    effect: Effect = "stop"
    reason: str = ""
    check_name: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether it was evaluated and found nothing."""
        return self.is_success and self.is_evaluated

    @property
    def is_red(self) -> bool:
        """Whether it did not pass, and that stops or holds back something."""
        return not self.is_passed and self.effect in ("stop", "hold")
