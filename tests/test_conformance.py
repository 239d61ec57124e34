"""docs/conformance.md names exactly the rules of FOCUS 1.2 that the official validator says we fail."""

import re
from pathlib import Path

import pytest

from benchmarks.conformance import find_python, validate
from mlspend.adapters.home import PROJECT_ROOT, Home


def test_the_page_names_every_failing_rule_and_no_other(example_warehouse: Home, tmp_path: Path) -> None:
    if find_python() is None:
        pytest.skip("the FOCUS validator needs Python 3.12, and this machine has none")
    verdict = validate(example_warehouse.published_warehouse, tmp_path)
    failed = {rule for rule, message in verdict.failed.items() if "failed child rules" not in message}
    page = (PROJECT_ROOT / "docs" / "conformance.md").read_text()
    assert {rule for rule in failed if "child rules failed" not in verdict.failed[rule]} == set(
        re.findall(r"^\| `([A-Za-z]+-[A-Z]-\d+-[A-Z])`", page, re.MULTILINE)
    )
    assert verdict.passed > 300
