"""Alerts as an Airflow task: the Connections of Slack and PagerDuty become token and key, then one adapter call."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowNotFoundException

from mlspend.operators.errors import airflow_errors
from mlspend.operators.slack import slack_access

if TYPE_CHECKING:
    from airflow.sdk import Context

    from mlspend.adapters.alerting.access import Access


class SendAlertsOperator(BaseOperator):
    """Look at what there is to tell, write it down, send what is due. Returns how many messages went out.

    Token and key are those of the Connections where they exist, else of the environment; without a token Slack's
    messages go to the outbox, without a key PagerDuty hears nothing.
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

    def execute(self, context: "Context") -> int:
        from mlspend.adapters import config
        from mlspend.adapters.alerting import alerts
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger

        home = Home.from_environment()
        access = alert_access(self.slack_conn_id, self.pagerduty_conn_id)
        with airflow_errors(), Ledger.open(home) as ledger:
            sent = alerts.send(home, config.load(), ledger, datetime.now(UTC), access)
        return len(sent)


def alert_access(slack: str, pagerduty: str) -> "Access":
    """Return what the two Connections hold; where one is not there, what the environment says.

    Of PagerDuty's the password is the routing key, the host (if any) the address of the Events API.
    """
    from airflow.sdk import BaseHook

    from mlspend.adapters.alerting.access import Access

    token, base_url = slack_access(slack)
    try:
        connection = BaseHook.get_connection(pagerduty)
        key, url = connection.password or None, connection.host or None
    except AirflowNotFoundException:
        key, url = os.environ.get("MLSPEND_PAGERDUTY_KEY"), os.environ.get("MLSPEND_PAGERDUTY_URL")
    return Access(token, base_url, key, url)
