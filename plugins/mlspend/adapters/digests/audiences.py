"""Who gets a digest, by the configuration: the company, each channel of teams, teams by e-mail alone, management."""

from collections import defaultdict
from collections.abc import Iterable

from mlspend.adapters.config import Config
from mlspend.adapters.config_attribution import Team
from mlspend.core.digest import Audience
from mlspend.core.errors import ConfigInvalid


def choose_audiences(config: Config) -> list[Audience]:
    """Return every audience, the company's first; ConfigInvalid where no digest has anywhere to go.

    Teams that share a channel share a digest; a team in the company's channel is in the company's.
    """
    audiences = [*_company(config), *_teams(config), *_management(config)]
    if not audiences:
        raise ConfigInvalid("no digest has anywhere to go: set digest.channel in mlspend.yml")
    return audiences


def _company(config: Config) -> Iterable[Audience]:
    digest = config.digest
    if digest.channel or digest.emails:
        yield Audience("company", digest.channel or "", (), digest.language, digest.time_zone, digest.emails)


def _teams(config: Config) -> Iterable[Audience]:
    channels: dict[str, list[Team]] = defaultdict(list)
    by_mail = []
    for team in config.teams:
        if team.slack_channel and team.slack_channel != config.digest.channel:
            channels[team.slack_channel].append(team)
        elif team.emails:
            by_mail.append(team)
    yield from (_audience(config, channel, teams) for channel, teams in channels.items())
    yield from (_audience(config, "", [team]) for team in by_mail)


def _audience(config: Config, channel: str, teams: list[Team]) -> Audience:
    language = next((team.language for team in teams if team.language), config.digest.language)
    zone = next((team.time_zone for team in teams if team.time_zone), config.digest.time_zone)
    addresses = dict.fromkeys(address for team in teams for address in team.emails)
    return Audience("team", channel, tuple(team.name for team in teams), language, zone, tuple(addresses))


def _management(config: Config) -> Iterable[Audience]:
    digest, management = config.digest, config.digest.management
    if management and (management.channel or management.emails):
        language = management.language or digest.language
        zone = management.time_zone or digest.time_zone
        yield Audience("management", management.channel or "", (), language, zone, management.emails)
