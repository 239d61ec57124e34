"""Clicks on the buttons of our messages, from whichever road: the decision is written first, Slack is told after."""

import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from slack_sdk.webhook import WebhookClient

from mlspend.adapters import config
from mlspend.adapters.alerting import decisions
from mlspend.adapters.ledger import Ledger
from mlspend.adapters.messages import slack_parts as part
from mlspend.adapters.messages.slack_api import BoundedRateLimit
from mlspend.core.alerts import Action
from mlspend.core.errors import AlertUnknown, ClickUnreadable
from mlspend.core.interactions import Click, mark_decided, read_click

_log = logging.getLogger(__name__)
# A request is valid for five minutes to either side of Slack's clock; told again over another connection, soon after.
_REMEMBERED = timedelta(hours=1)
_SECONDS = 10
_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")


@dataclass(frozen=True)
class Answer:
    """What Slack is to be told about a click: `body` for its `url`, `instead` where it does not take that."""

    url: str
    body: Mapping[str, Any]
    instead: Mapping[str, Any] | None = None


def parse_form(body: bytes) -> Mapping[str, Any]:
    """Return the payload of a request of Slack; ClickUnreadable where it holds none."""
    try:
        (payload,) = parse_qs(body.decode(), strict_parsing=True, max_num_fields=10)["payload"]
        read = json.loads(payload)
    except (ValueError, KeyError, RecursionError) as error:
        raise ClickUnreadable(f"the request holds no payload ({type(error).__name__})") from error
    if not isinstance(read, dict):
        raise ClickUnreadable("the request's payload is no JSON object")
    return read


def handle(payload: Mapping[str, Any], ledger: Ledger, now: datetime) -> Answer | None:
    """Write down what a click decides and return what Slack is to be told; None where it is not for us or not new.

    Snoozed is for as long as mlspend.yml says. Raises ClickUnreadable, ConfigInvalid, and the errors of the state
    store: then nothing was decided.
    """
    click = read_click(payload)
    if click is None or not first_time(click.click_id, ledger, now):
        return None
    if click.subject.kind != "alert":
        return _to_whoever_clicked(click, "mlspend cannot take decisions about findings yet.")
    before = ledger.alert(click.subject.id)
    action = cast(Action, click.action)
    # Nothing else of it counts here, so a configuration that is being mended keeps no other click back.
    days = config.load().alerts.snooze_days if action == "snooze" else decisions.SNOOZE_DAYS
    try:
        sentence = decisions.decide(ledger, click.subject.id, action, by=click.by, now=now, snooze_days=days)
    except AlertUnknown:
        return _to_whoever_clicked(click, "Sorry, mlspend does not know this alert any more: nothing was changed.")
    _log.info("%s: %s by %s", click.subject, click.action, click.by)
    if ledger.alert(click.subject.id) == before:
        return _to_whoever_clicked(click, sentence)
    return _to_everybody(click, sentence)


def first_time(request_id: str, ledger: Ledger, now: datetime) -> bool:
    """Tell whether a request, or a click, was not seen before; remembered for an hour."""
    kind, _, told = request_id.partition("/")
    known_as = f"{kind}/{hashlib.sha256(told.encode()).hexdigest()}"
    return ledger.take_slack_request(known_as, now=now, forget_before=now - _REMEMBERED)


def tell(answer: Answer, base_url: str | None = None) -> bool:
    """Tell Slack, and whether it took it. What was decided stays so: a failure is logged, never raised."""
    address = urlsplit(answer.url)
    # `base_url` where Slack is reached by an address of our own.
    ours = urlsplit(base_url or "")
    is_slacks = address.scheme == "https" and address.netloc in _HOSTS
    if not is_slacks and not (address.netloc and address[:2] == ours[:2]):
        _log.warning("a click's answer is not sent: its address is not one of Slack's")
        return False
    # Of its own, and for warnings alone: the SDK writes the address down, which takes messages from whoever knows it.
    logger = logging.getLogger("mlspend.slack_answers")
    logger.setLevel(logging.WARNING)
    client = WebhookClient(
        answer.url, timeout=_SECONDS, retry_handlers=[BoundedRateLimit(max_retry_count=1)], logger=logger
    )
    for body in filter(None, (answer.body, answer.instead)):
        try:
            said = client.send_dict(dict(body))
        except (OSError, HTTPException, ValueError, LookupError) as error:
            # No connection, an answer cut short or none of HTTP's, one in letters that cannot be read.
            _log.warning("Slack was not told what a click decided (%s)", type(error).__name__)
            return False
        if said.status_code == 200:
            return True
        _log.warning("Slack did not take the answer to a click (HTTP %s)", said.status_code)
    return False


def _to_whoever_clicked(click: Click, sentence: str) -> Answer:
    return Answer(click.response_url, {**_words(sentence), "response_type": "ephemeral", "replace_original": False})


def _to_everybody(click: Click, sentence: str) -> Answer:
    """Return the message with the decision in it; a reply below it where Slack does not take that."""
    reply = {
        **_words(sentence),
        "response_type": "in_channel",
        "replace_original": False,
        **({"thread_ts": click.message_ts} if click.message_ts else {}),
    }
    blocks = mark_decided(click, sentence)
    if blocks is None:
        return Answer(click.response_url, reply)
    body = {"replace_original": True, "text": click.text or part.escape(sentence), "blocks": blocks}
    return Answer(click.response_url, body, instead=reply)


def _words(sentence: str) -> dict[str, Any]:
    return {"text": part.escape(sentence), "blocks": [part.context(sentence).to_dict()]}
