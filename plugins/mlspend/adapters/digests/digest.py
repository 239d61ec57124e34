"""The weekly digest on its way out: what is due and not out yet, held back by red gates, sent once, and kept.

An audience has one digest per ISO week. The newest week that is due and that the published data covers is told; a week
whose digest was held back until the next one is due is not told any more.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from mlspend.adapters.config import Config
from mlspend.adapters.digests import digest_message, digest_tables, mail, phrases, reading, withheld_message
from mlspend.adapters.digests.audiences import choose_audiences
from mlspend.adapters.digests.mail import Postman
from mlspend.adapters.digests.reading import Known
from mlspend.adapters.duckdb_files import Connection
from mlspend.adapters.gates.red_gates import read_red
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending
from mlspend.adapters.messages.message import Message
from mlspend.core.digest import Audience, Coverage, Digest
from mlspend.core.digest_schedule import weeks_due
from mlspend.core.errors import MessageRefused, MessageUndelivered
from mlspend.core.gates import RedGate
from mlspend.core.weeks import Week
from mlspend.core.withholding import cause_of, choose_gates

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SentMessage:
    """One digest, or the notice in its place, that went out. `teams` is empty for the whole company's.

    `place`: Slack's channel id and message time, an e-mail address, or the path in the outbox.
    """

    channel: str
    week: str
    teams: tuple[str, ...]
    place: str
    is_withheld: bool = False

    def __str__(self) -> str:
        what = "notice that there is no digest" if self.is_withheld else "digest"
        return f"{what} of {self.week} for {self.channel}: {self.place}"


class _Run:
    """What messages leave through in one run, what went out, and what failed without keeping anything else back."""

    def __init__(
        self,
        home: Home,
        ledger: Ledger,
        now: datetime,
        token: str | None,
        base_url: str | None,
        postman: Postman | None,
        clock: Callable[[], datetime],
    ) -> None:
        self.ledger, self.now, self.token = ledger, now, token
        self.sent: list[SentMessage] = []
        self._home, self._base_url, self._postman, self._clock = home, base_url, postman, clock
        self._failures: list[MessageRefused | MessageUndelivered] = []

    def post(self, message: Message, audience: Audience, week: Week, *, is_withheld: bool = False) -> None:
        """Send a message to its channel."""
        # Nothing was sent before the week was over.
        since = datetime.combine(week.sunday, time(), tzinfo=UTC) + timedelta(days=1)
        deliver = partial(sending.deliver, kind="digest", since=since, token=self.token, base_url=self._base_url)
        with self._failing():
            place = deliver(message, self._home, self.ledger, clock=self._clock)
            if place:
                self.sent.append(SentMessage(audience.channel, str(week), audience.teams, place, is_withheld))

    def mail(self, message: Message, digest: Digest, address: str) -> None:
        """Send a message to an address."""
        subject = phrases.title(digest, phrases.language_of(digest))
        key = mail.key_of(digest.week, digest.audience, address)
        send = partial(mail.deliver, key=key, now=self.now, written_at=digest.composed_at, postman=self._postman)
        with self._failing():
            place = send(message, subject, address, self._home, self.ledger)
            if place:
                self.sent.append(SentMessage(address, str(digest.week), digest.audience.teams, place))

    def is_mailed(self, week: Week, audience: Audience, address: str) -> bool:
        """Tell whether an e-mail is out, or may be."""
        known = self.ledger.message(mail.key_of(week, audience, address)) if self._postman else None
        if known and not known["sent_at"]:
            _log.warning("it is not known whether the digest of %s reached %s; it is not sent again", week, address)
        return known is not None

    def raise_failures(self) -> None:
        """Raise all failures as one error, Transient if any of them may pass with time."""
        if self._failures:
            reasons = "\n".join(str(failure) for failure in self._failures)
            may_pass = any(isinstance(failure, MessageUndelivered) for failure in self._failures)
            kind = MessageUndelivered if may_pass else MessageRefused
            raise kind(f"{reasons}\nThe digests of other channels are out and not sent again.")

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except (MessageRefused, MessageUndelivered) as error:
            _log.error("%s", error)
            self._failures.append(error)


def read(
    home: Home, company: str, *, now: datetime, week: Week | None = None, audience: Audience | None = None
) -> Digest:
    """Return the digest of `week` (None: the last complete one published) for `audience` (None: the company)."""
    with reading.published(home) as connection:
        return reading.read(connection, company, audience or Audience("company"), now=now, week=week)


def send(
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    token: str | None = None,
    base_url: str | None = None,
    *,
    postman: Postman | None = None,
    gates: Sequence[RedGate] | None = None,
    clock: Callable[[], datetime] = sending.utc_now,
) -> list[SentMessage]:
    """Send each digest that is due and not out yet, or the notice that it is held back; return what went out now.

    Without a Slack token messages are written to the outbox, without a `postman` e-mails are: each time anew, since
    nothing there has reached anybody. `gates` are the red ones (None: as they are now). What is due at `now` is dated
    by the `clock`. One audience's failure keeps no other from its digest; then all failures are raised as one error,
    Transient if any of them may pass with time.
    """
    run = _Run(home, ledger, now, token, base_url, postman, clock)
    audiences = choose_audiences(config)
    red = read_red(home, config, ledger, now) if gates is None else gates
    with reading.published(home) as connection:
        coverage = digest_tables.read_coverage(connection)
        told = reading.check_week(None, coverage, now)
        first_day = min(each.first_day for each in coverage)
        spending = {week: digest_tables.read_teams(connection, week) for week in (told, told.before)}
        known = reading.read_known(ledger.open_alerts(), red, now)
        for audience in audiences:
            # Where the data does not reach as far as the calendar, red gates are told of in the later week's place.
            for week in weeks_due(told, now, config.digest.send_at, ZoneInfo(audience.time_zone)):
                newest = min(week, told)
                if week.sunday < first_day or (audience.teams and not spending[newest].intersection(audience.teams)):
                    continue
                if stopping := _stopping(connection, audience, week, newest, red, coverage):
                    _send_notice(run, config, audience, week, stopping)
                elif week == newest:
                    _send_digest(run, connection, config, audience, week, known)
    run.raise_failures()
    return run.sent


def _stopping(
    connection: Connection,
    audience: Audience,
    week: Week,
    told: Week,
    red: Sequence[RedGate],
    coverage: tuple[Coverage, ...],
) -> tuple[RedGate, ...]:
    """Return the red gates that hold back the digest of `week`; the company reads every source."""
    sources = digest_tables.read_sources(connection, told, audience.teams) if audience.teams else None
    return choose_gates(red, week, sources, coverage)


def _send_notice(run: _Run, config: Config, audience: Audience, week: Week, stopping: tuple[RedGate, ...]) -> None:
    key = f"digest/{week}/{audience.name}"
    # What is told stays told; who reads e-mails alone is not told of what does not come.
    if not audience.channel or run.ledger.message(key if run.token else f"outbox/{key}"):
        return
    told = run.ledger.causes_told(key) if run.token else frozenset()
    causes = {cause_of(gate) for gate in stopping} - told
    # What was mended is no news.
    if causes:
        notice = withheld_message.compose(config.company, audience, week, stopping, run.now, causes=causes)
        run.post(notice, audience, week, is_withheld=True)


def _send_digest(
    run: _Run, connection: Connection, config: Config, audience: Audience, week: Week, known: Known
) -> None:
    key = f"digest/{week}/{audience.name}"
    wanted = [address for address in audience.emails if not run.is_mailed(week, audience, address)]
    is_posted = not audience.channel or (run.token is not None and run.ledger.is_out(key))
    if is_posted and not wanted:
        return
    digest = _kept(run, key, week, audience) or reading.read(
        connection,
        config.company,
        audience,
        now=run.now,
        week=week,
        restated_percent=config.digest.restated_percent,
        known=known,
    )
    message = digest_message.compose(digest)
    run.ledger.keep_digest(key, digest, digest_message.content_hash(message), run.now)
    if not is_posted:
        run.post(message, audience, week)
    for address in wanted:
        run.mail(message, digest, address)


def _kept(run: _Run, key: str, week: Week, audience: Audience) -> Digest | None:
    """Return what a message is made of that was begun: what is uncertain, or half out, must go on as it began."""
    has_begun = run.ledger.message(key) or any(
        run.ledger.message(mail.key_of(week, audience, address)) for address in audience.emails
    )
    kept = run.ledger.kept_digest(key) if has_begun else None
    return kept.digest if kept else None
