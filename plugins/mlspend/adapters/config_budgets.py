"""`budgets` in mlspend.yml: what a project, a team or the company may spend."""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator, Field

from mlspend.adapters.config_base import Strict, Text
from mlspend.adapters.config_money import Currency

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

# Amounts are DECIMAL(38,12); this leaves room to sum a million of them.
AMOUNT_DECIMALS, LARGEST_AMOUNT = 12, Decimal(10) ** 18

_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


def _number(written: Any) -> Any:
    return Decimal(written) if isinstance(written, int) and not isinstance(written, bool) else written


_Number = Annotated[Decimal, BeforeValidator(_number)]
_Percent = Annotated[_Number, Field(gt=0, le=1000, decimal_places=2)]


class Budget(Strict):
    """What a project, a team or the company may spend in each of some calendar months."""

    name: Text
    project: str | None = Field(default=None, description="the name of one of the projects")
    team: str | None = Field(default=None, description="the name of one of the teams")
    company: bool = Field(default=False, description="true or false")
    amount: _Number = Field(
        gt=0,
        lt=LARGEST_AMOUNT,
        decimal_places=AMOUNT_DECIMALS,
        description="what may be spent in a month, a number above 0",
    )
    currency: Currency
    valid_from: str | None = Field(
        default=None, pattern=_MONTH, description="the first month, as YYYY-MM, for example 2026-01"
    )
    valid_to: str | None = Field(
        default=None, pattern=_MONTH, description="the last month, as YYYY-MM, for example 2026-12"
    )
    warn_at: tuple[_Percent, ...] = Field(default=(), description="percentages, for example [50, 80, 100]")

    @property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """What it is for, as (scope, name); exactly one in a valid configuration."""
        named = (("project", self.project), ("team", self.team), ("company", "" if self.company else None))
        return tuple((scope, name) for scope, name in named if name is not None)


def budget_rows(config: "Config") -> list[Mapping[str, Any]]:
    """Return the budgets as a build takes them: amounts as text, `scope_name` empty for the company.

    `team` answers for it: of a project the one that does without an end, or the last one.
    """
    teams = {project.name: project.ownerships[-1].team for project in config.projects if project.ownerships}
    rows: list[Mapping[str, Any]] = []
    for budget in config.budgets:
        ((scope, name),) = budget.scopes
        rows.append(
            {
                "budget": budget.name,
                "scope": scope,
                "scope_name": name,
                "team": teams.get(name) if scope == "project" else name or None,
                "amount": f"{budget.amount:f}",
                "currency": budget.currency,
                "valid_from": budget.valid_from,
                "valid_to": budget.valid_to,
                "warn_at": sorted(float(percent) for percent in budget.warn_at),
            }
        )
    return rows
