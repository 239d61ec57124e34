"""A look into files that no manifest describes: which export kind they are, which billing periods their lines have."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlspend.adapters.duckdb_files import Error, connect
from mlspend.adapters.landing_sql import column
from mlspend.adapters.object_stores import Store, StoredObject
from mlspend.adapters.raw_files import RawFile, open_raw_file, read_relation
from mlspend.core.columns import plan_columns
from mlspend.core.errors import ExportContractBroken, ExportUnreadable, MlspendError
from mlspend.core.export_kinds import SHAPES, recognise_kind
from mlspend.core.periods import period_of


@dataclass(frozen=True)
class Peek:
    """Opens files one at a time; a file from a bucket is fetched for it and dropped."""

    store: Store
    source: str

    def kind(self, stored: StoredObject) -> str | None:
        """Return the export kind of a file by its columns, None when they are those of no export."""
        with self._opened(stored) as file:
            return recognise_kind(file.names)

    def columns(self, stored: StoredObject) -> list[str]:
        """Return the names of the file's columns as delivered."""
        with self._opened(stored) as file:
            return file.names

    def periods(self, stored: StoredObject, kind: str) -> set[str]:
        """Return the billing periods of the file's lines; this reads the file to its end."""
        shape = SHAPES[kind]
        with self._opened(stored) as file, connect() as connection:
            plan = plan_columns(shape, file.names)
            if shape.period_start not in plan.direct:
                raise ExportContractBroken(
                    f"source {self.source!r}: {stored.file.uri} lacks the required column {shape.period_start}, "
                    "so its billing period is not known: add it to the export's definition"
                )
            start = column(shape, plan, file, shape.period_start)
            relation = read_relation([file], null_text="NULL" if shape.name == "focus" else None)
            try:
                days = connection.execute(f"select distinct ({start})::date from {relation}").fetchall()
            except Error as error:
                raise ExportUnreadable(
                    f"source {self.source!r}: {stored.file.uri} cannot be read to its end, or its {shape.period_start} "
                    f"is no date: deliver it again ({str(error).strip().splitlines()[0]})"
                ) from error
        if any(day is None for (day,) in days):
            raise ExportContractBroken(
                f"source {self.source!r}: {stored.file.uri} has lines without {shape.period_start}: deliver it again"
            )
        return {period_of(day) for (day,) in days}

    @contextmanager
    def _opened(self, stored: StoredObject) -> Iterator[RawFile]:
        with tempfile.TemporaryDirectory(prefix="mlspend-peek-") as folder, connect() as connection:
            try:
                path = self.store.fetch(stored.file, Path(folder))
                file = open_raw_file(connection, path, stored.file.uri)
            except MlspendError as error:
                raise type(error)(f"source {self.source!r}: {error}") from error
            yield file
