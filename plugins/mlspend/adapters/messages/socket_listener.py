"""Socket Mode: clicks come over a connection that we open, for those whose Airflow cannot be reached from outside.

https://docs.slack.dev/apis/events-api/using-socket-mode: Slack sends an envelope and wants it acknowledged within three
seconds, sends it again over the next connection where it was not, and closes a connection every few hours.
"""

import logging
import threading
from datetime import UTC, datetime

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from mlspend.adapters.alerting import delivery
from mlspend.adapters.alerting.access import Access
from mlspend.adapters.home import Home
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import interactions, slack_api
from mlspend.core.errors import MessageUndelivered, MlspendError

_log = logging.getLogger(__name__)


def listen(home: Home, app_token: str, stop: threading.Event, *, base_url: str | None = None) -> None:
    """Take clicks until `stop` is set; connections that end are opened again.

    Raises MessageRefused where Slack does not take the app-level token (xapp-…), MessageUndelivered where it does not
    answer at the start.
    """
    # Of its own, and not at debug: there the SDK writes down what comes in.
    logger = logging.getLogger("mlspend.slack_socket")
    logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    web = WebClient(base_url=f"{(base_url or WebClient.BASE_URL).rstrip('/')}/", logger=logger)
    client = SocketModeClient(app_token=app_token, web_client=web, logger=logger)

    def take(connection: BaseSocketModeClient, request: SocketModeRequest) -> None:
        # Whatever becomes of it, Slack need not send it again: whoever clicked sees that nothing happened.
        connection.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type == "interactive":
            _decide(request, home, base_url)

    client.socket_mode_request_listeners.append(take)
    try:
        client.connect()
        stop.wait()
    except SlackApiError as error:
        raise slack_api.refusal(error, "the connection for Socket Mode") from None
    except OSError as error:
        raise MessageUndelivered(f"Slack did not open a connection for Socket Mode ({error}): try again") from error
    finally:
        client.close()


def _decide(request: SocketModeRequest, home: Home, base_url: str | None) -> None:
    now = datetime.now(UTC)
    try:
        with Ledger.open(home) as ledger:
            if not interactions.first_time(f"envelope/{request.envelope_id}", ledger, now):
                return
            answer = interactions.handle(request.payload, ledger, now)
    except MlspendError as error:
        _log.error("a click is not taken: %s", error)
        return
    if answer:
        interactions.tell(answer, base_url)
        delivery.page(home, now, Access.from_environment())
