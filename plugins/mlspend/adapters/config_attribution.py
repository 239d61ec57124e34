"""The part of mlspend.yml that gives every cent its owner: tag keys, projects, teams, rules, and when they hold."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mlspend.adapters.config_base import Strict, Text, Words
from mlspend.adapters.config_digest import Channel, Email, Language

ENVIRONMENTS: dict[str, tuple[str, ...]] = {
    "prod": ("production", "prd", "live"),
    "staging": ("stage", "stg", "preprod", "uat"),
    "dev": ("development", "test", "sandbox"),
}
ML_STAGES: dict[str, tuple[str, ...]] = {
    "training": ("train", "fine-tuning", "finetuning", "tuning"),
    "inference": ("serve", "serving", "endpoint", "prediction"),
    "data": ("etl", "preprocessing", "labeling", "labelling"),
    "notebook": ("notebooks", "research", "exploration"),
    "feature_store": ("features", "feature-store", "featurestore"),
    "monitoring": ("observability", "drift"),
}


class TagKeys(Strict):
    """The tag keys that carry each dimension, most trusted first; case does not matter."""

    project: Words = ("project", "ml-project", "ml_project", "project-name", "proj")
    team: Words = ("team", "owner", "squad", "costcenter", "cost-center", "cost_center")
    environment: Words = ("environment", "env")
    ml_stage: Words = ("ml-stage", "ml_stage", "stage")


class Dated(Strict):
    """What holds from a day to a day, both included; without them since ever and for ever."""

    valid_from: date | None = Field(default=None, description="the first day it holds, for example 2026-01-01")
    valid_to: date | None = Field(default=None, description="the last day it holds, for example 2026-06-30")


class Alias(Dated):
    """Another value of a project's tag, written as the value alone where it always means the project."""

    value: Text


class Ownership(Dated):
    """The team that answers for a project from one day to another."""

    team: Text = Field(description="the name of one of the teams below")


def _alias(written: Any) -> Any:
    return written if isinstance(written, Mapping) else {"value": written}


class Project(Strict):
    """An ML project that spend is attributed to; `aliases` are other values of its tag.

    `team` answers for it, or one after the other of `teams`.
    """

    name: Text
    aliases: tuple[Annotated[Alias, BeforeValidator(_alias)], ...] = ()
    team: str | None = Field(default=None, description="the name of one of the teams below")
    teams: tuple[Ownership, ...] = ()
    owner: str | None = Field(default=None, pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address")

    @property
    def ownerships(self) -> tuple[Ownership, ...]:
        """Who answers for the project, and when."""
        return (Ownership(team=self.team),) if self.team is not None else self.teams


class Team(Strict):
    """A team, and where its digest goes; language and time zone are those of `digest` where it states none."""

    name: Text
    slack_channel: Channel | None = Field(default=None, description='a channel as "#name", in quotes')
    emails: tuple[Email, ...] = Field(default=(), description="e-mail addresses, for example [lead@example.com]")
    language: Language | None = Field(default=None, description="one of en, fr")
    time_zone: Text | None = Field(default=None, description="an IANA time zone, for example Europe/Paris")


class When(Strict):
    """What a charge must be for a rule to match it: all that is given must hold, of a list one suffices."""

    accounts: Words = ()
    billing_accounts: Words = ()
    sources: Words = ()
    services: Words = ()
    usage_type: Text | None = None
    operation: Text | None = None
    resource: Text | None = None
    resource_kind: Words = ()
    resource_name: Text | None = None
    charge_categories: Words = ()
    line_item_types: Words = ()
    commitment_status: Words = ()
    namespace: Words = ()
    cluster: Words = ()
    tags: Mapping[str, Words] = {}
    linked: bool = False


# The conditions that hold a regular expression.
PATTERNS = ("usage_type", "operation", "resource", "resource_name")

# Conditions whose values FOCUS lists: ChargeCategory, CommitmentDiscountStatus.
CLOSED_LISTS = {
    "charge_categories": ("Usage", "Purchase", "Tax", "Credit", "Adjustment"),
    "commitment_status": ("Used", "Unused"),
}


class Rule(Dated):
    """Who owns what carries no tag; the first rule of the list that matches names it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", description="a short name of a-z, 0-9, - and _")
    when: When
    project: str | None = Field(default=None, description="the name of one of the projects")
    shared: Text | None = Field(default=None, description="the name of a shared cost")
    team: str | None = Field(default=None, description="the name of one of the teams")
    environment: str | None = Field(default=None, description="one of the environments")
    ml_stage: str | None = Field(default=None, description="one of the ML stages")
    over_tags: bool = Field(default=False, description="true or false")
