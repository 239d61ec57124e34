"""The check of every source as an Airflow task: Connections become token and key, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from mlspend.operators.alerts import alert_access
from mlspend.operators.errors import airflow_errors

if TYPE_CHECKING:
    from airflow.sdk import Context


class CheckFreshnessOperator(BaseOperator):
    """Fail with SourceOverdue where a source has stopped delivering, and tell the company's channel and PagerDuty once.

    Token and key are those of the Connections where they exist, else of the environment; without a token the message
    goes to the outbox, without a key PagerDuty hears nothing. Returns the level of each source.
    """

    def __init__(
        self,
        *,
        slack_conn_id: str = "slack_default",
        pagerduty_conn_id: str = "pagerduty_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.slack_conn_id = slack_conn_id
        self.pagerduty_conn_id = pagerduty_conn_id

    def execute(self, context: "Context") -> dict[str, str]:
        from mlspend.adapters import config
        from mlspend.adapters.alerting import data_stopped
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        access = alert_access(self.slack_conn_id, self.pagerduty_conn_id)
        with airflow_errors(), Ledger.open(home) as ledger:
            sources = data_stopped.check(home, config.load(), ledger, datetime.now(UTC), access)
        return {each.source: each.level for each in sources}
