from mlspend.core.hashes import hash_of


def test_equal_values_are_called_the_same_and_others_not() -> None:
    assert hash_of({"rules": [1, 2], "tags": {}}) == hash_of({"tags": {}, "rules": [1, 2]})
    assert hash_of({"rules": [1, 2]}) != hash_of({"rules": [2, 1]})
    assert len(hash_of(None)) == 16
