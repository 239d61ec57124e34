"""Which tags a company asks of its resources: their keys, and the values that attribution understands."""

import difflib
import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mlspend.core.attribution import COST_CATEGORY, UNOWNED, canonical_value


def writable_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys that a resource can carry, without AWS's prefix for user-defined tags.

    Tags of accounts (accountTag/…) and cost categories reach a bill by other ways.

    >>> writable_keys(["user:Team", "accountTag/team", "cost_category/Team", "team"])
    ['Team', 'team']
    """
    plain = (re.sub("^user[:_]", "", key) for key in keys if not key.startswith(("accountTag/", COST_CATEGORY)))
    return list(dict.fromkeys(key for key in plain if key))


@dataclass(frozen=True)
class RequiredTag:
    """A tag that every resource must carry.

    `key` is the one to write; `keys` are all that are read for the dimension, most trusted first. `names`: value as
    attribution compares it → the name that it stands for; empty where any value is a name.
    """

    dimension: str
    key: str
    keys: tuple[str, ...]
    names: Mapping[str, str]

    @property
    def allowed(self) -> list[str]:
        """The names that the tag may say, in the order of the alphabet; none: any name."""
        return sorted(set(self.names.values()))

    def name_of(self, value: str) -> str | None:
        """Return the name that `value` stands for, None where spend with it would have no owner.

        >>> tag = RequiredTag("project", "project", ("project",), {"search": "search", "ranking": "search"})
        >>> tag.name_of("Ranking"), tag.name_of("serach")
        ('search', None)
        """
        folded = canonical_value(value)
        if self.names:
            return self.names.get(folded)
        return value.strip() if folded and folded not in UNOWNED else None

    def nearest(self, value: str) -> str | None:
        """Return the name whose spelling is nearest to `value`, None where none is near.

        >>> RequiredTag("project", "project", ("project",), {"search": "search"}).nearest("serach")
        'search'
        """
        # 0.6, difflib's own, finds a swapped, a missing and a doubled letter in names of five letters and more.
        near = difflib.get_close_matches(canonical_value(value), self.names, n=1, cutoff=0.6)
        return self.names[near[0]] if near else None


@dataclass(frozen=True)
class TagPolicy:
    """What a company asks of the tags of its resources.

    `exempt`: patterns of Terraform resource types (`aws_iam_*`) that need no tags. `aws_enforced_for` and
    `aws_report_required_for`: AWS resource types (`ec2:instance`) for which AWS refuses wrong values, and reports
    missing tags; none: it only reports wrong values.
    """

    required: tuple[RequiredTag, ...]
    exempt: tuple[str, ...] = ()
    aws_enforced_for: tuple[str, ...] = ()
    aws_report_required_for: tuple[str, ...] = ()

    def is_exempt(self, resource_type: str) -> bool:
        """Tell whether resources of a Terraform type need no tags."""
        return any(fnmatch.fnmatchcase(resource_type, pattern) for pattern in self.exempt)
