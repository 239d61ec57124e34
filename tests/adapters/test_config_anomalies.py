"""The limits of anomalies as they reach a build."""

import pytest
from pydantic import ValidationError

from mlspend.adapters.config_anomalies import Anomalies


def test_a_project_has_its_own_limits_and_the_others_of_all() -> None:
    limits = Anomalies.model_validate({"sensitivity": 6.0, "projects": {"loud": {"minimum_cost": 500.0}}})
    general, loud = limits.rows()
    assert general["project"] is None
    assert loud == {**general, "project": "loud", "minimum_cost": 500.0}
    assert loud["sensitivity"] == 6.0


@pytest.mark.parametrize("wrong", [{"sensitivity": 0.0}, {"minimum_cost": -1.0}, {"projects": {"a": {"floor": 1.0}}}])
def test_what_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Anomalies.model_validate(wrong)
