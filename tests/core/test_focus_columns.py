import re

from mlspend.core.focus_columns import FOCUS_1_2


def test_our_names_are_the_names_of_the_specification_in_snake_case() -> None:
    for name, ours, _ in FOCUS_1_2:
        assert re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower() == ours


def test_there_are_57_columns_and_amounts_are_decimals() -> None:
    assert len({name for name, _, _ in FOCUS_1_2}) == 57
    for name, _, type_ in FOCUS_1_2:
        if name.endswith(("Cost", "UnitPrice")):
            assert type_ == "decimal(38,12)", name
