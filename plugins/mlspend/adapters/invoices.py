"""Take invoices into the state store: from the files and APIs that mlspend.yml names."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mlspend.adapters import aws_invoices
from mlspend.adapters.config_model import Config
from mlspend.adapters.config_money import InvoiceInput
from mlspend.adapters.home import Home
from mlspend.adapters.invoice_file import read_invoices
from mlspend.adapters.ledger import Ledger
from mlspend.core.errors import ConfigInvalid, InvoicesUnreadable, MlspendError
from mlspend.core.invoices import AWS_INVOICES, Invoice

logger = logging.getLogger(__name__)

# A month is invoiced until the middle of the next, and corrected in the one after: older ones on request.
_NEWEST_PERIODS = 3


@dataclass(frozen=True)
class Taken:
    """What one input came to: the invoices read, how many of them were new or restated, or why none could be read."""

    source: str
    taken_from: str
    invoices: tuple[Invoice, ...] = ()
    changed: int = 0
    refusal: str = ""


def take(
    home: Home,
    config: Config,
    ledger: Ledger,
    *,
    now: datetime,
    source: str | None = None,
    period: str | None = None,
    only_files: bool = False,
) -> list[Taken]:
    """Take the invoices of `source` (None: of all) and `period` (None: of all in files, of the newest three by API).

    A restated invoice replaces what was known of it; none is ever removed. An input that cannot be read leaves the
    others. Raises ConfigInvalid where nothing is configured for `source`.
    """
    inputs = [one for one in config.invoices if source in (None, one.source)]
    if source is not None and not inputs:
        raise ConfigInvalid(
            f"no invoices of source {source!r} are configured: add them under `invoices` in mlspend.yml"
        )
    taken = []
    for one in inputs:
        if only_files and one.file is None:
            continue
        name = one.file or AWS_INVOICES
        try:
            found = _read(home, ledger, one, period, now)
        except MlspendError as error:
            taken.append(Taken(one.source, name, refusal=str(error)))
        else:
            taken.append(Taken(one.source, name, tuple(found), ledger.record_invoices(found, now)))
    return taken


def take_files(home: Home, config: Config, ledger: Ledger, *, now: datetime) -> None:
    """Take what the files of invoices say by now, before a build.

    What cannot be read is a warning: invoices are held against the bill, the bill does not wait for them.
    """
    for one in take(home, config, ledger, now=now, only_files=True):
        if one.refusal:
            logger.warning("%s; the invoices known so far count", one.refusal)


def _read(home: Home, ledger: Ledger, wanted: InvoiceInput, period: str | None, now: datetime) -> Sequence[Invoice]:
    if wanted.file is not None:
        path = home.root / Path(wanted.file).expanduser()
        found = read_invoices(path, source=wanted.source, written=wanted.file)
        return [one for one in found if period in (None, one.billing_period)]
    accounts = ledger.currencies(wanted.source)
    landed = {one.delivery.period for one in ledger.current_receipts() if one.delivery.source == wanted.source}
    if not accounts:
        raise InvoicesUnreadable(
            f"source {wanted.source!r}: nothing of it is landed, its accounts are not known: run `mlspend land` first"
        )

    def note(operation: str) -> None:
        ledger.record_api_call("invoicing", operation, wanted.source, now)

    periods = [period] if period else sorted(landed)[-_NEWEST_PERIODS:]
    return list(
        aws_invoices.list_invoices(
            wanted.source, accounts, periods, profile=wanted.profile, region=wanted.region, note=note
        )
    )
