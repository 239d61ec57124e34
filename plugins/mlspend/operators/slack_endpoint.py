"""Where Slack tells of clicks: POST /mlspend/slack/actions of Airflow's API server.

Airflow puts no login before a plugin's pages, so the request itself must prove where it comes from: Slack signs it with
the app's signing secret. A wrong request gets 401 and no reason, a repeated one 200 and no effect. Built with the first
request, for every process of Airflow imports the plugin.
"""

import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastapi import FastAPI, Request, Response

    from mlspend.adapters.messages.interactions import Answer

_log = logging.getLogger(__name__)
_FORM = "application/x-www-form-urlencoded"
# A click tells the whole message it was made in, at most some 100 KB.
_LARGEST = 1_000_000


class SlackEndpoint:
    """An ASGI application. The secret is in the Connection's extra (signing_secret), else in the environment."""

    def __init__(self, slack_conn_id: str = "slack_default") -> None:
        self.slack_conn_id = slack_conn_id

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)

    @cached_property
    def _app(self) -> "FastAPI":
        from fastapi import FastAPI

        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        app.add_route("/slack/actions", self._take, methods=["POST"])
        return app

    async def _take(self, request: "Request") -> "Response":
        from starlette.background import BackgroundTask
        from starlette.concurrency import run_in_threadpool
        from starlette.responses import Response

        from mlspend.core.errors import ClickUnreadable, MlspendError

        secret = await run_in_threadpool(_signing_secret, self.slack_conn_id)
        if not secret:
            return Response(status_code=503)
        body = await _read(request)
        if body is None or not _is_slacks(secret, body, request.headers):
            return Response(status_code=401)
        try:
            answer = await run_in_threadpool(_handle, body, request.headers["x-slack-signature"])
        except ClickUnreadable as error:
            _log.warning("a click is not taken: %s", error)
            return Response(status_code=401)
        except MlspendError as error:
            # Slack shows whoever clicked that it did not work.
            _log.error("a click could not be written down: %s", error)
            return Response(status_code=500)
        # Slack waits three seconds: it is answered first.
        told = BackgroundTask(_tell, answer, self.slack_conn_id) if answer else None
        return Response(status_code=200, background=told)


async def _read(request: "Request") -> bytes | None:
    """Return the body, None where it is no form or too large; of a large one no more is read."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body


def _is_slacks(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    from slack_sdk.signature import SignatureVerifier

    try:
        return SignatureVerifier(secret).is_valid_request(body, headers)
    except (ValueError, TypeError):
        # A timestamp that is no number, a body or a signature that is no text.
        return False


def _handle(body: bytes, signature: str) -> "Answer | None":
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.adapters.messages import interactions

    now = datetime.now(UTC)
    payload = interactions.parse_form(body)
    with Ledger.open(Home.from_environment()) as ledger:
        if not interactions.first_time(f"request/{signature}", ledger, now):
            return None
        return interactions.handle(payload, ledger, now)


def _tell(answer: "Answer", slack_conn_id: str) -> None:
    """Tell Slack, and PagerDuty where the alert stands there."""
    from mlspend.adapters.alerting import delivery
    from mlspend.adapters.home import Home
    from mlspend.adapters.messages import interactions
    from mlspend.operators.alerts import alert_access

    interactions.tell(answer, os.environ.get("MLSPEND_SLACK_URL"))
    delivery.page(Home.from_environment(), datetime.now(UTC), alert_access(slack_conn_id, "pagerduty_default"))


def _signing_secret(connection: str) -> str | None:
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        found = Connection.get(connection).extra_dejson.get("signing_secret")
    except AirflowNotFoundException:
        found = None
    return str(found) if found else os.environ.get("MLSPEND_SLACK_SIGNING_SECRET")
