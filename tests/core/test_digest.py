"""What a digest knows of itself."""

from dataclasses import replace
from datetime import date

import pytest

from mlspend.core.digest import Audience, CompleteDays, Coverage
from tests.handmade_digest import make_digest


def test_a_digest_is_complete_as_far_as_the_source_that_is_behind_most() -> None:
    days = (CompleteDays("aws", date(2026, 10, 30)), CompleteDays("gcp", date(2026, 10, 24)))
    assert replace(make_digest(), complete=days).complete_to == date(2026, 10, 24)
    assert replace(make_digest(), complete=()).complete_to is None


def test_a_source_that_ended_before_the_week_says_nothing_about_it() -> None:
    days = (CompleteDays("aws", date(2026, 10, 30)), CompleteDays("old", date(2026, 1, 31)))
    digest = make_digest()
    coverage = (*digest.coverage, Coverage("old", "USD", date(2026, 1, 1), date(2026, 1, 31)))
    assert replace(digest, complete=days, coverage=coverage).complete_to == date(2026, 10, 30)


@pytest.mark.parametrize(
    ("audience", "name"),
    [
        (Audience("company", "#all"), "#all"),
        (Audience("team", "#risk", ("risk",)), "#risk"),
        (Audience("team", "", ("risk",), emails=("a@example.com",)), "mail risk"),
        (Audience("company", "", emails=("a@example.com",)), "mail company"),
        # It may share a channel with the company's.
        (Audience("management", "#all"), "management"),
    ],
)
def test_every_audience_has_a_name_of_its_own(audience: Audience, name: str) -> None:
    assert audience.name == name
