"""A click on a button of a message: who pressed what, about which alert. Of what Slack sends nothing is believed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlspend.core.errors import ClickUnreadable

ACTION_PREFIX = "mlspend_"
ACTIONS = ("acknowledge", "snooze", "not_mine", "approve")

# Ids are made by mlspend itself; nothing else may reach a query or an answer.
_SUBJECT = re.compile(r"(alert|finding):([\w.:/-]{1,150})", re.ASCII)
# Of a text in Slack.
_SENTENCE = 3_000
_USER = re.compile(r"[UW][A-Z0-9]{1,30}", re.ASCII)


@dataclass(frozen=True)
class Subject:
    """What a button is about: `kind` is alert, later also finding.

    >>> str(Subject("alert", "a1")), Subject.parse("alert:a1")
    ('alert:a1', Subject(kind='alert', id='a1'))
    """

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"

    @classmethod
    def parse(cls, text: str) -> "Subject":
        """Return what a button's value names; ClickUnreadable where it is none of ours."""
        found = _SUBJECT.fullmatch(text)
        if not found:
            raise ClickUnreadable("the button's value names nothing that mlspend knows")
        return cls(found[1], found[2])


@dataclass(frozen=True)
class Click:
    """One press of one button. `by` is the name for people and their id; `response_url` takes the answer, or is empty.

    `click_id` is the same where Slack tells the same click twice. `message_ts`, `text` and `blocks` are of the message
    that the button stands in, and `row` is the id of its row of buttons.
    """

    action: str
    subject: Subject
    by: str
    response_url: str
    click_id: str
    message_ts: str
    text: str
    blocks: tuple[Mapping[str, Any], ...]
    row: str


def read_click(payload: Mapping[str, Any]) -> Click | None:
    """Return the click that an interaction payload tells of; None where it is about something else than our buttons.

    Raises ClickUnreadable where it should be a click on one of ours but is not whole.
    https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
    """
    if payload.get("type") != "block_actions":
        return None
    try:
        (action,) = payload["actions"]
        name = str(action["action_id"])
        if not name.startswith(ACTION_PREFIX):
            return None
        if name.removeprefix(ACTION_PREFIX) not in ACTIONS:
            raise ClickUnreadable(f"mlspend has no action {name[:60]!a}")
        return Click(
            action=name.removeprefix(ACTION_PREFIX),
            subject=Subject.parse(str(action["value"])),
            by=_person(payload["user"]),
            response_url=str(payload.get("response_url") or ""),
            click_id=f"click/{action['action_ts']}/{payload['user']['id']}/{name}/{action['value']}",
            message_ts=str((payload.get("container") or {}).get("message_ts") or ""),
            text=str((payload.get("message") or {}).get("text") or ""),
            blocks=tuple((payload.get("message") or {}).get("blocks") or ()),
            row=str(action.get("block_id") or ""),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ClickUnreadable(f"the click lacks or misspells {type(error).__name__} {error}"[:200]) from error


def _person(user: Mapping[str, Any]) -> str:
    """Return the name and the id: names change, ids do not.

    >>> _person({"id": "U1", "username": "ada"}), _person({"id": "U1"})
    ('ada (U1)', 'U1')
    """
    if not _USER.fullmatch(str(user["id"])):
        raise ClickUnreadable("the click names no person")
    name = re.sub(r"[^\w .@-]+", "", str(user.get("username") or user.get("name") or "")).strip()[:60]
    return f"{name} ({user['id']})" if name else str(user["id"])


def mark_decided(click: Click, sentence: str) -> list[Mapping[str, Any]] | None:
    """Return the message's blocks with what was decided above the row of buttons; None where the row is not there.

    An earlier such line gives way to it. What was approved is over: its buttons go.
    """
    line = {
        "type": "context",
        "block_id": f"decided_{click.subject}"[:255],
        "elements": [{"type": "plain_text", "text": sentence[:_SENTENCE], "emoji": False}],
    }
    if not any(block.get("block_id") == click.row for block in click.blocks):
        return None
    marked: Sequence[Mapping[str, Any]] = [each for each in click.blocks if each.get("block_id") != line["block_id"]]
    row = next(number for number, block in enumerate(marked) if block.get("block_id") == click.row)
    return [*marked[:row], line, *marked[row + (click.action == "approve") :]]
