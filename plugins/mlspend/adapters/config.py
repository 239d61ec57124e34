"""mlspend.yml is loaded here. Unknown keys are errors, secrets are refused, every error names file, line and key."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from mlspend.adapters import yaml_lines
from mlspend.adapters.config_checks import cross_check, explain, find_secrets, written
from mlspend.adapters.config_model import Config
from mlspend.adapters.home import Home
from mlspend.adapters.rates_file import rates_path, read_rates_file
from mlspend.adapters.source_names import config_path
from mlspend.adapters.yaml_lines import Document, Place
from mlspend.core.errors import ConfigInvalid, RatesUnreadable

__all__ = ["Config", "Problem", "check", "default", "load"]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a configuration file: where, what, and what would be right. Never holds a secret's value."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.file}:{self.line}: {self.key}: {self.message}"
            if self.key
            else f"{self.file}:{self.line}: {self.message}"
        )


def default() -> Config:
    """Return the configuration that `mlspend try` works with: common tag keys and synonyms, no projects, no sources."""
    return Config(company="unconfigured", sources=())


def load(path: Path | None = None) -> Config:
    """Return the configuration in `path` (None: MLSPEND_CONFIG or the project's); ConfigInvalid lists all problems."""
    config, problems = _read(path or config_path())
    if config is None or problems:
        raise ConfigInvalid("\n".join(str(problem) for problem in problems))
    return config


def locate(found: Iterable[tuple[Place, str]], path: Path | None = None) -> list[Problem]:
    """Return what was `found` about a configuration that is valid, each with its line."""
    where = path or config_path()
    document = yaml_lines.read(where)
    return [Problem(str(where), document.line_of(place), written(place), message) for place, message in found]


def check(path: Path | None = None) -> list[Problem]:
    """Return everything wrong with the configuration in `path`, in the order of its lines.

    Files that it names are read too, once nothing else is wrong.
    """
    path = path or config_path()
    config, problems = _read(path)
    return problems if problems or config is None else list(_check_files(path, config))


def _check_files(path: Path, config: Config) -> Iterator[Problem]:
    if config.currencies and config.currencies.rates_file:
        place: Place = ("currencies", "rates_file")
        try:
            read_rates_file(rates_path(Home.from_environment(), config.currencies.rates_file))
        except RatesUnreadable as error:
            line = yaml_lines.read(path).line_of(place)
            for sentence in str(error).splitlines():
                yield Problem(str(path), line, written(place), sentence)


def _read(path: Path) -> tuple[Config | None, list[Problem]]:
    def problem(document: Document, place: Place, message: str) -> Problem:
        return Problem(str(path), document.line_of(place), written(place), message)

    try:
        document = yaml_lines.read(path)
    except OSError as error:
        return None, [Problem(str(path), 1, "", f"cannot be read ({error.strerror}): set MLSPEND_CONFIG to the file")]
    # Secrets first and alone: no later message may quote one.
    if secrets := [problem(document, place, message) for place, message in find_secrets(document.data, ())]:
        return None, secrets
    if document.faults:
        return None, [Problem(str(path), fault.line, written(fault.place), fault.message) for fault in document.faults]
    if not isinstance(document.data, dict):
        return None, [Problem(str(path), 1, "", "holds no keys: start with `company:` and `sources:`")]
    try:
        config = Config.model_validate(document.data)
    except ValidationError as error:
        found = [problem(document, *explain(dict(detail))) for detail in error.errors(include_url=False)]
        return None, sorted(found, key=lambda one: one.line)
    found = [problem(document, place, message) for place, message in cross_check(config)]
    return config, sorted(found, key=lambda one: one.line)
