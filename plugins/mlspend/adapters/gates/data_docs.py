"""Where Great Expectations' own pages about the checks of a build lie, and at which address they are served."""

from pathlib import Path

from mlspend.adapters.config import Config
from mlspend.adapters.home import Home

_INDEX = "index.html"


def find(home: Home, build_id: str) -> Path | None:
    """Return the first page about the checks of a build, None where there is none (any more)."""
    page = home.data_docs / build_id / _INDEX
    return page if build_id and page.exists() else None


def link(config: Config, build_id: str) -> str | None:
    """Return the address of that page, None where the configuration does not say where pages are served."""
    if config.gates.data_docs_url is None or not build_id:
        return None
    return f"{config.gates.data_docs_url.rstrip('/')}/{build_id}/{_INDEX}"
