"""`anomalies` in mlspend.yml: from when on spend counts as unusual."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from mlspend.adapters.config_base import Strict

INPUT = "anomaly_settings"


class Limits(Strict):
    """What may be set for one project; what is left out is as for all."""

    minimum_cost: float | None = Field(default=None, ge=0, description="amount a day, for example 25")
    minimum_percent: float | None = Field(
        default=None, ge=0, description="percent of the expected cost, for example 10"
    )
    minimum_spend_percent: float | None = Field(
        default=None, ge=0, description="percent of the project's last 30 days, for example 0.1"
    )
    sensitivity: float | None = Field(default=None, gt=0, description="standard deviations, for example 4")
    leak_percent: float | None = Field(
        default=None, gt=0, description="growth in four weeks, in percent, for example 20"
    )


class Anomalies(Strict):
    """From when on spend is unusual: above every one of the floors, and above the usual spread."""

    # A person's look costs more than a day of less; in the currency of the bill.
    minimum_cost: float = Field(default=10, ge=0, description="amount a day, for example 25")
    # Below a tenth nobody acts: Vantage and others draw the line there.
    minimum_percent: float = Field(default=10, ge=0, description="percent of the expected cost, for example 10")
    # 1.5 % of an average day: large projects have larger things to look at.
    minimum_spend_percent: float = Field(
        default=0.05, ge=0, description="percent of the project's last 30 days, for example 0.1"
    )
    # docs/anomalies.md shows what other values do to precision and recall.
    sensitivity: float = Field(default=4, gt=0, description="standard deviations, for example 4")
    # Four weeks at this pace are a doubling in four months.
    leak_percent: float = Field(default=20, gt=0, description="growth in four weeks, in percent, for example 20")
    projects: Mapping[str, Limits] = Field(default={}, description="other limits, by project or shared cost")

    def rows(self) -> list[dict[str, Any]]:
        """Return the limits as the build reads them: a row for all, whose project is None, and one a named project."""
        general = self.model_dump(exclude={"projects"})
        named = [
            {**general, **limits.model_dump(exclude_none=True), "project": name}
            for name, limits in sorted(self.projects.items())
        ]
        return [{**general, "project": None}, *named]
