"""Every check has one name, one effect and a reason, and the page about the gates says the same."""

import re

import pytest

from expectations.checkpoints import name_of
from expectations.suites import about_partitions, about_warehouse
from mlspend.adapters.gates import freshness_checks
from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.check_effects import CHECKS, FRESHNESS, SEVERITIES


@pytest.fixture(scope="module")
def checks() -> dict[str, tuple[str, str]]:
    """Effect and reason of every check, by its name."""
    found = {FRESHNESS: ("hold", freshness_checks.REASON)}
    for suites in (*about_partitions().values(), about_warehouse()):
        for asset, expectations in suites.items():
            for expectation in expectations:
                name = name_of(asset, expectation)
                assert name not in found, f"two checks are called {name}"
                assert expectation.severity.value == SEVERITIES[expectation.meta["effect"]]
                found[name] = (expectation.meta["effect"], expectation.notes)
    return found


def test_the_names_that_the_configuration_knows_are_those_of_the_suites(checks: dict[str, tuple[str, str]]) -> None:
    assert {name: effect for name, (effect, _) in checks.items()} == CHECKS


def test_the_page_about_the_gates_tells_every_check_with_effect_and_reason(checks: dict[str, tuple[str, str]]) -> None:
    page = (PROJECT_ROOT / "docs" / "gates.md").read_text()
    told = re.findall(r"^\| `([^`]+)` \| (stop|hold|warn|inform) \| (.+) \|$", page, re.MULTILINE)
    assert {name: (effect, reason) for name, effect, reason in told} == checks
