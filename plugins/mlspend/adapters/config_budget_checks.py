"""What can be wrong with budgets once each is right by itself: places in the file, and what would be right."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mlspend.adapters.config_budgets import Budget
from mlspend.adapters.config_ownership_checks import Found, check_name
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import canonical_value

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

NOBODYS = "unattributed"
"""What nobody owns is filed under this name; there may be a budget for it too."""


def check_budgets(config: "Config") -> Found:
    """Find budgets for nothing, for nobody, and two that would count for the same month."""
    projects, teams = [one.name for one in config.projects], [one.name for one in config.teams]
    for position, budget in enumerate(config.budgets):
        place: Place = ("budgets", position)
        if len(budget.scopes) != 1:
            yield place, "must name one of `project`, `team` and `company: true`"
            continue
        yield from _check_owner((*place, "project"), budget.project, projects, "project")
        yield from _check_owner((*place, "team"), budget.team, teams, "team")
        yield from _check_months(place, budget)
        yield from _check_earlier(place, budget, config.budgets[:position])


def _check_owner(place: Place, name: str | None, known: Sequence[str], what: str) -> Found:
    if name is None or name == NOBODYS:
        return
    if known:
        yield from check_name(place, name, known, what)
    elif name != canonical_value(name):
        yield (
            place,
            f"is {name!r}, and no {what} of that name comes from tags, whose values are compared without case and"
            f" separators; write {canonical_value(name)!r}, or list the {what}s",
        )


def _check_months(place: Place, budget: Budget) -> Found:
    if budget.valid_from and budget.valid_to and budget.valid_to < budget.valid_from:
        yield (
            (*place, "valid_to"),
            f"is {budget.valid_to}, before valid_from {budget.valid_from}; both are included: exchange or correct them",
        )


def _check_earlier(place: Place, budget: Budget, earlier: Sequence[Budget]) -> Found:
    for number, other in enumerate(earlier):
        is_same_name = canonical_value(other.name) == canonical_value(budget.name)
        is_same_scope = other.scopes == budget.scopes
        if is_same_name and not is_same_scope:
            yield (
                (*place, "name"),
                f"is {budget.name!r}, like budgets[{number}], which is for something else; give each its own name",
            )
        elif is_same_name and other.currency != budget.currency:
            yield (
                (*place, "currency"),
                f"is {budget.currency}, and budgets[{number}] of the same name is in {other.currency}; give each its"
                " own name",
            )
        elif is_same_scope and other.currency == budget.currency and _overlap(budget, other):
            yield (
                place,
                f"is for the same as budgets[{number}], in the same months ({_told(other)}); let one end before the"
                " other begins (valid_from, valid_to), or keep one",
            )


def _overlap(one: Budget, other: Budget) -> bool:
    last = "9999-12"
    return (one.valid_from or "") <= (other.valid_to or last) and (other.valid_from or "") <= (one.valid_to or last)


def _told(budget: Budget) -> str:
    begins = f"from {budget.valid_from}" if budget.valid_from else ""
    ends = f"to {budget.valid_to}" if budget.valid_to else ""
    return " ".join(filter(None, (begins, ends))) or "for ever"
