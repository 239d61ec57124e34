"""What a planned resource will be tagged with, as each provider's plans say it."""

from typing import Any

import pytest

from mlspend.core.planned_tags import Planned, planned_tags
from tests.terraform_plans import AWS, AZURE, GOOGLE, change

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("provider", "after", "unknown", "expected"),
    [
        # Default tags stand in tags_all only.
        (AWS, {"tags": None, "tags_all": {"project": "search"}}, {}, {"project": "search"}),
        (AWS, {"tags": {"a": "own"}, "tags_all": {"a": "own", "b": "default"}}, {}, {"a": "own", "b": "default"}),
        # Older resources and other providers know no tags_all.
        (AWS, {"tags": {"project": "search"}}, {}, {"project": "search"}),
        (AZURE, {"tags": {"Project": "search"}}, {}, {"Project": "search"}),
        (
            GOOGLE,
            {
                "labels": {"team": "own"},
                "terraform_labels": {"team": "own", "project": "default"},
                "effective_labels": {"team": "own", "project": "default", "goog-terraform-provisioned": "true"},
            },
            {},
            {"team": "own", "project": "default", "goog-terraform-provisioned": "true"},
        ),
        # What the resource will carry counts, not what it asks for.
        (GOOGLE, {"labels": {"team": "asked"}, "effective_labels": {"team": "carried"}}, {}, {"team": "carried"}),
        # The google provider's tags are for firewalls, and are no labels.
        (GOOGLE, {"tags": ["project"], "labels": {"team": "x"}}, {}, {"team": "x"}),
        (GOOGLE, {"resource_labels": {"team": "x"}}, {}, {"team": "x"}),
        (GOOGLE, {"settings": [{"tier": "db-f1-micro", "user_labels": {"team": "x"}}]}, {}, {"team": "x"}),
        (GOOGLE, {"metadata": [{"labels": {"team": "x"}}]}, {"metadata": [{"labels": {}}]}, {"team": "x"}),
        (
            AWS,
            {"tag": [{"key": "project", "value": "search", "propagate_at_launch": True}]},
            {"tag": [{}]},
            {"project": "search"},
        ),
        # A value known after apply is left out of `after`, of a block's keys too.
        (AWS, {"tags": {"team": "x"}}, {"tags": {"project": True}}, {"team": "x", "project": None}),
        (AWS, {"tag": [{"key": "project"}]}, {"tag": [{"value": True}]}, {"project": None}),
        # null takes a tag away.
        (AWS, {"tags": {"project": None, "team": "x"}}, {}, {"team": "x"}),
        (AWS, {"tags": None}, {}, {}),
        (AWS, {"tags": {"cost-center": 4711}}, {}, {"cost-center": "4711"}),
    ],
)
def test_tags_are_read_where_each_provider_keeps_them(
    provider: str, after: dict[str, Any], unknown: dict[str, Any], expected: dict[str, str | None]
) -> None:
    assert planned_tags(change("x.y", after, unknown, provider=provider), NOTHING) == Planned(expected, True, False)


@pytest.mark.parametrize(
    ("after", "unknown", "with_defaults", "is_complete"),
    [
        # Without any tag and default tag the provider says of tags_all: known after apply.
        ({"tags": None}, {"tags_all": True}, NOTHING, True),
        ({"tags": {"Name": "x"}}, {"tags": {"project": True}, "tags_all": True}, NOTHING, True),
        ({"tags": None}, {"tags_all": True}, frozenset({"aws"}), False),
        ({"tags": None}, {"tags_all": True}, frozenset({"google"}), True),
        ({}, {"tags": True, "tags_all": True}, NOTHING, False),
        ({}, {"tags": True}, NOTHING, False),
        ({}, {"tag": True}, NOTHING, False),
        ({"tags_all": {"a": "b"}}, {"tags": True}, frozenset({"aws"}), True),
        ({"tags_all": {"a": "b"}}, {"tags_all": {"project": True}}, frozenset({"aws"}), True),
    ],
)
def test_only_what_can_still_come_makes_tags_incomplete(
    after: dict[str, Any], unknown: dict[str, Any], with_defaults: frozenset[str], is_complete: bool
) -> None:
    found = planned_tags(change("aws_instance.x", after, unknown), with_defaults)
    assert found is not None
    assert found.is_complete == is_complete


def test_what_terraform_adds_is_known_though_what_others_added_is_not() -> None:
    after = {"labels": {"team": "x"}, "terraform_labels": {"team": "x"}}
    of_update = change("google_storage_bucket.x", after, {"effective_labels": True}, provider=GOOGLE)
    assert planned_tags(of_update, frozenset({"google"})) == Planned({"team": "x"}, True, False)


@pytest.mark.parametrize(
    ("provider", "after"),
    [
        (AWS, {"policy": "{}"}),
        (AWS, None),
        (GOOGLE, {"tags": ["web"]}),
        ("registry.terraform.io/hashicorp/kubernetes", {"labels": {"a": "b"}}),
        ("", {"tags": {}}),
    ],
)
def test_what_cannot_carry_tags_has_none(provider: str, after: dict[str, Any] | None) -> None:
    assert planned_tags(change("x.y", after, provider=provider), NOTHING) is None


def test_secret_tags_are_marked() -> None:
    of_secret = change("aws_instance.x", {"tags": {"team": "x"}}, secret={"tags": {"team": True}})
    of_other = change("aws_instance.x", {"tags": {"team": "x"}}, secret={"tags": {}, "user_data": True})
    assert [found.is_secret for each in (of_secret, of_other) if (found := planned_tags(each, NOTHING))] == [
        True,
        False,
    ]


def test_a_change_that_is_secret_as_a_whole_is_marked() -> None:
    whole = change("aws_instance.x", {"tags": {"team": "x"}})
    whole["change"]["after_sensitive"] = True
    found = planned_tags(whole, NOTHING)
    assert found is not None
    assert found.is_secret
