"""What is kept of a digest comes back to the last digit, whatever it holds."""

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlspend.core.digest import Digest
from mlspend.core.digest_codec import SCHEMA, decode, encode
from tests.handmade_digest import ALERT, FULL, GATE, MANAGEMENT, OF_MANAGEMENT, make_digest

VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(0, 10**15),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    # DECIMAL(38,12), and what a sum or a share of some has.
    Decimal: st.one_of(st.decimals(-(10**26), 10**26, places=12, allow_nan=False), st.just(Decimal(1).scaleb(-70))),
}


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that a digest is made of."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in VALUES:
        return VALUES[kind]
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is UnionType:
        return st.none() | any_of(inner[0])
    if origin is tuple:
        several = inner[-1] is Ellipsis
        return st.lists(any_of(inner[0]), max_size=2).map(tuple) if several else st.tuples(*map(any_of, inner))
    return st.builds(kind, **{name: any_of(hint) for name, hint in get_type_hints(kind).items()})


@settings(deadline=None, max_examples=40)
@given(any_of(Digest))
def test_any_digest_comes_back_the_same(digest: Digest) -> None:
    kept = encode(digest)
    assert decode(kept) == digest
    assert encode(decode(kept)) == kept


def test_every_digit_and_every_field_comes_back() -> None:
    digest = make_digest(facts=FULL, alerts=(ALERT,), gates=(GATE,))
    (section,) = digest.sections
    exact = dataclasses.replace(section, verified_saving=Decimal("12345678901234567890123456.000000000001"))
    for each in (dataclasses.replace(digest, sections=(exact,)), make_digest(audience=MANAGEMENT, facts=OF_MANAGEMENT)):
        back = decode(encode(each))
        assert back == each
        # Equal amounts may be written with other zeros; rendering must not see a difference either.
        assert repr(back) == repr(each)


def test_another_form_is_refused_and_named() -> None:
    document = json.loads(encode(make_digest()))
    with pytest.raises(ValueError, match=rf"form 99.*reads form {SCHEMA}"):
        decode(json.dumps({**document, "schema": 99}))
    with pytest.raises(ValueError, match="unheard_of"):
        decode(json.dumps({**document, "digest": {**document["digest"], "unheard_of": 1}}))


def test_a_field_that_came_later_gets_its_default() -> None:
    document = json.loads(encode(make_digest()))
    for section in document["digest"]["sections"]:
        del section["unit_costs"]
    assert decode(json.dumps(document)) == make_digest()
