"""What DAG files need to know of the sources while they are parsed, read without pydantic: names and queues."""

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.errors import ConfigInvalid
from mlspend.core.notifications import region_of


@dataclass(frozen=True)
class SourceSchedule:
    """A source as its DAG needs it: name, the queue that announces its deliveries, the Airflow Connection to both."""

    name: str
    queue: str | None = None
    connection: str | None = None


def config_path() -> Path:
    """Return the path of mlspend.yml: MLSPEND_CONFIG, else config/mlspend.yml of the project."""
    return Path(os.environ.get("MLSPEND_CONFIG") or PROJECT_ROOT / "config" / "mlspend.yml")


def read_source_names(path: Path | None = None) -> tuple[str, ...]:
    """Return the names of the sources in mlspend.yml, in its order; ConfigInvalid where it cannot be read."""
    return tuple(source.name for source in read_source_schedules(path))


def read_source_schedules(path: Path | None = None) -> tuple[SourceSchedule, ...]:
    """Return the sources in mlspend.yml, in its order; ConfigInvalid where it cannot be read.

    Everything else in the file is checked by `mlspend config check` and whenever the configuration is loaded.
    """
    path = path or config_path()
    found: tuple[SourceSchedule, ...] | None = None
    try:
        sources = yaml.safe_load(path.read_text(encoding="utf-8-sig"))["sources"]
        found = tuple(
            SourceSchedule(source["name"], source.get("queue"), source.get("connection")) for source in sources
        )
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        pass
    if found is None or not all(isinstance(one.name, str) and isinstance(one.queue, str | None) for one in found):
        # No cause is kept: a YAML error quotes the file, which may hold a secret.
        raise ConfigInvalid(f"{path}: the sources cannot be read; run `mlspend config check`")
    return found


def queue_region(queue: str) -> str:
    """Return the AWS region of a queue: the one its address names, else that of the AWS environment."""
    return region_of(queue) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
