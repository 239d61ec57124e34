"""How a tag's key and its values may be written in each cloud, so that attribution still understands them."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mlspend.core.attribution import fold_key
from mlspend.core.errors import TagPolicyUnfit
from mlspend.core.tag_policy import RequiredTag


@dataclass(frozen=True)
class Spelling:
    """What a cloud takes as a key and as a value, and in words; `adapt` makes a text fit as well as it can."""

    cloud: str
    key: re.Pattern[str]
    value: re.Pattern[str]
    rule: str
    adapt: Callable[[str], str] = str

    def key_of(self, tag: RequiredTag) -> str:
        """Return the key to write; TagPolicyUnfit where no key that is read for the dimension fits."""
        read = {fold_key(key) for key in tag.keys}
        for key in _with_adapted((tag.key, *tag.keys), self.adapt):
            if self.key.fullmatch(key) and fold_key(key) in read:
                return key
        raise TagPolicyUnfit(
            f"{self.cloud}: no key of tags.{tag.dimension} can be written there ({self.rule}): add one that fits"
        )

    def value_of(self, tag: RequiredTag, name: str) -> str:
        """Return how `name` is written: as itself, else as an alias, else adapted; TagPolicyUnfit where none fits."""
        aliases = sorted(value for value, meant in tag.names.items() if meant == name)
        for value in _with_adapted((name, *aliases), self.adapt):
            if self.value.fullmatch(value) and tag.name_of(value) == name:
                return value
        adapted = self.adapt(name)
        example = f", for example {adapted}" if self.value.fullmatch(adapted) and tag.name_of(adapted) is None else ""
        raise TagPolicyUnfit(
            f"{self.cloud}: the {tag.dimension} {name!r} cannot be written there ({self.rule}): "
            f"give it an alias that fits{example}"
        )

    def values_of(self, tag: RequiredTag) -> dict[str, str]:
        """Return each allowed name → how it is written; empty where any name is allowed."""
        return {name: self.value_of(tag, name) for name in tag.allowed}


def _with_adapted(texts: tuple[str, ...], adapt: Callable[[str], str]) -> Iterable[str]:
    return dict.fromkeys((*texts, *map(adapt, texts)))


def _as_label(text: str) -> str:
    """Return `text` of the characters that labels hold.

    >>> _as_label("Fraud Detection (EU)")
    'fraud-detection-eu'
    """
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-")[:63]


# docs.aws.amazon.com, "Tag restrictions"; * would be a wildcard of the tag policy.
AWS = Spelling(
    "aws",
    key=re.compile(r"(?!(?i:aws:))[\w .:/=+@-]{1,128}"),
    value=re.compile(r"(?!(?i:aws:))[\w .:/=+@-]{1,256}"),
    rule="letters, digits, blanks and . _ : / = + - @, keys up to 128 and values up to 256 characters",
)
# learn.microsoft.com, "Use tags to organize your Azure resources"; ' and ] would end tags['key'] in a policy.
AZURE = Spelling(
    "azure",
    key=re.compile(r"(?!(?i:microsoft|azure|windows))[^<>%&\\?/'\[\]\x00-\x1f]{1,512}"),
    value=re.compile(r"[^\x00-\x1f]{1,256}"),
    rule="keys without < > % & \\ ? / ' [ ], values up to 256 characters",
)
# cloud.google.com, "Requirements for labels"; letters of other scripts are allowed there too, not here.
GCP = Spelling(
    "gcp",
    key=re.compile(r"[a-z][a-z0-9_-]{0,62}"),
    value=re.compile(r"[a-z0-9_-]{1,63}"),
    rule="up to 63 of a-z, 0-9, _ and -, a key beginning with a letter",
    adapt=_as_label,
)
