"""The tag policy of the configuration, and its files on disk."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from mlspend.adapters.disk_errors import disk_errors
from mlspend.core.errors import ConfigInvalid, TagPolicyUnfit
from mlspend.core.tag_policy import RequiredTag, TagPolicy, writable_keys
from mlspend.core.tag_policy_clouds import aws_files, azure_files, gcp_files
from mlspend.core.tag_policy_terraform import terraform_files

if TYPE_CHECKING:
    from mlspend.adapters.config import Config

# What can be asked for → what makes its files: path below the export's folder → text.
CLOUDS: Mapping[str, Callable[[TagPolicy], dict[str, str]]] = {
    "aws": aws_files,
    "azure": azure_files,
    "gcp": gcp_files,
    "terraform": terraform_files,
}


def policy_of(config: "Config", day: date) -> TagPolicy:
    """Return what the configuration asks of tags on `day`: keys and values as attribution takes them on that day."""
    rules = config.attribution(day, day)
    asked = config.tag_policy
    chosen = asked.keys.model_dump()
    return TagPolicy(
        required=tuple(
            RequiredTag(
                dimension,
                chosen[dimension] or _first_key(dimension, rules["tag_keys"][dimension]),
                tuple(writable_keys(rules["tag_keys"][dimension])),
                rules["tag_values"][dimension],
            )
            for dimension in asked.required
        ),
        exempt=asked.exempt,
        aws_enforced_for=asked.aws_enforced_for,
        aws_report_required_for=asked.aws_report_required_for,
    )


def _first_key(dimension: str, keys: Sequence[str]) -> str:
    for key in writable_keys(keys):
        return key
    raise ConfigInvalid(f"tags.{dimension} has no key that a resource can carry: add one, for example {dimension}")


def export(policy: TagPolicy, clouds: Sequence[str], to: Path) -> tuple[list[Path], list[str]]:
    """Write the policy for `clouds` below `to`; return the files, and why a cloud has none.

    Raises DiskFull and HomeNotWritable.
    """
    written, refused = [], []
    for cloud in clouds:
        try:
            files = CLOUDS[cloud](policy)
        except TagPolicyUnfit as error:
            refused.append(str(error))
            continue
        with disk_errors(to, "writing the tag policy"):
            for name, text in files.items():
                path = to / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
                written.append(path)
    return written, refused
