"""Which delivered tag keys carry a dimension, and which values are one."""

from mlspend.core.attribution import match_tag_keys


def test_keys_are_matched_without_case_prefix_and_punctuation_in_configured_order() -> None:
    delivered = ["user_ml_project", "user:Project", "ML-Project", "aws:project", "user_projects"]
    found = match_tag_keys({"project": ["ml-project", "project"], "team": ["team"]}, delivered)
    assert found == {"project": ["ML-Project", "user_ml_project", "user:Project"], "team": []}


def test_the_prefix_of_user_defined_tags_is_part_of_a_key_only_where_it_is_configured() -> None:
    delivered = ["group", "user_user_group", "user:team"]
    assert match_tag_keys({"project": ["user_group"], "team": ["group"]}, delivered) == {
        "project": ["user_user_group"],
        "team": ["group"],
    }
    assert match_tag_keys({"team": ["user_team"]}, delivered) == {"team": ["user:team"]}


def test_keys_of_other_scripts_are_told_apart() -> None:
    delivered = ["user_プロジェクト", "user_チーム", "की", "कि", "--"]
    assert match_tag_keys({"project": ["プロジェクト", "की"], "team": ["チーム"]}, delivered) == {
        "project": ["user_プロジェクト", "की"],
        "team": ["user_チーム"],
    }


def test_a_key_configured_twice_is_asked_once() -> None:
    assert match_tag_keys({"team": ["cost-center", "cost_center"]}, ["cost center"]) == {"team": ["cost center"]}


def test_tags_of_accounts_people_and_cost_categories_are_keys_beside_those_of_resources() -> None:
    delivered = ["accountTag/Team", "userAttribute/team", "iamPrincipal/team", "user:team", "cost_category"]
    configured = {"team": ["team", "cost_category/Team Name", "accounttag/team", "iamPrincipal/team"]}
    assert match_tag_keys(configured, delivered) == {
        "team": ["user:team", "cost_category/Team Name", "accountTag/Team", "iamPrincipal/team"]
    }
