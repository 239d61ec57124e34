"""Which delivered tag keys carry a dimension."""

from mlspend.core.attribution import match_tag_keys


def test_keys_are_matched_without_case_prefix_and_punctuation_in_configured_order() -> None:
    delivered = ["user_ml_project", "user:Project", "ML-Project", "aws:project", "user_projects"]
    found = match_tag_keys({"project": ["ml-project", "project"], "team": ["team"]}, delivered)
    assert found == {"project": ["ML-Project", "user_ml_project", "user:Project"], "team": []}


def test_a_key_configured_twice_is_asked_once() -> None:
    assert match_tag_keys({"team": ["cost-center", "cost_center"]}, ["cost center"]) == {"team": ["cost center"]}
