"""The order of work: land the newest, build, prove, publish. The CLI and `try` call these; the DAGs call the parts."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mlspend.adapters import (
    config_anomalies,
    exchange_rates,
    invoices,
    landing,
    landing_folder,
    lost_closings,
    proof,
    proved_builds,
    publication,
    s3_calls,
    warehouse,
)
from mlspend.adapters.build_inputs import BuildInputs, Rows
from mlspend.adapters.config import Config
from mlspend.adapters.config_budgets import budget_rows
from mlspend.adapters.config_model import KEEP_BY_DEFAULT, Retention
from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.gates import data_docs, freshness_checks, hold_back, stopped_build
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.object_stores import connect_s3
from mlspend.adapters.steps import reached
from mlspend.core.closing import check_moved
from mlspend.core.deliveries import Build, Delivery, Publication, Receipt
from mlspend.core.errors import (
    BuildOvertaken,
    ChecksFailed,
    DiskFull,
    EverythingHeld,
    ExportsNotLanded,
    ExportsRejected,
    HomeNotWritable,
    MlspendError,
    NothingProved,
    StoreAccessDenied,
    Terminal,
)
from mlspend.core.periods import EVERY_PERIOD, PeriodRange
from mlspend.core.retention import Limits
from mlspend.core.rewritten import distinguish_rewritten, holds_same_files
from mlspend.core.selection import Key
from mlspend.core.shadows import separate_shadows
from mlspend.core.steps import Step

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = logging.getLogger(__name__)

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Rejection:
    """A delivery that could not be landed, and why; `is_final` where a retry cannot help.

    `is_denied` where it may be whole, and a permission is missing.
    """

    delivery: Delivery
    reason: str
    is_final: bool
    is_denied: bool = False


@dataclass(frozen=True)
class Landed:
    """What landing one source came to; `up_to_date` counts the deliveries found that needed nothing.

    `faults` are announcements that led to no delivery at all, each as the reason why.
    """

    source: str
    receipts: tuple[Receipt, ...]
    rejections: tuple[Rejection, ...]
    up_to_date: int
    faults: tuple[str, ...] = ()

    @property
    def refusals(self) -> list[str]:
        """Why each thing that could not be landed could not be."""
        return [*self.faults, *(one.reason for one in self.rejections)]

    def raise_rejections(self) -> None:
        """Raise what was rejected, if anything was: Transient where a retry may help any of it."""
        if self.refusals:
            kind = ExportsRejected if all(one.is_final for one in self.rejections) else ExportsNotLanded
            raise kind("\n".join(self.refusals))


def land(
    source: str,
    location: str,
    home: Home,
    ledger: Ledger,
    *,
    now: datetime,
    tell: Tell,
    s3: "S3Client | None" = None,
    accept_new_currency: bool = False,
    periods: PeriodRange = EVERY_PERIOD,
    limits: Limits | None = None,
) -> Landed:
    """Land the newest delivery of every billing period of `source` in `periods` that is not landed yet.

    One that is rejected does not keep the others from being landed; errors of discovery itself are raised. `s3` is the
    client for s3://…, by default from the AWS environment. `accept_new_currency` takes it as right that a billing
    account's currency is not the recorded one any more. `limits` say what is kept: a period too old even for sums is
    not landed, one that is published as sums only is landed again when it is young enough for lines. Killed on the way
    and run again, it lands what is missing.
    """
    tell(f"looking for deliveries of {source}")
    if s3 is None and location.startswith("s3://"):
        # One for the whole run: in an outage its budget of retries is shared, so the run ends in minutes.
        s3 = connect_s3()
    with s3_calls.counting(s3, ledger, source, now):
        found = landing.discover(location, source, s3=s3)
        landed = land_deliveries(
            source,
            found,
            home,
            ledger,
            now=now,
            tell=tell,
            s3=s3,
            accept_new_currency=accept_new_currency,
            periods=periods,
            limits=limits,
        )
    ledger.record_look(source, now)
    return landed


def land_deliveries(
    source: str,
    found: list[Delivery],
    home: Home,
    ledger: Ledger,
    *,
    now: datetime,
    tell: Tell,
    s3: "S3Client | None" = None,
    accept_new_currency: bool = False,
    periods: PeriodRange = EVERY_PERIOD,
    limits: Limits | None = None,
) -> Landed:
    """Land what is newest of the deliveries `found`, oldest billing period first, and record what became of each."""
    receipts: list[Receipt] = []
    rejections: list[Rejection] = []
    found = [_distinguished(each, ledger) for each in found]
    _note_lost_lines(home, ledger, now)
    # What lies outside the range is recorded as seen too: freshness goes by everything that was delivered.
    wanted = [
        each
        for each in ledger.select_to_land(found, now, held=_held_as_sums(home, limits))
        if each.period in periods and (limits is None or limits.keeps_sums(each.period))
    ]
    current = {(one.delivery.source, one.delivery.period): one for one in ledger.current_receipts()}
    reached(Step.DELIVERIES_SEEN)
    for number, delivery in enumerate(wanted, 1):
        tell(f"landing {delivery.source} {delivery.period} ({number} of {len(wanted)})")
        currencies = {} if accept_new_currency else ledger.currencies(source)
        try:
            before = current.get((delivery.source, delivery.period))
            receipt = landing.land(delivery, home, known_currencies=currencies, now=now, s3=s3, current=before)
        except (DiskFull, HomeNotWritable) as error:
            # No fault of the delivery, and the next one would fare no better.
            ledger.record_rejected(delivery, str(error), now, is_final=False)
            raise
        except MlspendError as error:
            is_denied = isinstance(error, StoreAccessDenied)
            rejection = Rejection(delivery, str(error), isinstance(error, Terminal), is_denied)
            rejections.append(rejection)
            ledger.record_rejected(delivery, rejection.reason, now, is_final=rejection.is_final)
        else:
            with landing_folder.settled(home.landing):
                if not landing_folder.has_lines(home.landing, receipt):
                    # Found, and removed as unneeded before it was recorded.
                    receipt = landing.land(delivery, home, known_currencies=currencies, now=now, s3=s3)
                ledger.record_landed(receipt, now)
            reached(Step.LANDING_RECORDED)
            receipts.append(receipt)
    up_to_date = sum(each.period in periods for each in found) - len(wanted)
    return Landed(source, tuple(receipts), tuple(rejections), up_to_date)


def _note_lost_lines(home: Home, ledger: Ledger, now: datetime) -> None:
    """Record of deliveries that count and whose landed lines are gone that they are, so that they are landed again."""
    held = _held_as_sums(home, None)
    lost = [
        one.delivery.key
        for one in ledger.current_receipts()
        if not landing_folder.has_lines(home.landing, one)
        and (one.delivery.source, one.delivery.period, one.content_version) not in held
    ]
    if lost:
        ledger.record_lines_removed(lost, now)


def _distinguished(found: Delivery, ledger: Ledger) -> Delivery:
    """Return `found`, under a version of its own where the files of a landed version were delivered anew."""
    receipt = ledger.receipt(found)
    if receipt is None or holds_same_files(found, receipt.delivery):
        return found
    distinguished = distinguish_rewritten(found, receipt.delivery)
    if distinguished.version == found.version:
        logger.warning(
            "%s: its files have changed since they were landed, its manifest has not: what was landed stays, until "
            "a manifest tells of the new files",
            found,
        )
    else:
        logger.warning("%s was delivered anew with other files: taken for a restatement", found)
    return distinguished


def build(home: Home, config: Config, ledger: Ledger, *, now: datetime, tell: Tell, holds_back: bool = True) -> Build:
    """Build privately what the ledger says is current, on top of what is published, and prove it.

    Billing periods that the gates hold back stay as published, see `prove`; unless `holds_back`, a build with any of
    them is refused. The build is kept as proved until it is published. ChecksFailed and BuildFailed leave the published
    one untouched.
    """
    previous = publication.read_published(home)
    tell("building the warehouse")
    # The proof gets ready on the other core while dbt, which works on one for much of its time, builds.
    with proof.Prover() as prover:
        made = make_build(home, config, ledger, previous, now=now)
        if not made.is_unchanged:
            tell("proving the build")
            made = prove(made, home, config, ledger, previous, now=now, prover=prover, tell=tell, holds_back=holds_back)
    if made.is_unchanged:
        # A run that died between the published file and the ledger is caught up with.
        publication.publish(made, home, ledger, now=now, retention=config.retention)
        proved_builds.remove_marks(home)
    else:
        with disk_errors(home.root, f"build {made.build_id}"):
            proved_builds.mark(home, made, previous)
        reached(Step.BUILD_MARKED)
    return made


def make_build(home: Home, config: Config, ledger: Ledger, previous: Publication | None, *, now: datetime) -> Build:
    """Build privately what counts, on top of the `previous` publication, and record it; the proof is another step.

    What is held back stays as published; EverythingHeld where nothing is, and nothing else is landed.
    """
    with stopped_build.noted(home, now):
        lost_closings.recover(home, ledger)
        invoices.take_files(home, config, ledger, now=now)
        receipts, inputs = _what_counts(home, config, ledger)
        check_moved(receipts, ledger.closed_spend())
        if previous is None and receipts and len(inputs.held_back) == len(receipts):
            raise EverythingHeld(hold_back.explain_everything_held(ledger))
        # Before anything can be published by them: a closing refers to them.
        ledger.record_rules(inputs.rules_by_version(config, receipts), now)
        made = warehouse.build(home, config, receipts, previous, now=now, inputs=inputs)
    if made.is_unchanged:
        # Whatever stopped an earlier build is mended: all that counts is published.
        stopped_build.clear(home)
    else:
        ledger.record_built(made.partitions, now)
        reached(Step.BUILD_RECORDED)
    return made


def prove(
    made: Build,
    home: Home,
    config: Config,
    ledger: Ledger,
    previous: Publication | None,
    *,
    now: datetime,
    tell: Tell,
    prover: proof.Prover | None = None,
    holds_back: bool = True,
) -> Build:
    """Prove `made` and return the build that may be published: that one, or where gates hold back, another.

    What a red gate holds back is recorded in the ledger, then the build is made once more with these billing periods
    as they were published in `previous`, or without them, and that one is proved. Raises ChecksFailed where a check
    stops all.
    """
    while not made.is_unchanged:
        with stopped_build.noted(home, now, made.build_id):
            results = proof.ask(
                made,
                home,
                now=now,
                prover=prover,
                effects=config.gates.effect_of,
                thresholds=config.gates.thresholds(),
                beside=freshness_checks.ask(config, ledger, now),
                held=[one for one in ledger.held_deliveries() if one.is_red],
            )
        verdict = hold_back.judge(made, results, ledger)
        stopping = [*verdict.stopping]
        if not holds_back:
            stopping += [result for found in verdict.held.values() for result in found]
        if stopping:
            stopped_build.record(home, tuple(hold_back.sentence(result) for result in stopping), now, made.build_id)
            pages = data_docs.link(config, made.build_id) or data_docs.find(home, made.build_id)
            raise ChecksFailed(proof.explain_stopped(made, stopping, pages))
        if not verdict.held:
            break
        for one in hold_back.record(made, verdict, config, ledger, now):
            logger.warning("%s", hold_back.describe(one))
        reached(Step.HOLD_RECORDED)
        tell("building again without what is held back")
        made, prover = make_build(home, config, ledger, previous, now=now), None
    return made


def _what_counts(home: Home, config: Config, ledger: Ledger) -> tuple[list[Receipt], BuildInputs]:
    """Return the receipts that count and what else the next build is made of, with what is held back."""
    receipts = receipts_that_count(config, ledger)
    return receipts, hold_back.keep_back(inputs_of(home, config, ledger), config, ledger, receipts)


def receipts_that_count(config: Config, ledger: Ledger) -> list[Receipt]:
    """Return the receipts that the warehouse is to hold, and record which ones are shadows of them.

    A source that is no longer configured does not count (with none configured, as in a trial, all do). Raises
    ExportsOverlap where two exports hold the same account and period and nothing says which counts.
    """
    configured = {source.name for source in config.sources}
    receipts = [one for one in ledger.current_receipts() if not configured or one.delivery.source in configured]
    counting, shadows = separate_shadows(receipts, config.preferred_kinds)
    ledger.record_shadows(shadows)
    return counting


def inputs_of(home: Home, config: Config, ledger: Ledger) -> BuildInputs:
    """Return what a build is made of besides deliveries and configuration."""
    configured = {source.name for source in config.sources}
    tables: dict[str, Rows] = {
        config_anomalies.INPUT: config.anomalies.rows(),
        "closed_periods": ledger.closed_periods(),
        "closed_spend": ledger.closed_spend(),
        "budgets": budget_rows(config),
        "invoices": [one.plain() for one in ledger.invoices() if not configured or one.source in configured],
    }
    return BuildInputs(
        frozen=ledger.frozen_rules(),
        rates=exchange_rates.read_rates(home, config, ledger),
        tables={name: rows for name, rows in tables.items() if rows},
    )


def awaits_publication(home: Home, config: Config, ledger: Ledger, *, now: datetime) -> bool:
    """Tell whether readers would see something else if everything landed were built and published now.

    So it is while the newest build counts as stopped: only another one can tell that nothing is in the way any more.
    """
    published = publication.read_published(home)
    invoices.take_files(home, config, ledger, now=now)
    receipts, inputs = _what_counts(home, config, ledger)
    contents = warehouse.compare(home, config, receipts, published, now=now, inputs=inputs)
    if published is None:
        return bool(contents.partitions)
    if stopped_build.read(home):
        return True
    return not warehouse.is_current(published, contents, inputs)


def publish(
    home: Home, ledger: Ledger, *, now: datetime, tell: Tell, retention: Retention = KEEP_BY_DEFAULT
) -> Publication:
    """Publish the newest build that was proved, and return what is published then: the same again where none waits.

    `retention` says what of older publications and of landed lines is kept.

    Raises NothingProved where nothing was ever published or proved, BuildOvertaken where the proved build was begun
    before something else was published: it would take that back.
    """
    current = publication.read_published(home)
    current_id = current.build_id if current else None
    newest = proved_builds.newest(home)
    if newest is None:
        if current is None:
            raise NothingProved(f"no build in {home.builds} has passed its checks: run `mlspend build` first")
        return current
    proved, begun_on = newest
    # A run that died in the middle of publishing leaves the mark of a build that readers may open already.
    if proved.build_id != current_id and begun_on != current_id:
        raise BuildOvertaken(
            f"build {proved.build_id} was begun before {current_id or 'nothing'} was published, "
            "and would take that back: run `mlspend build` again"
        )
    tell("publishing")
    published = publication.publish(proved, home, ledger, now=now, retention=retention)
    proved_builds.remove_marks(home)
    return published


def _held_as_sums(home: Home, limits: Limits | None) -> set[Key]:
    """The contents whose lines readers have no more and are not to get back: they need not be landed again."""
    published = publication.read_published(home)
    return {
        (one.x_source, one.billing_period, one.version)
        for one in (published.partitions if published else ())
        if not one.has_lines and not (limits and limits.keeps_lines(one.billing_period))
    }
