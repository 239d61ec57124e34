"""The client of Slack's Web API, and what its answers mean: refused, not taken this time, or perhaps taken."""

import re
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from mlspend.core.errors import MessageRefused, MessageUncertain, MessageUndelivered, ThreadGone

_SECONDS = 30
_RATE_LIMIT_RETRIES = 3
# Slack asks for 1 to 30 seconds as a rule; a task that sleeps longer is better retried by its scheduler.
_LONGEST_WAIT = 60
# Each try may run into the time limit, with the longest wait before the next.
LONGEST_CALL = timedelta(seconds=(_RATE_LIMIT_RETRIES + 1) * _SECONDS + _RATE_LIMIT_RETRIES * _LONGEST_WAIT)
# "Some aspect of the operation may have succeeded": https://docs.slack.dev/reference/methods/chat.postMessage#errors
_MAYBE_DONE = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
_RATE_LIMITED = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found", "cannot_reply_to_message"})
REMEDIES = {
    "channel_not_found": "correct its name in mlspend.yml or create it; a private channel must invite the app",
    "not_in_channel": "invite the app to the channel: /invite @mlspend",
    "is_archived": "unarchive the channel, or name another in mlspend.yml",
    "invalid_auth": "put a valid bot token (xoxb-…) into the Airflow connection or MLSPEND_SLACK_TOKEN",
    "not_authed": "put a bot token (xoxb-…) into the Airflow connection or MLSPEND_SLACK_TOKEN",
    "account_inactive": "the token's app or user is disabled: install the app again and use its new token",
    "token_revoked": "the token was revoked: install the app again and use its new token",
    "token_expired": "the token has expired: use a new one",
    "missing_scope": "grant the app the scope and install it again",
    "restricted_action": "a workspace policy forbids posting there: ask a workspace owner",
    "msg_too_long": "the message is too long for Slack: please report this",
    "msg_blocks_too_long": "the message is too long for Slack: please report this",
    "invalid_blocks": "Slack does not accept the message's blocks: please report this",
    "file_uploads_disabled": "a workspace policy forbids uploads: ask a workspace owner",
    "storage_limit_reached": "the workspace's storage is full",
}


class BoundedRateLimit(RateLimitErrorRetryHandler):
    """Waits as long as Slack asks for, where that is no longer than a task should sleep."""

    def _can_retry(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if not super()._can_retry(state=state, request=request, response=response, error=error) or response is None:
            return False
        asked = {name.lower(): values for name, values in response.headers.items()}.get("retry-after", ["1"])
        return str(asked[0]).isdecimal() and int(asked[0]) <= _LONGEST_WAIT


def client(token: str, base_url: str | None, *, is_reading: bool = False) -> WebClient:
    """Return a client that waits out rate limits; one that only reads also tries again after a lost connection."""
    # Reading twice does no harm.
    again = [ConnectionErrorRetryHandler(), ServerErrorRetryHandler()] if is_reading else []
    return WebClient(
        token=token,
        base_url=f"{(base_url or WebClient.BASE_URL).rstrip('/')}/",
        timeout=_SECONDS,
        retry_handlers=[BoundedRateLimit(max_retry_count=_RATE_LIMIT_RETRIES), *again],
    )


def refusal(error: SlackApiError, what: str) -> MessageRefused | MessageUndelivered:
    """Return our error for an answer of Slack's; `what` is what was asked of it, such as "the message for #x"."""
    status, code = error.response.status_code, str(error.response.get("error"))
    if status == 429 or code in _RATE_LIMITED:
        asked = {str(name).lower(): value for name, value in error.response.headers.items()}.get("retry-after")
        when = f"in {asked} seconds" if asked and str(asked).isdecimal() else "in a minute"
        return MessageUndelivered(f"Slack's rate limit kept {what} back: try again {when}")
    if status >= 500 or code in _MAYBE_DONE or not re.fullmatch(r"\w+", code):
        return MessageUncertain(
            f"Slack failed on {what} (HTTP {status}, {code[:200]}); it is looked up at the next try"
        )
    if code in _THREAD_GONE:
        return ThreadGone(f"Slack refused {what}, {code}: the message it belongs below was deleted")
    needed = f" ({error.response['needed']})" if error.response.get("needed") else ""
    remedy = REMEDIES.get(code, "see https://docs.slack.dev/reference/methods/chat.postMessage#errors")
    return MessageRefused(f"Slack refused {what}, {code}{needed}: {remedy}")


def reason(error: Exception) -> str:
    """Return what an error of the SDK or of the network says, in one line and without the request."""
    if isinstance(error, SlackApiError):
        return f"HTTP {error.response.status_code}, {error.response.get('error')}"
    return f"{type(error).__name__}: {error}"
