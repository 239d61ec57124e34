"""What `mlspend demo` shows: every task as it ends, then the headline numbers and where things are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from mlspend import cli_output
from mlspend.adapters import demo
from mlspend.adapters.home import Home

if TYPE_CHECKING:
    from mlspend.adapters.airflow_api import TaskState

_ENDS = {"success": "[green]done[/]", "skipped": "[yellow]skipped[/]", "failed": "[red]failed[/]"}


def run_and_show(home: Home) -> None:
    """Run the demo in `home` and print its report."""
    with _progress() as (tell, on_change):
        result = demo.run(home, tell=tell, on_change=on_change)
    cli_output.show_table("Total spend", result.totals)
    cli_output.show_table("Spend by project", result.projects)
    cli_output.show_table("Reconciliation", result.reconciliation)
    said = "published" if result.is_new else "unchanged since it was published"
    cli_output.show_lines(
        [
            f"The warehouse, {said}: {result.warehouse}",
            f"The weekly digest: {result.digest}",
            'Ask it something: .venv/bin/mlspend sql "select * from marts.daily_spend limit 5"',
        ]
    )


@contextmanager
def _progress() -> Iterator[tuple[Callable[[str], None], Callable[["TaskState"], None]]]:
    console = Console(stderr=True, highlight=False)
    with console.status("starting") as line:

        def tell(words: str) -> None:
            line.update(escape(words))
            if not console.is_terminal:
                console.print(escape(words))

        def on_change(task: "TaskState") -> None:
            name = f"{task.run.dag_id}: {task.task_id}"
            if task.state in _ENDS:
                console.print(f"{_ENDS[task.state]} {escape(name)} ({task.seconds or 0:.1f} s)")
            elif task.state == "running":
                line.update(escape(name))

        yield tell, on_change
