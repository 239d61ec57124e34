"""The buttons below an alert. Their value names the alert and nothing else: what holds is in the state store."""

from dataclasses import dataclass

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject

from mlspend.adapters.messages import slack_parts as part
from mlspend.core.interactions import ACTION_PREFIX, Subject


@dataclass(frozen=True)
class Labels:
    """The words on the buttons and of the question that Slack asks before `approve`."""

    acknowledge: str = "Acknowledge"
    snooze: str = "Snooze"
    not_mine: str = "Not mine"
    approve: str = "Approve"
    question: str = "Approve this?"
    consequence: str = "You say that this spend is right and wanted. The alert is closed in your name."
    cancel: str = "Cancel"


ENGLISH = Labels()
_ACTIONS = ("acknowledge", "snooze", "not_mine", "approve")


def alert_buttons(alert_id: str, labels: Labels = ENGLISH) -> ActionsBlock:
    """Return the row of buttons that acknowledge, snooze, disown or approve an alert.

    Who approves says that the spend is right and wanted, which no later click takes back: so Slack asks first.
    """
    value = str(Subject("alert", alert_id))
    return ActionsBlock(
        block_id=f"buttons_{value}"[:255],
        elements=[
            ButtonElement(
                action_id=f"{ACTION_PREFIX}{action}",
                text=part.plain(getattr(labels, action)),
                value=value,
                style="primary" if action == "acknowledge" else None,
                confirm=_confirm(labels) if action == "approve" else None,
            )
            for action in _ACTIONS
        ],
    )


def _confirm(labels: Labels) -> ConfirmObject:
    return ConfirmObject(
        title=part.plain(labels.question),
        text=part.plain(labels.consequence),
        confirm=part.plain(labels.approve),
        deny=part.plain(labels.cancel),
    )
