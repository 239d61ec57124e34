"""Somebody's own exports, nothing configured: found, landed, built, proved and reported in a throw-away home."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from mlspend.adapters import config, landing, pipeline, spend_report
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.manifests import is_manifest
from mlspend.adapters.object_stores import StoredObject, open_store
from mlspend.adapters.pipeline import Landed, Tell
from mlspend.adapters.warehouse_query import Row
from mlspend.core.deliveries import Delivery, Receipt
from mlspend.core.errors import ChecksFailed, ConfigInvalid, ExportUnrecognised, MlspendError, SeveralExports
from mlspend.core.selection import Key


@dataclass
class Trial:
    """What a path came to. Rows are plain values; `report` is None where nothing could be built."""

    path: str
    found: list[Row] = field(default_factory=list)
    unrecognised: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    rejected_rows: list[Row] = field(default_factory=list)
    columns: list[Row] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    report: spend_report.SpendReport | None = None
    kept_in: str | None = None

    @property
    def is_good(self) -> bool:
        """Tell whether everything found was landed, passed its checks and reconciles."""
        return bool(self.report and self.report.is_reconciled and not self.rejected and not self.failures)

    @property
    def verdict(self) -> str:
        """Return the outcome in one sentence."""
        if self.report is None:
            return (
                "nothing could be reported: see what was rejected or failed above" if self.found else "no export found"
            )
        if not self.report.is_reconciled:
            return "does NOT reconcile: some sums of the same money differ"
        if self.rejected or self.failures:
            return "what was landed reconciles, but not everything was: see what was rejected or failed above"
        return "reconciles: the raw files, the lines and the marts hold the same money"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, with the verdict."""
        return {**asdict(self), "is_good": self.is_good, "verdict": self.verdict}


def run(path: str, *, now: datetime, tell: Tell, keep: Path | None = None) -> Trial:
    """Run everything on the exports at `path` (folder, file or s3://…) and return what they came to.

    The home it happens in is removed at the end, or is the folder `keep`, which must be empty.
    """
    trial = Trial(path, kept_in=str(keep) if keep else None)
    tell(f"looking at {path}")
    exports = _find_exports(path, trial)
    if not exports:
        return trial
    with _home(keep) as home, Ledger(f"sqlite:///{home.root / 'state.db'}") as ledger:
        ledger.migrate()
        for source, deliveries in exports.items():
            landed = pipeline.land_deliveries(source, deliveries, home, ledger, now=now, tell=tell)
            _note_landed(landed, trial)
        billed = {
            (one.delivery.source, one.delivery.period, one.delivery.version): _sum_billed(one)
            for one in ledger.current_receipts()
        }
        trial.found = [_describe(row, billed) for row in ledger.deliveries()]
        if billed:
            trial.report = _build_report(home, ledger, trial, now=now, tell=tell)
    return trial


def _build_report(
    home: Home, ledger: Ledger, trial: Trial, *, now: datetime, tell: Tell
) -> spend_report.SpendReport | None:
    try:
        pipeline.build(home, config.default(), ledger, now=now, tell=tell, holds_back=False)
        pipeline.publish(home, ledger, now=now, tell=tell)
        warehouse = home.published_warehouse
    except ChecksFailed as error:
        # The numbers help to see why a check said no.
        trial.failures.append(str(error))
        warehouse = next(home.builds.glob("*/warehouse.duckdb"))
    except MlspendError as error:
        trial.failures.append(str(error))
        return None
    tell("reading the report")
    return spend_report.read_report(warehouse)


def _find_exports(path: str, trial: Trial) -> dict[str, list[Delivery]]:
    """Return the deliveries at `path` per export, each export under a source name of its own."""
    objects = open_store(path).list_objects()
    exports: dict[str, list[Delivery]] = {}
    seen: set[str] = set()
    for root, deliveries in _explore(path, objects, trial):
        name = _name_source(root, exports)
        exports[name] = [replace(delivery, source=name) for delivery in deliveries]
        seen.update(file.uri for delivery in deliveries for file in delivery.files)
    # What stands beside a manifest is its export's own: a superseded assembly, Athena's create statements.
    own_folders = {_folder(each) for each in objects if is_manifest(each)}
    trial.unrecognised = [
        each.path for each in objects if each.file.uri not in seen and _folder(each) not in own_folders
    ]
    return exports


def _folder(stored: StoredObject) -> str:
    return stored.path.rpartition("/")[0]


def _explore(path: str, objects: list[StoredObject], trial: Trial) -> Iterator[tuple[str, list[Delivery]]]:
    """Discover at `path`; where it holds several exports, in each of the files and folders in it."""
    try:
        deliveries = landing.discover(path, _name_source(path, {}))
    except SeveralExports:
        yield from _explore_below(path, objects, trial)
    except ExportUnrecognised:
        return
    except MlspendError as error:
        trial.rejected.append(str(error))
    else:
        yield path, deliveries
        # Where there are manifests only what they name was looked at; another export may lie beside theirs.
        files = {file.uri for delivery in deliveries for file in delivery.files}
        own = {_top(each) for each in objects if is_manifest(each) or each.file.uri in files}
        yield from _explore_below(path, [each for each in objects if _top(each) not in own], trial)


def _explore_below(path: str, objects: list[StoredObject], trial: Trial) -> Iterator[tuple[str, list[Delivery]]]:
    for name in sorted({_top(each) for each in objects}):
        below = [replace(each, path=each.path.partition("/")[2] or each.path) for each in objects if _top(each) == name]
        yield from _explore(f"{path.rstrip('/')}/{name}", below, trial)


def _top(stored: StoredObject) -> str:
    return stored.path.partition("/")[0]


def _name_source(root: str, taken: dict[str, list[Delivery]]) -> str:
    """Return a source name from the last part of a path that no other export bears.

    >>> _name_source("s3://bills/exports/ML-Cur.v2/", {}), _name_source("/2024", {"export_2024": []})
    ('ml_cur_v2', 'export_2024_2')
    """
    words = re.sub(r"[^a-z0-9]+", "_", root.rstrip("/").rsplit("/", 1)[-1].lower()).strip("_")[:40]
    name = words if words[:1].isalpha() else f"export_{words}".rstrip("_")
    number = 2
    while name in taken:
        name, number = f"{name.removesuffix(f'_{number - 1}')}_{number}", number + 1
    return name


def _note_landed(landed: Landed, trial: Trial) -> None:
    trial.rejected += [rejection.reason for rejection in landed.rejections]
    for receipt in landed.receipts:
        place = {"source": landed.source, "billing_period": receipt.delivery.period}
        trial.rejected_rows += [
            {**place, "rule": rule, "lines": count} for rule, count in receipt.rejected_rows.items()
        ]
        for what, names in (("absent", receipt.absent_columns), ("kept in x_extra", receipt.extra_columns)):
            if names:
                trial.columns.append({**place, "what": what, "count": len(names), "columns": list(names)})


def _describe(row: Row, billed: Mapping[Key, str]) -> Row:
    names = ["source", "billing_period", "export_kind", "version", "status", "file_count", "byte_count", "row_count"]
    return {name: row[name] for name in names} | {
        "billed_cost": billed.get((row["source"], row["billing_period"], row["version"]))
    }


def _sum_billed(receipt: Receipt) -> str:
    """Return the billed cost of the raw files as text, per currency."""
    costs: dict[str, Decimal] = defaultdict(Decimal)
    for total in receipt.control_totals:
        costs[total.billing_currency] += total.billed_cost
    return ", ".join(f"{cost:f} {currency}" for currency, cost in sorted(costs.items()))


@contextmanager
def _home(keep: Path | None) -> Iterator[Home]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="mlspend-try-") as folder:
            yield Home(Path(folder).resolve())
        return
    keep.mkdir(parents=True, exist_ok=True)
    if any(keep.iterdir()):
        raise ConfigInvalid(f"{keep} is not empty: name an empty or a new folder to keep the home in")
    yield Home(keep.resolve())
