"""The names of the configured sources, read without pydantic: DAG files need nothing else while they are parsed."""

import os
from pathlib import Path

import yaml

from mlspend.adapters.home import PROJECT_ROOT
from mlspend.core.errors import ConfigInvalid


def config_path() -> Path:
    """Return the path of mlspend.yml: MLSPEND_CONFIG, else config/mlspend.yml of the project."""
    return Path(os.environ.get("MLSPEND_CONFIG") or PROJECT_ROOT / "config" / "mlspend.yml")


def read_source_names(path: Path | None = None) -> tuple[str, ...]:
    """Return the names of the sources in mlspend.yml, in its order; ConfigInvalid where it cannot be read.

    Everything else in the file is checked by `mlspend config check` and whenever the configuration is loaded.
    """
    path = path or config_path()
    try:
        names = tuple(source["name"] for source in yaml.safe_load(path.read_text(encoding="utf-8-sig"))["sources"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        names = (None,)
    if not all(isinstance(name, str) for name in names):
        # No cause is kept: a YAML error quotes the file, which may hold a secret.
        raise ConfigInvalid(f"{path}: the sources cannot be read; run `mlspend config check`")
    return names
