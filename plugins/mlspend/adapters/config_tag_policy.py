"""The part of mlspend.yml that says which tags every resource must carry, and what can be wrong with it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from mlspend.adapters.config_base import Strict, Text, Words
from mlspend.adapters.yaml_lines import Place
from mlspend.core.attribution import fold_key
from mlspend.core.tag_policy import writable_keys

if TYPE_CHECKING:
    from mlspend.adapters.config_model import Config

_AwsTypes = tuple[
    Annotated[
        str,
        Field(pattern=r"^[a-z0-9-]+:([A-Za-z0-9/_-]+|\*)$", description="AWS resource types, for example ec2:instance"),
    ],
    ...,
]


class PolicyKeys(Strict):
    """How the key of each required tag is written; None: like the first key of `tags` that a resource can carry."""

    project: Text | None = Field(default=None, description="one of the keys of tags.project")
    team: Text | None = Field(default=None, description="one of the keys of tags.team")
    environment: Text | None = Field(default=None, description="one of the keys of tags.environment")
    ml_stage: Text | None = Field(default=None, description="one of the keys of tags.ml_stage")


class TagPolicy(Strict):
    """The tags that every resource must carry: what `mlspend tags export` and `tags check` go by."""

    required: tuple[Literal["project", "team", "environment", "ml_stage"], ...] = ("project",)
    keys: PolicyKeys = PolicyKeys()
    exempt: Words = Field(default=(), description="types of Terraform resources, for example [aws_iam_*]")
    aws_enforced_for: _AwsTypes = Field(default=(), description="AWS resource types, for example [ec2:instance]")
    aws_report_required_for: _AwsTypes = Field(default=(), description="AWS resource types, for example [ec2:instance]")


def check_tag_policy(config: "Config") -> Iterator[tuple[Place, str]]:
    """Find keys that attribution does not read, and keys that mean two things: nobody could do right by them."""
    place: Place = ("tag_policy", "keys")
    chosen = config.tag_policy.keys.model_dump()
    meant: dict[str, str] = {}
    for dimension, keys in config.tags.model_dump().items():
        writable = writable_keys(keys)
        key = chosen[dimension]
        if key is not None and fold_key(key) not in [fold_key(each) for each in writable]:
            known = ", ".join(writable)
            yield (*place, dimension), f"is {key!r}, which is no key of tags.{dimension}; write one of {known}"
        elif dimension in config.tag_policy.required:
            key = key or next(iter(writable), None)
            if key is None:
                yield ("tags", dimension), "has no key that a resource can carry, and tag_policy requires one; add one"
            elif (other := meant.setdefault(fold_key(key), dimension)) != dimension:
                yield (*place, dimension), f"is {key!r}, the key of {other} already; choose another of tags.{dimension}"
    if len(set(config.tag_policy.required)) != len(config.tag_policy.required):
        yield ("tag_policy", "required"), "names a tag twice; name each once"
