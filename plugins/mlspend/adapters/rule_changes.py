"""What other rules would change, in money, before they are applied; and history as they would have it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlspend.adapters import config, duckdb_files, recalculation
from mlspend.adapters.build_plan import Place
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.recalculation import PublishedPlace
from mlspend.adapters.warehouse_query import Row, query_file
from mlspend.core.errors import NothingPublished, RulesUnknown
from mlspend.core.periods import PeriodRange

PUBLISHED = "published"

_Rules = Mapping[str, Any]
_RulesOf = Callable[[PublishedPlace], _Rules | None]

_PLACES = "(select unnest($places) as place)"
_MOVES = f"""
    select
        was.billing_period, was.billing_currency, was.project as from_project, was.team as from_team,
        now.project as to_project, now.team as to_team,
        sum(was.effective_cost) as effective_cost, sum(was.billed_cost) as billed_cost, count(*) as line_count
    from was.marts.attributed_costs as was
    inner join now.marts.attributed_costs as now using (x_source, billing_period, x_line_id)
    where (was.project <> now.project or was.team <> now.team)
        and was.x_source || ' ' || was.billing_period in {_PLACES}
    group by all
    order by 1, 2, abs(sum(was.effective_cost)) desc, 3, 4, 5, 6
"""
_CHANGES = f"""
    select
        billing_period, billing_currency, project, team, is_shared_cost,
        sum(effective_cost) filter (not is_new) as effective_cost_before,
        sum(effective_cost) filter (is_new) as effective_cost_after,
        coalesce(effective_cost_after, 0) - coalesce(effective_cost_before, 0) as effective_cost_change,
        coalesce(sum(billed_cost) filter (is_new), 0)
        - coalesce(sum(billed_cost) filter (not is_new), 0) as billed_cost_change
    from (
        select *, false as is_new from was.marts.monthly_spend
        union all by name
        select *, true as is_new from now.marts.monthly_spend
    )
    where x_source || ' ' || billing_period in {_PLACES}
    group by all
    having effective_cost_change <> 0 or billed_cost_change <> 0
    order by 1, 2, abs(effective_cost_change) desc, 3, 4, 5
"""
_SPEND = """
    select
        billing_period, billing_currency, project, is_shared_cost,
        sum(billed_cost) as billed_cost, sum(effective_cost) as effective_cost
    from marts.monthly_spend
    where list_contains($places, x_source || ' ' || billing_period)
    group by all
    order by billing_period, billing_currency, effective_cost desc, project
"""


@dataclass(frozen=True)
class RulesDiff:
    """The money that moves between the projects when rules change; amounts of different currencies are never added up.

    `moves` are lines: what they cost, from whose they are to whose they would be. `changes` are the net change of each
    project and team, with their shares of shared costs. `compared` are the periods in which the rules differ, `alike`
    those in which they do not; `closed` keep their rules; of `without_lines` only sums are kept.
    """

    moves: list[Row]
    changes: list[Row]
    compared: list[Place]
    alike: list[Place]
    closed: list[Place]
    without_lines: list[Place]


@dataclass(frozen=True)
class RecalculatedSpend:
    """Spend by project under some rules; of `without_lines` only sums are kept, which are not among the rows."""

    rows: list[Row]
    without_lines: list[Place]


def diff(home: Home, ledger: Ledger, old: str, new: str, *, periods: PeriodRange, now: datetime) -> RulesDiff:
    """Compare what is published, attributed by the rules `old` and by `new`.

    Each is `published`, a version or the beginning of one, or the path of a configuration file. Raises RulesUnknown
    where it is none of these, ConfigInvalid where the file is not valid.
    """
    warehouse = _published(home)
    old_rules, new_rules = _find_rules(ledger, old), _find_rules(ledger, new)
    places, without_lines = recalculation.list_places(warehouse, periods)
    closed_places = {(row["source"], row["billing_period"]) for row in ledger.closed_periods()}
    closed = [each.place for each in places if each.place in closed_places]
    still_open = [each for each in places if each.place not in closed_places]
    differing = [each for each in still_open if old != new and _differ(old_rules(each), new_rules(each))]
    compared = [each.place for each in differing]
    alike = [each.place for each in still_open if each not in differing]
    if not differing:
        return RulesDiff([], [], [], alike, closed, without_lines)
    with (
        _attributed(home, warehouse, differing, old_rules, is_published=old == PUBLISHED, now=now) as was,
        _attributed(home, warehouse, differing, new_rules, is_published=new == PUBLISHED, now=now) as then,
        duckdb_files.connect() as connection,
    ):
        connection.execute(f"attach {duckdb_files.quote(str(was))} as was (read_only)")
        connection.execute(f"attach {duckdb_files.quote(str(then))} as now (read_only)")
        moves, changes = (_rows(connection, query, compared) for query in (_MOVES, _CHANGES))
    return RulesDiff(moves, changes, compared, alike, closed, without_lines)


def spend(
    home: Home, ledger: Ledger, rules: str, warehouse: Path, *, periods: PeriodRange, now: datetime
) -> RecalculatedSpend:
    """Return spend by project of the published file `warehouse`, now or then, as the rules would have it.

    `rules` as for `diff`. All its periods with lines follow them, closed ones too.
    """
    _published(home)
    rules_of = _find_rules(ledger, rules)
    places, without_lines = recalculation.list_places(warehouse, periods)
    with _attributed(home, warehouse, places, rules_of, is_published=rules == PUBLISHED, now=now) as file:
        names = [f"{source} {period}" for source, period in (each.place for each in places)]
        rows = query_file(file, _SPEND.replace("$places", "?"), [names])
    return RecalculatedSpend(rows, without_lines)


def _published(home: Home) -> Path:
    if not home.published_warehouse.exists():
        raise NothingPublished(f"nothing is published at {home.published_warehouse} yet: run `mlspend run` first")
    return home.published_warehouse


def _find_rules(ledger: Ledger, name: str) -> _RulesOf:
    """Return which rules `name` means for a published period; None where nothing but their version is known."""
    versions = {row["version"]: row["rules"] for row in ledger.rule_versions()}
    if name == PUBLISHED:
        return lambda place: versions.get(place.rules)
    if Path(name).is_file():
        loaded = config.load(Path(name))
        return lambda place: loaded.attribution(place.first_day, place.last_day)
    found = [version for version in versions if version.startswith(name)]
    if len(found) != 1:
        what = f"{len(found)} versions of the rules begin with" if found else "no version of the rules, and no file, is"
        raise RulesUnknown(
            f"{what} {name!r}: write a version (`mlspend rules list`), `published`, or the path of a configuration file"
        )
    return lambda _: versions[found[0]]


def _differ(old: _Rules | None, new: _Rules | None) -> bool:
    return old is None or new is None or _owners(old) != _owners(new)


def _owners(rules: _Rules) -> dict[str, Any]:
    """Return what of the rules decides on owners: not the exchange rates, which differ from month to month."""
    return {key: value for key, value in rules.items() if key != "reporting"}


@contextmanager
def _attributed(
    home: Home,
    warehouse: Path,
    places: Sequence[PublishedPlace],
    rules_of: _RulesOf,
    *,
    is_published: bool,
    now: datetime,
) -> Iterator[Path]:
    if is_published:
        yield warehouse
        return
    rules = {each.place: _owners(found) for each in places if (found := rules_of(each)) is not None}
    with recalculation.recalculated(home, warehouse, rules, now=now) as file:
        yield file


def _rows(connection: duckdb_files.Connection, query: str, places: Sequence[Place]) -> list[Row]:
    result = connection.execute(query, {"places": [f"{source} {period}" for source, period in places]})
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
