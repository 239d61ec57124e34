"""What stands in mlspend.yml, as frozen typed values; the description of a field says what would be right."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from mlspend.adapters.config_alerts import Alerts
from mlspend.adapters.config_anomalies import Anomalies
from mlspend.adapters.config_attribution import ENVIRONMENTS, ML_STAGES, Project, Rule, TagKeys, Team
from mlspend.adapters.config_base import Strict, Text, Words
from mlspend.adapters.config_budgets import Budget
from mlspend.adapters.config_digest import Digest
from mlspend.adapters.config_gates import Gates
from mlspend.adapters.config_money import CostExplorer, Currencies, InvoiceInput
from mlspend.adapters.config_shared_costs import SharedCost
from mlspend.adapters.config_tag_policy import TagPolicy
from mlspend.adapters.home import Home
from mlspend.adapters.rules_in_force import rules_in_force
from mlspend.core.errors import ConfigInvalid
from mlspend.core.hashes import hash_of
from mlspend.core.retention import Limits


class Source(Strict):
    """One billing export: where it lies and the short name it bears everywhere."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="a short name of a-z, 0-9 and _, for example aws")
    provider: Literal["aws", "azure", "gcp", "other"]
    location: Text = Field(description="a folder, absolute or below MLSPEND_HOME, or s3://bucket/prefix")
    connection: str | None = Field(
        default=None, pattern=r"^[\w.-]+$", description="the id of an Airflow Connection, for example aws_billing"
    )
    queue: str | None = Field(
        default=None,
        pattern=r"^https?://\S+/\S+$",
        description="the address of the SQS queue that announces deliveries, https://sqs.…",
    )
    rhythm_hours: int = Field(default=24, ge=1, le=744, description="hours between two deliveries, for example 24")

    def location_in(self, home: Home) -> str:
        """Return the location as landing takes it: s3://… unchanged, a folder as an absolute path."""
        return self.location if "://" in self.location else str(home.root / Path(self.location).expanduser())


class Freshness(Strict):
    """When a source that delivers nothing is somebody's business, in hours past its rhythm."""

    critical_after_hours: int = Field(default=4, ge=0, description="hours past the rhythm, for example 4")
    wake_after_hours: int = Field(default=48, ge=0, description="hours past the rhythm, for example 48")
    night: str = Field(
        default="22:00-07:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description='hours in which nobody is woken, for example "22:00-07:00"',
    )
    time_zone: Text = Field(default="UTC", description="an IANA time zone, for example Europe/Paris")


class Retention(Strict):
    """How long what was published can be asked for."""

    line_months: int = Field(default=13, ge=1, description="billing periods kept line by line, for example 13")
    sum_months: int | None = Field(
        default=None, ge=1, description="billing periods kept as monthly sums; none: for ever"
    )
    publications: int = Field(default=10, ge=1, description="how many published states can be opened, for example 10")

    def limits(self, now: datetime) -> Limits:
        """Return the oldest billing periods that are kept at `now` (UTC)."""
        return Limits.at(now, line_months=self.line_months, sum_months=self.sum_months)


KEEP_BY_DEFAULT = Retention()


class Config(Strict):
    """The whole of mlspend.yml."""

    company: Text
    sources: tuple[Source, ...]
    tags: TagKeys = TagKeys()
    environments: Mapping[str, Words] = ENVIRONMENTS
    ml_stages: Mapping[str, Words] = ML_STAGES
    projects: tuple[Project, ...] = ()
    rules: tuple[Rule, ...] = ()
    resource_links: Text | None = Field(default=None, description="a CSV file, absolute or below MLSPEND_HOME")
    shared_costs: tuple[SharedCost, ...] = ()
    teams: tuple[Team, ...] = ()
    digest: Digest = Digest()
    preferred_kinds: tuple[Literal["aws_cur2", "aws_cur_legacy", "aws_focus", "focus"], ...] = Field(
        default=(), description="of two exports of one account and month the kind that counts comes first"
    )
    freshness: Freshness = Freshness()
    retention: Retention = Retention()
    tag_policy: TagPolicy = TagPolicy()
    currencies: Currencies | None = None
    invoices: tuple[InvoiceInput, ...] = ()
    cost_explorer: CostExplorer = CostExplorer()
    gates: Gates = Gates()
    budgets: tuple[Budget, ...] = ()
    anomalies: Anomalies = Anomalies()
    alerts: Alerts = Alerts()

    def source(self, name: str) -> Source:
        """Return the source called `name`; ConfigInvalid naming the known ones where there is none."""
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources) or "none"
        raise ConfigInvalid(f"no source is called {name!r}; the configuration knows: {known}")

    def attribution(self, first: date | None = None, last: date | None = None) -> dict[str, Any]:
        """Return what attribution depends on, as plain values for JSON: see `rules_in_force`.

        With `first` and `last` only what is in force on some day between them, both included: a change of what is in
        force at another time does not attribute these days anew.
        """
        return rules_in_force(self, first, last)

    def attribution_hash(self) -> str:
        """Return a hash that changes when, and only when, the same line could be attributed differently."""
        return hash_of(self.attribution())
