"""Build, proof and publication as Airflow tasks. Between them travels the build: its id, paths and partitions."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.core.run_notes import describe_build
from mlspend.operators.errors import airflow_errors
from mlspend.operators.run_notes import run_note

if TYPE_CHECKING:
    from airflow.sdk import Context


class BuildWarehouseOperator(BaseOperator):
    """Build privately what the ledger says is current; skipped where that is what is published. Returns the build."""

    def execute(self, context: "Context") -> str:
        from mlspend.adapters import config, pipeline, publication
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        with airflow_errors(), run_note(context) as note, Ledger.open(home) as ledger:
            previous = publication.read_published(home)
            build = pipeline.make_build(home, config.load(), ledger, previous, now=datetime.now(UTC))
            note.append(describe_build(build))
        if build.is_unchanged:
            raise AirflowSkipException("everything landed is published already")
        return build.to_json()


class ProveWarehouseOperator(BaseOperator):
    """Ask every expectation of `build`, and return the build that may be published.

    That is another one where gates hold back billing periods, made without them. Red for all fails the task, and
    nothing is published.
    """

    template_fields = ("build",)

    def __init__(self, *, build: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.build = build

    def execute(self, context: "Context") -> str:
        from mlspend.adapters import config, pipeline, publication
        from mlspend.adapters.gates import hold_back
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger
        from mlspend.core.deliveries import Build

        home, made, now = Home.from_environment(), Build.from_json(self.build), datetime.now(UTC)
        with airflow_errors(), run_note(context) as note, Ledger.open(home) as ledger:
            previous = publication.read_published(home)
            proved = pipeline.prove(made, home, config.load(), ledger, previous, now=now, tell=self.log.info)
            note.append(f"proved {proved.build_id}")
            note += [hold_back.describe(one) for one in ledger.held_deliveries() if one.is_open]
        return proved.to_json()


class PublishWarehouseOperator(BaseOperator):
    """Let readers see `build`, which has been proved. Returns the path of the published warehouse."""

    template_fields = ("build",)

    def __init__(self, *, build: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.build = build

    def execute(self, context: "Context") -> str:
        from mlspend.adapters import config, publication
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger
        from mlspend.core.deliveries import Build

        home = Home.from_environment()
        with airflow_errors(), run_note(context) as note, Ledger.open(home) as ledger:
            retention = config.load().retention
            build = Build.from_json(self.build)
            published = publication.publish(build, home, ledger, now=datetime.now(UTC), retention=retention)
            note.append(f"published {published.build_id}, {len(published.partitions)} billing periods in all")
        return str(home.published_warehouse)
