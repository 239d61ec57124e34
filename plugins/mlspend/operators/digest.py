"""The digest as an Airflow task: the Slack Connection becomes token and address, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from mlspend.operators.errors import airflow_errors
from mlspend.operators.slack import slack_access

if TYPE_CHECKING:
    from airflow.sdk import Context


class SendDigestOperator(BaseOperator):
    """Send each team its digest, once per ISO week; without a Slack token it goes to the outbox.

    The token is that of the Connection `slack_conn_id` where it exists, else MLSPEND_SLACK_TOKEN.
    Returns how many messages went out.
    """

    def __init__(self, *, slack_conn_id: str = "slack_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.slack_conn_id = slack_conn_id

    def execute(self, context: "Context") -> int:
        from mlspend.adapters import config
        from mlspend.adapters.digests import digest
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        token, base_url = slack_access(self.slack_conn_id)
        with airflow_errors(), Ledger.open(home) as ledger:
            messages = digest.send(home, config.load(), ledger, datetime.now(UTC), token, base_url)
        return len(messages)
