"""The note beside a run: tasks leave their lines as an XCom, and the scheduler writes them down when the run ends.

A task cannot write a note: it has no access to Airflow's database, and the API that tasks talk to has no call for it.
The scheduler, which calls the listener below, holds the run in its own transaction and saves the note with its state.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.listeners import hookimpl

from mlspend.core.errors import MlspendError
from mlspend.core.run_notes import shorten

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.sdk import Context

NOTE_KEY = "mlspend_run_note"

logger = logging.getLogger(__name__)


@contextmanager
def run_note(context: "Context") -> Iterator[list[str]]:
    """Give a list for this task's lines in the note of its run; an error that ends the task is added to them."""
    lines: list[str] = []
    try:
        yield lines
    except MlspendError as error:
        lines.append(f"{type(error).__name__}: {error}")
        raise
    finally:
        if lines and (task := context.get("ti")):
            task.xcom_push(key=NOTE_KEY, value=shorten("\n".join(lines)))


@hookimpl
def on_dag_run_success(dag_run: "DagRun") -> None:
    """Called by Airflow when a run has succeeded."""
    write_note(dag_run)


@hookimpl
def on_dag_run_failed(dag_run: "DagRun") -> None:
    """Called by Airflow when a run has failed."""
    write_note(dag_run)


def write_note(dag_run: "DagRun") -> None:
    """Set the note of a run from what its tasks left; one that a person wrote stays."""
    import sqlalchemy as sa
    from airflow.models.xcom import XComModel

    session = sa.orm.object_session(dag_run)
    if session is None:
        return
    left = sa.select(XComModel.value).where(XComModel.dag_run_id == dag_run.id, XComModel.key == NOTE_KEY)
    try:
        # What the scheduler has not written yet is its own to write, when it sees fit.
        with session.no_autoflush:
            told = session.scalars(left.order_by(XComModel.timestamp)).all()
            written = dag_run.dag_run_note
    except sa.exc.SQLAlchemyError:
        # Other listeners are still to be called, and a note is no reason to hold up the scheduler.
        logger.exception("no note for %s of %s", dag_run.run_id, dag_run.dag_id)
        return
    if told and (written is None or written.user_id is None):
        dag_run.note = shorten("\n".join(map(str, told)))
