"""The digest as an Airflow task: the Connections become token, address and postman, then one adapter call."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from mlspend.operators.errors import airflow_errors
from mlspend.operators.mail import smtp_postman
from mlspend.operators.slack import slack_access

if TYPE_CHECKING:
    from airflow.sdk import Context


class SendDigestOperator(BaseOperator):
    """Send each team its digest that is due, once per ISO week; without Slack token or mail server to the outbox.

    The token is that of the Connection `slack_conn_id` where it exists, else MLSPEND_SLACK_TOKEN; e-mails leave by the
    Connection `smtp_conn_id`. Skipped as long as not one whole week is published. Returns how many messages went out.
    """

    def __init__(
        self, *, slack_conn_id: str = "slack_default", smtp_conn_id: str = "smtp_default", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.slack_conn_id = slack_conn_id
        self.smtp_conn_id = smtp_conn_id

    def execute(self, context: "Context") -> int:
        from mlspend.adapters import config
        from mlspend.adapters.digests import digest
        from mlspend.adapters.home import Home
        from mlspend.adapters.ledger import Ledger
        from mlspend.core.errors import NothingPublished, WeekNotCovered

        home = Home.from_environment()
        token, base_url = slack_access(self.slack_conn_id)
        with airflow_errors(), Ledger.open(home) as ledger:
            postman = smtp_postman(self.smtp_conn_id)
            try:
                messages = digest.send(home, config.load(), ledger, datetime.now(UTC), token, base_url, postman=postman)
            except (NothingPublished, WeekNotCovered) as error:
                # It runs every hour, also in the first week.
                raise AirflowSkipException(str(error)) from error
        return len(messages)
