"""Where raw columns go: by position, whatever their order, and two names that differ in case never swap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlspend.core.columns import ColumnsAmbiguous, legacy_name, plan_columns
from mlspend.core.cur_columns import CUR_COLUMNS
from mlspend.core.export_kinds import AWS_CUR, FOCUS

NAMES = st.sampled_from(
    [
        "resourceTags/user:Team",
        "resourceTags/user:team",
        "resourceTags/user:TEAM",
        "resourceTags/aws:createdBy",
        "costCategory/Env",
        "costCategory/env",
        "product/ProductName",
        "product/region",
        "product/instanceType",
        "product/instancetype",
        "lineItem/UnblendedCost",
        "lineItem/UsageAccountId",
        "bill/PayerAccountId",
        "newThing/Something",
        "newThing/something",
    ]
)


@given(
    st.permutations(["resourceTags/user:Team", "resourceTags/user:team", "lineItem/UnblendedCost", "resourceTags/Team"])
)
def test_tags_that_differ_in_case_keep_their_own_column_in_any_order(names: list[str]) -> None:
    plan = plan_columns(AWS_CUR, names)
    for key, position in plan.keyed["tags"]:
        assert names[position] == f"resourceTags/{key}"
    assert names[plan.direct["line_item_unblended_cost"]] == "lineItem/UnblendedCost"


@given(st.lists(NAMES, unique=True))
def test_every_column_goes_to_exactly_one_place(names: list[str]) -> None:
    plan = plan_columns(AWS_CUR, names)
    places = [
        *plan.direct.values(),
        *(position for pairs in plan.keyed.values() for _, position in pairs),
        *(position for positions in plan.whole.values() for position in positions),
    ]
    assert sorted(places) == list(range(len(names)))


@given(st.lists(NAMES))
def test_no_map_gets_the_same_key_twice(names: list[str]) -> None:
    try:
        plan = plan_columns(AWS_CUR, names)
    except ColumnsAmbiguous:
        return
    for pairs in plan.keyed.values():
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys))


def test_a_repeated_tag_column_is_numbered_and_a_repeated_cost_refused() -> None:
    plan = plan_columns(AWS_CUR, ["resource_tags_user_team", "resource_tags_user_team"])
    assert plan.keyed["tags"] == (("user_team", 0), ("user_team #2", 1))
    with pytest.raises(ColumnsAmbiguous, match="line_item_unblended_cost"):
        plan_columns(AWS_CUR, ["lineItem/UnblendedCost", "line_item_unblended_cost"])


def test_legacy_product_columns_become_keys_of_the_product_map_of_cur2() -> None:
    plan = plan_columns(AWS_CUR, ["product/ProductName", "product/region", "product/productFamily"])
    assert plan.keyed["product"] == (("product_name", 0), ("region", 1))
    assert plan.direct == {"product_product_family": 2}


def test_both_tag_maps_of_cur2_become_one_and_what_nobody_knows_is_extra() -> None:
    plan = plan_columns(AWS_CUR, ["resource_tags", "tags", "cost_category", "brand_new_column"])
    assert plan.whole == {"tags": (0, 1), "cost_category": (2,)}
    assert plan.extra == ("brand_new_column",)
    assert "line_item_unblended_cost" in plan.absent


def test_focus_columns_are_found_in_any_case_and_others_are_extra() -> None:
    plan = plan_columns(FOCUS, ["BilledCost", "billingaccountid", "Tags", "x_Operation", "Id"])
    assert plan.direct == {"billed_cost": 0, "billing_account_id": 1}
    assert plan.whole == {"tags": (2,)}
    assert plan.extra == ("x_Operation", "Id")


@given(st.sampled_from(sorted(CUR_COLUMNS)))
def test_cur2_names_are_their_own_legacy_names(name: str) -> None:
    assert legacy_name(name) == name
