"""A look into files that no manifest describes: which export kind they are, which billing periods their lines have."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.disk_errors import disk_errors
from mlspend.adapters.duckdb_files import Connection, Error, connect
from mlspend.adapters.landing_sql import column
from mlspend.adapters.raw_files import RawFile, open_raw_file, read_relation
from mlspend.adapters.stored_objects import Store, StoredObject
from mlspend.core.columns import ColumnsAmbiguous, plan_columns
from mlspend.core.errors import ExportContractBroken, ExportUnreadable, MlspendError
from mlspend.core.export_kinds import SHAPES, recognise_kind
from mlspend.core.periods import period_of


@dataclass(frozen=True)
class Look:
    """What one file is: its column names, its export kind (None: of no export) and the periods its lines have."""

    names: list[str]
    kind: str | None
    periods: frozenset[str]


@dataclass(frozen=True)
class Peek:
    """Opens files one at a time; a file from a bucket is fetched for it and dropped."""

    store: Store
    source: str

    def look(self, stored: StoredObject) -> Look:
        """Return what a file is; one of an export is read to its end for the periods."""
        with self._opened(stored) as (connection, file):
            kind = recognise_kind(file.names)
            periods = self._periods(connection, file, kind) if kind else frozenset[str]()
            return Look(file.names, kind, periods)

    def kind(self, stored: StoredObject) -> str | None:
        """Return the export kind of a file by its columns alone."""
        with self._opened(stored) as (_, file):
            return recognise_kind(file.names)

    def _periods(self, connection: Connection, file: RawFile, kind: str) -> frozenset[str]:
        shape = SHAPES[kind]
        where = f"source {self.source!r}: {file.uri}"
        try:
            plan = plan_columns(shape, file.names)
        except ColumnsAmbiguous as error:
            raise ExportContractBroken(f"{where}: {error}") from error
        if shape.period_start not in plan.direct:
            raise ExportContractBroken(
                f"{where} lacks the required column {shape.period_start}, so its billing period is not known: "
                "add it to the export's definition"
            )
        start = column(shape, plan, file, shape.period_start)
        relation = read_relation([file], null_text="NULL" if shape.name == "focus" else None)
        try:
            days = connection.execute(f"select distinct ({start})::date from {relation}").fetchall()
        except Error as error:
            raise ExportUnreadable(
                f"{where} cannot be read to its end, or its {shape.period_start} is no date: "
                f"deliver it again ({str(error).strip().splitlines()[0]})"
            ) from error
        if any(day is None for (day,) in days):
            raise ExportContractBroken(f"{where} has lines without {shape.period_start}: deliver it again")
        return frozenset(period_of(day) for (day,) in days)

    @contextmanager
    def _opened(self, stored: StoredObject) -> Iterator[tuple[Connection, RawFile]]:
        with (
            disk_errors(Path(tempfile.gettempdir()), f"source {self.source!r}: looking into {stored.file.uri}"),
            tempfile.TemporaryDirectory(prefix="mlspend-peek-") as folder,
            connect() as connection,
        ):
            try:
                path = self.store.fetch(stored.file, Path(folder))
                file = open_raw_file(connection, path, stored.file.uri)
            except MlspendError as error:
                raise type(error)(f"source {self.source!r}: {error}") from error
            yield connection, file
