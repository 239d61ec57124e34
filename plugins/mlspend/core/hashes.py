"""One short name for plain values: what is equal is called the same."""

import hashlib
import json
from typing import Any


def hash_of(value: Any) -> str:
    """Return a hash of plain values in 16 letters; the order of keys does not count.

    >>> hash_of({"a": 1, "b": [2]}) == hash_of({"b": [2], "a": 1}), hash_of([1, 2]) == hash_of([2, 1])
    (True, False)
    """
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]
