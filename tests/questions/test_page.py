"""docs/focus-questions.md against the questions it describes."""

import re
import shlex
from collections import Counter

import pytest
from typer.testing import CliRunner

from mlspend.adapters import questions
from mlspend.adapters.home import PROJECT_ROOT, Home
from mlspend.cli import app
from mlspend.core.questions import FAULTS

PAGE = (PROJECT_ROOT / "docs" / "focus-questions.md").read_text()
QUESTIONS = questions.read_questions()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


def test_the_page_lists_every_question_in_its_words() -> None:
    listed = [
        (slug.strip("`"), text) for slug, text in (row for row in ROWS if len(row) == 2) if slug[1:-1] in QUESTIONS
    ]
    assert listed == [(each.slug, each.question) for each in QUESTIONS.values()]


def test_the_page_tells_every_fault_of_a_published_query() -> None:
    told = [(row[0].strip("`"), row[1], row[2]) for row in ROWS if len(row) == 3 and row[0].strip("`") in QUESTIONS]
    known = [(each.slug, fault.kind, fault.what) for each in QUESTIONS.values() for fault in each.faults]
    assert told == [fault for fault in known if fault[2]]
    counts = Counter(kind for _, kind, _ in known)
    assert [row for row in ROWS if row[0] in FAULTS] == [[kind, str(counts[kind]), FAULTS[kind]] for kind in FAULTS]
    for kind in ("adds up currencies", "loses the end", "merges years"):
        words = kind.replace("adds", "add").replace("loses", "lose").replace("merges", "merge")
        [listed] = re.findall(rf"^These {words}: (.*?)\.$", PAGE, re.MULTILINE | re.DOTALL)
        assert re.findall(r"`([^`]+)`", listed) == [slug for slug, each, _ in known if each == kind]
    assert {slug for slug, _, _ in known} == QUESTIONS.keys() - {"costs-service-category"}


def test_the_commands_of_the_page_run(example_warehouse: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLSPEND_HOME", str(example_warehouse.root))
    [block] = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.replace("\\\n", " ").splitlines():
        given = ""
        for command in line.split(" | "):
            result = CliRunner().invoke(app, shlex.split(command)[1:], input=given)
            given = result.stdout
            assert result.exit_code == 0, line
            assert "no rows" not in given, line
