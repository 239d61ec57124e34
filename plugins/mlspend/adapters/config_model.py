"""What stands in mlspend.yml, as frozen typed values; the description of a field says what would be right."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from mlspend.adapters.home import Home
from mlspend.core.errors import ConfigInvalid
from mlspend.core.hashes import hash_of
from mlspend.core.retention import Limits

# What an unowned cent is filed under; a project or team of that name would hide it.
RESERVED_NAMES = ("unattributed", "unknown")

Text = Annotated[str, Field(min_length=1)]
Words = tuple[Text, ...]

_ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "prod": ("production", "prd", "live"),
    "staging": ("stage", "stg", "preprod", "uat"),
    "dev": ("development", "test", "sandbox"),
}
_ML_STAGES: dict[str, tuple[str, ...]] = {
    "training": ("train", "fine-tuning", "finetuning", "tuning"),
    "inference": ("serve", "serving", "endpoint", "prediction"),
    "data": ("etl", "preprocessing", "labeling", "labelling"),
    "notebook": ("notebooks", "research", "exploration"),
    "feature_store": ("features", "feature-store", "featurestore"),
    "monitoring": ("observability", "drift"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Source(_Strict):
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


class TagKeys(_Strict):
    """The tag keys that carry each dimension, most trusted first; case does not matter."""

    project: Words = ("project", "ml-project", "ml_project", "project-name", "proj")
    team: Words = ("team", "owner", "squad", "costcenter", "cost-center", "cost_center")
    environment: Words = ("environment", "env")
    ml_stage: Words = ("ml-stage", "ml_stage", "stage")


class Project(_Strict):
    """An ML project that spend is attributed to; `aliases` are other values of its tag."""

    name: Text
    aliases: Words = ()
    team: Text = Field(description="the name of one of the teams below")
    owner: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address")


class Team(_Strict):
    """A team, and where its digest goes."""

    name: Text
    slack_channel: str | None = Field(
        default=None, pattern=r"^(#[^\sA-Z#@,.]{1,79}|[CG][A-Z0-9]{8,})$", description='a channel as "#name", in quotes'
    )


class Digest(_Strict):
    """Where the whole company's digest goes, and what it mentions."""

    channel: str | None = Field(
        default=None, pattern=r"^(#[^\sA-Z#@,.]{1,79}|[CG][A-Z0-9]{8,})$", description='a channel as "#name", in quotes'
    )
    # Refunds and late usage move a closed month by fractions of a percent; one percent is worth somebody's look.
    restated_percent: float = Field(
        default=1.0, ge=0, description="change of a month's cost, in percent, from which its restatement is mentioned"
    )


class Freshness(_Strict):
    """When a source that delivers nothing is somebody's business, in hours past its rhythm."""

    critical_after_hours: int = Field(default=4, ge=0, description="hours past the rhythm, for example 4")
    wake_after_hours: int = Field(default=48, ge=0, description="hours past the rhythm, for example 48")
    night: str = Field(
        default="22:00-07:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$",
        description='hours in which nobody is woken, for example "22:00-07:00"',
    )
    time_zone: Text = Field(default="UTC", description="an IANA time zone, for example Europe/Paris")


class Retention(_Strict):
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


class Config(_Strict):
    """The whole of mlspend.yml."""

    company: Text
    sources: tuple[Source, ...]
    tags: TagKeys = TagKeys()
    environments: Mapping[str, Words] = _ENVIRONMENTS
    ml_stages: Mapping[str, Words] = _ML_STAGES
    projects: tuple[Project, ...] = ()
    teams: tuple[Team, ...] = ()
    digest: Digest = Digest()
    preferred_kinds: tuple[Literal["aws_cur2", "aws_cur_legacy", "aws_focus", "focus"], ...] = Field(
        default=(), description="of two exports of one account and month the kind that counts comes first"
    )
    freshness: Freshness = Freshness()
    retention: Retention = Retention()

    def source(self, name: str) -> Source:
        """Return the source called `name`; ConfigInvalid naming the known ones where there is none."""
        for source in self.sources:
            if source.name == name:
                return source
        known = ", ".join(source.name for source in self.sources) or "none"
        raise ConfigInvalid(f"no source is called {name!r}; the configuration knows: {known}")

    def attribution(self, first: date | None = None, last: date | None = None) -> dict[str, Any]:  # noqa: ARG002
        """Return what attribution depends on, as plain values for JSON. Keys and values compare without case.

        With `first` and `last` only what is in force on some day between them, both included: a change of what is in
        force at another time does not attribute these days anew.

        `tag_keys`: dimension → keys, most trusted first. `tag_values`: dimension → {value as tagged: its name}, in
        lower case on the left. `projects`: name, aliases, team; where there are none, a project tag's value is the
        project.
        """
        return {
            "tag_keys": {dimension: list(keys) for dimension, keys in self.tags.model_dump().items()},
            "tag_values": {
                "environment": _synonyms(self.environments),
                "ml_stage": _synonyms(self.ml_stages),
                "project": _synonyms({project.name: project.aliases for project in self.projects}),
                "team": _synonyms({team.name: () for team in self.teams}),
            },
            "projects": [
                {"name": project.name, "aliases": list(project.aliases), "team": project.team}
                for project in self.projects
            ],
            "teams": [team.name for team in self.teams],
        }

    def attribution_hash(self) -> str:
        """Return a hash that changes when, and only when, the same line could be attributed differently."""
        return hash_of(self.attribution())


def _synonyms(names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return every spelling in lower case → the name it stands for."""
    return {word.strip().lower(): name for name, words in names.items() for word in (name, *words)}
