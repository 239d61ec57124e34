"""A plan held against the tag policy: what is said of every resource, and which resources are left out."""

from typing import Any

import pytest

from mlspend.core.plan_tags import Finding, check_plan
from mlspend.core.tag_policy import RequiredTag, TagPolicy
from tests.terraform_plans import change, plan, with_default_tags

PROJECT = RequiredTag(
    "project",
    "project",
    ("project", "ml-project"),
    {"recommender": "recommender", "recsys": "recommender", "fraud-detection": "fraud-detection"},
)
OWNER = RequiredTag("team", "owner", ("owner",), {})
POLICY = TagPolicy((PROJECT,), exempt=("aws_iam_*",))


def findings(after: dict[str, Any], unknown: dict[str, Any] | None = None, **options: Any) -> list[Finding]:
    return check_plan(plan(change("aws_instance.x", after, unknown, **options)), POLICY).findings


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"project": "recommender"}, None),
        ({"Project": "recommender"}, None),
        ({"ML_Project": "recommender"}, None),
        ({"Name": "x"}, ("missing", None, None)),
        ({}, ("missing", None, None)),
        ({"project": ""}, ("empty", None, None)),
        ({"project": "  "}, ("empty", None, None)),
        ({"project": "recomender"}, ("not_allowed", "recomender", "recommender")),
        ({"project": "RECSY"}, ("not_allowed", "RECSY", "recommender")),
        ({"project": "xyz"}, ("not_allowed", "xyz", None)),
        ({"project": "recsys"}, ("spelt_otherwise", "recsys", "recommender")),
        ({"project": "Recommender"}, ("spelt_otherwise", "Recommender", "recommender")),
        # The most trusted key that has a value counts, as in the bill.
        ({"ml-project": "recommender", "project": "xyz"}, ("not_allowed", "xyz", None)),
        ({"ml-project": "recommender", "project": " "}, None),
        ({"project": "Fraud Detection"}, ("spelt_otherwise", "Fraud Detection", "fraud-detection")),
        ({"project": "--"}, ("empty", None, None)),
        ({"ml-project": "recommender", "project": "--"}, None),
    ],
)
def test_a_tag_is_judged_as_the_bill_will_be(tags: dict[str, str], expected: tuple[str, Any, Any] | None) -> None:
    found = [(each.outcome, each.value, each.suggestion) for each in findings({"tags": tags, "tags_all": tags})]
    assert found == ([expected] if expected else [])


def test_only_what_costs_an_owner_fails_the_plan() -> None:
    def is_good(after: dict[str, Any], unknown: dict[str, Any] | None = None) -> bool:
        return check_plan(plan(change("aws_instance.x", after, unknown)), POLICY).is_good

    assert is_good({"tags": {"project": "recsys"}})
    assert is_good({"tags": {}}, {"tags": {"project": True}, "tags_all": True})
    assert not is_good({"tags": {"project": "xyz"}})
    assert not is_good({"tags": {"project": ""}})
    assert not is_good({"tags": None}, {"tags_all": True})


def test_what_the_apply_will_tell_is_no_failure() -> None:
    assert [each.outcome for each in findings({}, {"tags": True, "tags_all": True})] == ["unknown_until_apply"]
    assert [each.outcome for each in findings({"tags": {}}, {"tags": {"project": True}})] == ["unknown_until_apply"]
    untagged = change("aws_instance.x", {"tags": None}, {"tags_all": True})
    by_default = plan(untagged, configuration=with_default_tags("aws", "default_tags"))
    assert [each.outcome for each in check_plan(by_default, POLICY).findings] == ["unknown_until_apply"]
    for_another = plan(untagged, configuration=with_default_tags("google", "default_labels"))
    assert [each.outcome for each in check_plan(for_another, POLICY).findings] == ["missing"]


def test_every_required_tag_of_every_resource_is_told_where_it_stands() -> None:
    found = check_plan(
        plan(
            change("module.ml[0].aws_s3_bucket.data", {"tags": {"owner": "ines"}}),
            change("aws_instance.x", {"tags": {"project": "recommender"}}, actions=("delete", "create")),
            change("aws_instance.y", {"tags": {"owner": "unknown"}}, actions=("update",)),
        ),
        TagPolicy((PROJECT, OWNER)),
    )
    assert [(each.address, each.action, each.key, each.outcome) for each in found.findings] == [
        ("module.ml[0].aws_s3_bucket.data", "create", "project", "missing"),
        ("aws_instance.x", "delete then create", "owner", "missing"),
        ("aws_instance.y", "update", "project", "missing"),
        ("aws_instance.y", "update", "owner", "not_allowed"),
    ]


def test_what_is_not_made_or_cannot_be_tagged_is_counted_with_its_reason() -> None:
    untagged = {"tags": None}
    found = check_plan(
        plan(
            change("aws_instance.checked", {"tags": {"project": "recommender"}}),
            change("aws_instance.gone", None, actions=("delete",)),
            change("aws_instance.same", untagged, actions=("no-op",)),
            change("aws_instance.forgotten", None, actions=("forget",)),
            change("data.aws_ami.read", untagged, actions=("read",), mode="data"),
            change("aws_iam_role.exempt", untagged),
            change("aws_autoscaling_group_tag.of_another", {"tag": [{"key": "Name", "value": "x"}]}),
            change("aws_iam_policy_attachment.x", untagged),
            change("aws_s3_bucket_policy.no_tags", {"policy": "{}"}),
            deferred_changes=[{"reason": "provider_config_unknown"}],
        ),
        POLICY,
    )
    assert (found.checked, found.findings, found.is_good) == (1, [], True)
    assert found.skipped == {
        "deleted": 1,
        "unchanged": 1,
        "not managed any more": 1,
        "data source": 1,
        "exempt": 3,
        "cannot carry tags": 1,
        "deferred": 1,
    }


def test_a_secret_value_is_told_to_nobody() -> None:
    [found] = findings({"tags": {"project": "recomender"}}, secret={"tags": {"project": True}})
    assert (found.outcome, found.value, found.suggestion) == ("not_allowed", None, None)


def test_a_plan_without_changes_is_good() -> None:
    assert check_plan({"format_version": "1.2", "planned_values": {}}, POLICY).is_good
