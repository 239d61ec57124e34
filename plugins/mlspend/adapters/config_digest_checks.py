"""What can be wrong with where digests go and how they are written, seen together."""

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from mlspend.adapters.yaml_lines import Place

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config


def check_time_zones(config: "Config") -> Iterator[tuple[Place, str]]:
    """Find names that are no IANA time zone."""
    management = config.digest.management
    places: list[tuple[Place, str | None]] = [
        (("freshness", "time_zone"), config.freshness.time_zone),
        (("digest", "time_zone"), config.digest.time_zone),
        (("digest", "management", "time_zone"), management.time_zone if management else None),
        *((("teams", at, "time_zone"), team.time_zone) for at, team in enumerate(config.teams)),
    ]
    known = available_timezones()
    for place, zone in places:
        if zone is not None and zone not in known:
            near = difflib.get_close_matches(zone, sorted(known), n=1)
            hint = f"did you mean {near[0]}?" if near else "write an IANA name, for example Europe/Paris"
            yield place, f"is {zone!r}, which is no time zone; {hint}"


def check_audiences(config: "Config") -> Iterator[tuple[Place, str]]:
    """Find teams that share a channel, so one message, and want it in two languages or at two hours."""
    first: dict[str, int] = {}
    for at, team in enumerate(config.teams):
        if not team.slack_channel:
            continue
        before = config.teams[first.setdefault(team.slack_channel, at)]
        for key in ("language", "time_zone"):
            wanted = [getattr(each, key) or getattr(config.digest, key) for each in (team, before)]
            if wanted[0] != wanted[1]:
                yield (
                    ("teams", at, key),
                    f"is {wanted[0]!r}, and {before.name!r} gets the same message in {team.slack_channel} with "
                    f"{wanted[1]!r}: write the same for both, or give each team its channel",
                )
