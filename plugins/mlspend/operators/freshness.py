"""The check of every source as an Airflow task: the Slack Connection becomes a token, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from mlspend.operators.errors import airflow_errors
from mlspend.operators.slack import slack_access

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckFreshnessOperator(BaseOperator):
    """Fail with SourceOverdue where a source has stopped delivering, and tell the company's channel once.

    The token is that of the Connection `slack_conn_id` where it exists, else MLSPEND_SLACK_TOKEN; without one the
    notice goes to the outbox. Returns the level of each source.
    """

    def __init__(self, *, slack_conn_id: str = "slack_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slack_conn_id = slack_conn_id

    def execute(self, context: "Context") -> dict[str, str]:
        from mlspend.adapters import config, freshness
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        token, base_url = slack_access(self.slack_conn_id)
        with airflow_errors(), Ledger.open(home) as ledger:
            sources = freshness.check(home, config.load(), ledger, datetime.now(UTC), token, base_url)
        return {each.source: each.level for each in sources}
