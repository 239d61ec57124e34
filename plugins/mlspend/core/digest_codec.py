"""A digest as JSON text and back, exactly: what is kept of a message so that it can be rendered again."""

import dataclasses
import json
import types
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from mlspend.core.digest import Digest

# Raised when a field is renamed or means something else; a new field with a default needs no new version.
SCHEMA = 1


def encode(digest: Digest) -> str:
    """Return the digest as one line of JSON; amounts are text, so that no digit is lost."""
    return json.dumps({"schema": SCHEMA, "digest": _plain(digest)}, ensure_ascii=False, sort_keys=True)


def decode(text: str) -> Digest:
    """Return the digest that `encode` wrote; ValueError where another version of mlspend wrote it differently."""
    document = json.loads(text)
    if document.get("schema") != SCHEMA:
        raise ValueError(f"it is kept in form {document.get('schema')!r}; this version of mlspend reads form {SCHEMA}")
    try:
        digest: Digest = _value(document["digest"], Digest)
    except (KeyError, TypeError) as error:
        raise ValueError(f"it is not what this version of mlspend keeps: {error}") from error
    return digest


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _value(plain: Any, kind: Any) -> Any:
    """Return the plain value as one of the type `kind`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        (only,) = (each for each in inner if each is not type(None))
        return None if plain is None else _value(plain, only)
    if origin is tuple:
        kinds = [inner[0]] * len(plain) if inner[-1] is Ellipsis else inner
        return tuple(_value(each, one) for each, one in zip(plain, kinds, strict=True))
    if origin is Literal:
        return plain
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{name: _value(each, hints[name]) for name, each in plain.items()})  # type: ignore[operator]
    if kind in (date, datetime):
        return kind.fromisoformat(plain)
    if kind is Decimal:
        return Decimal(plain)
    if not isinstance(plain, kind):
        raise TypeError(f"{plain!r} where {kind.__name__} was expected")
    return plain
