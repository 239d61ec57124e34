"""The weekly digest: read from what is published, sent once per channel and ISO week, or written to the outbox."""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from mlspend.adapters import duckdb_files
from mlspend.adapters.config import Config
from mlspend.adapters.digests import digest_tables, slack_blocks
from mlspend.adapters.duckdb_files import Connection
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import sending, slack
from mlspend.core import wording
from mlspend.core.digest import Coverage, Digest, choose_week, compose_sections
from mlspend.core.errors import (
    ConfigInvalid,
    MessageRefused,
    MessageUndelivered,
    NothingPublished,
    WeekNotCovered,
)
from mlspend.core.restatements import worth_telling
from mlspend.core.weeks import Week

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SentMessage:
    """One digest that went out. `teams` is empty for the whole company's.

    `place`: Slack's channel id and message time, or the path of the outbox page.
    """

    channel: str
    week: str
    teams: tuple[str, ...]
    place: str

    def __str__(self) -> str:
        return f"digest of {self.week} for {self.channel}: {self.place}"


@dataclass(frozen=True)
class Addressed:
    """A digest and the channel it is for."""

    channel: str
    digest: Digest


def read(
    home: Home,
    company: str,
    *,
    now: datetime,
    week: Week | None = None,
    teams: tuple[str, ...] = (),
    restated_percent: float = 0,
) -> Digest:
    """Return the digest of `week` (None: the last complete one published) for `teams` (none: the whole company).

    It mentions months that were restated by `restated_percent` or more. Raises NothingPublished, or WeekNotCovered
    where the published usage does not reach the week's end.
    """
    with _published(home) as connection:
        return _read(connection, company, restated_percent, now=now, week=week, teams=teams)


def read_all(home: Home, config: Config, *, now: datetime, week: Week | None = None) -> list[Addressed]:
    """Return the company's digest and that of each team channel with spend, all from one state of the warehouse.

    Teams that share a channel share a digest; a team in the company's channel is in the company's.
    """
    if not config.digest.channel and not any(team.slack_channel for team in config.teams):
        raise ConfigInvalid("no digest has anywhere to go: set digest.channel in mlspend.yml")
    with _published(home) as connection:
        percent = config.digest.restated_percent
        company = _read(connection, config.company, percent, now=now, week=week, teams=())
        spending = digest_tables.read_teams(connection, company.week)
        channels: dict[str, list[str]] = defaultdict(list)
        for team in config.teams:
            if team.slack_channel and team.slack_channel != config.digest.channel and team.name in spending:
                channels[team.slack_channel].append(team.name)
        digests = [Addressed(config.digest.channel, company)] if config.digest.channel else []
        for channel, teams in channels.items():
            digest = _read(connection, config.company, percent, now=now, week=company.week, teams=tuple(teams))
            digests.append(Addressed(channel, digest))
    return digests


def send(
    home: Home,
    config: Config,
    ledger: Ledger,
    now: datetime,
    token: str | None = None,
    base_url: str | None = None,
    *,
    week: Week | None = None,
) -> list[SentMessage]:
    """Send each digest once per channel and ISO week and return those that went out now.

    Without a Slack token they are written to the outbox, each time anew: nothing there has reached anybody.
    One channel's failure keeps no other from its digest; then all failures are raised as one error, Transient if any
    of them may pass with time.
    """
    sent: list[SentMessage] = []
    failures: list[MessageRefused | MessageUndelivered] = []
    for each in read_all(home, config, now=now, week=week):
        key = f"digest/{each.digest.week}/{each.channel}"
        blocks = slack_blocks.render(each.digest)
        payload = slack.compose(each.channel, slack_blocks.fallback_text(each.digest), blocks, key=key)
        try:
            if token:
                # Nothing was sent before the week was over.
                since = datetime.combine(each.digest.week.sunday, time(), tzinfo=UTC) + timedelta(days=1)
                place = sending.send_once(
                    payload, ledger, kind="digest", since=since, now=now, token=token, base_url=base_url
                )
            else:
                place = sending.write(home, str(each.digest.week), payload, ledger, kind="digest", now=now)
        except (MessageRefused, MessageUndelivered) as error:
            _log.error("%s", error)
            failures.append(error)
        else:
            if place:
                sent.append(SentMessage(each.channel, str(each.digest.week), each.digest.teams, place))
    if failures:
        reasons = "\n".join(str(failure) for failure in failures)
        kind = MessageUndelivered if any(isinstance(f, MessageUndelivered) for f in failures) else MessageRefused
        raise kind(f"{reasons}\nThe digests of other channels are out and not sent again.")
    return sent


def _published(home: Home) -> Any:
    if not home.published_warehouse.exists():
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend publish` first")
    return duckdb_files.connect(home.published_warehouse, read_only=True)


def _read(
    connection: Connection,
    company: str,
    restated_percent: float,
    *,
    now: datetime,
    week: Week | None,
    teams: tuple[str, ...],
) -> Digest:
    coverage = digest_tables.read_coverage(connection)
    week = _check_week(week, coverage, now)
    build_id, published_at = digest_tables.read_publication(connection)
    return Digest(
        company=company,
        teams=teams,
        week=week,
        composed_at=now,
        sections=compose_sections(digest_tables.read_spend(connection, week, teams), coverage, week),
        coverage=coverage,
        deliveries=digest_tables.read_deliveries(connection),
        reconciliation=digest_tables.read_reconciliation(connection),
        open_periods=digest_tables.read_open_periods(connection, week, now.date()),
        restated=worth_telling(digest_tables.read_restatements(connection, week), restated_percent),
        checks=digest_tables.read_checks(connection, build_id),
        build_id=build_id,
        published_at=published_at,
    )


def _check_week(week: Week | None, coverage: tuple[Coverage, ...], now: datetime) -> Week:
    if not coverage:
        raise WeekNotCovered("the published warehouse holds no charges: land a billing period and build first")
    last = choose_week(coverage, now.date())
    first_day = min(each.first_day for each in coverage)
    chosen = week or last
    if chosen > last or chosen.sunday < first_day:
        newest_day = max(each.last_day for each in coverage)
        raise WeekNotCovered(
            f"week {chosen} ({wording.days(chosen.monday, chosen.sunday)}) cannot be told: the published usage runs "
            f"from {wording.day(first_day)} to {wording.day(newest_day)}. Ask for a week that ends within it, or wait "
            "for the next delivery"
        )
    return chosen
