"""The questions are part of the package: an installed mlspend must find them."""

from pathlib import Path
from typing import Any

import pytest
from setuptools import Distribution

from mlspend.adapters import questions
from mlspend.adapters.home import PROJECT_ROOT


def test_every_question_is_read_by_its_slug() -> None:
    read = questions.read_questions()
    assert len(read) == 53
    assert all(slug == one.slug and one.sql.startswith("-- question: ") for slug, one in read.items())


def test_the_package_holds_the_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_ROOT)
    distribution = Distribution()
    distribution.parse_config_files()
    build: Any = distribution.get_command_obj("build_py")
    build.ensure_finalized()
    # What is under version control does not count: an installation from a wheel knows nothing of it.
    build.manifest_files = {}
    packed = {Path(file).stem for file in build.find_data_files("mlspend", str(PROJECT_ROOT / "plugins/mlspend"))}
    assert questions.read_questions().keys() <= packed
