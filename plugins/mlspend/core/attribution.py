"""Which delivered tag keys carry which dimension (project, team, environment, ML stage), best first."""

import re
from collections.abc import Iterable, Mapping, Sequence

# AWS writes user-defined tags as user:Team (legacy CSV) and user_team (CUR 2.0); its own as aws:createdBy.
_USER_PREFIX = re.compile(r"^user[:_]")


def fold_key(key: str) -> str:
    """Return a tag key without AWS's prefix for user-defined tags, without case and punctuation.

    >>> fold_key("user:ML-Project"), fold_key("user_ml_project"), fold_key("aws:createdBy")
    ('ml_project', 'ml_project', 'aws_createdby')
    """
    return re.sub(r"[^a-z0-9]+", "_", _USER_PREFIX.sub("", key.strip().lower())).strip("_")


def match_tag_keys(configured: Mapping[str, Sequence[str]], delivered: Iterable[str]) -> dict[str, list[str]]:
    """Return, per dimension, the delivered tag keys that carry it, in the order in which they are to be asked.

    `configured` maps dimensions to keys, most trusted first. Of delivered keys that mean the same configured key the
    one spelt like it is asked first, then the others in the order of their spelling.

    >>> match_tag_keys({"project": ["project", "proj"]}, ["user_proj", "user_Project", "user:project", "name"])
    {'project': ['user:project', 'user_Project', 'user_proj']}
    """
    spellings: dict[str, list[str]] = {}
    for key in sorted(set(delivered), key=lambda key: (key.lower(), key)):
        spellings.setdefault(fold_key(key), []).append(key)
    return {
        dimension: list(dict.fromkeys(key for wanted in keys for key in _best_first(wanted, spellings)))
        for dimension, keys in configured.items()
    }


def _best_first(wanted: str, spellings: Mapping[str, Sequence[str]]) -> list[str]:
    delivered = spellings.get(fold_key(wanted), ())
    return sorted(delivered, key=lambda key: _USER_PREFIX.sub("", key) != wanted)
