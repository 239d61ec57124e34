"""Where one company's data lives: the folders of MLSPEND_HOME, the same path in every container."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Home:
    """The folders below MLSPEND_HOME."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """Return the home named by MLSPEND_HOME, `var/` of the project where that is not set."""
        return cls(Path(os.environ.get("MLSPEND_HOME") or PROJECT_ROOT / "var").resolve())

    @property
    def landing(self) -> Path:
        """Landed deliveries: <source>/<period>/<version>/."""
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        """Line-level tables as immutable Parquet: <table>/build=<id>/x_source=…/billing_period=…/."""
        return self.root / "lake"

    @property
    def builds(self) -> Path:
        """Private working folders of builds: <build id>/."""
        return self.root / "build"

    @property
    def data_docs(self) -> Path:
        """Great Expectations' pages about the checks of builds: <build id>/index.html."""
        return self.root / "data_docs"

    @property
    def published_warehouse(self) -> Path:
        """The DuckDB file that analysts open."""
        return self.root / "published" / "warehouse.duckdb"

    @property
    def history(self) -> Path:
        """The files of publications that were replaced: <build id>.duckdb."""
        return self.root / "published" / "history"

    @property
    def outbox(self) -> Path:
        """Every message as it would be sent when no Slack token is set."""
        return self.root / "outbox"

    @property
    def state_url(self) -> str:
        """SQLAlchemy URL of the state store: MLSPEND_STATE_URL, else SQLite below the home."""
        return os.environ.get("MLSPEND_STATE_URL") or f"sqlite:///{self.root / 'state.db'}"
