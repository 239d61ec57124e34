"""The buttons below an alert. Their value names the alert and nothing else: what holds is in the state store."""

from slack_sdk.models.blocks import ActionsBlock, ButtonElement, ConfirmObject

from mlspend.adapters.messages import slack_parts as part
from mlspend.core.interactions import ACTION_PREFIX, Subject

_LABELS = {"acknowledge": "Acknowledge", "snooze": "Snooze", "not_mine": "Not mine", "approve": "Approve"}


def alert_buttons(alert_id: str) -> ActionsBlock:
    """Return the row of buttons that acknowledge, snooze, disown or approve an alert.

    Who approves says that the spend is right and wanted, which no later click takes back: so Slack asks first.
    """
    value = str(Subject("alert", alert_id))
    return ActionsBlock(
        block_id=f"buttons_{value}"[:255],
        elements=[
            ButtonElement(
                action_id=f"{ACTION_PREFIX}{action}",
                text=part.plain(label),
                value=value,
                style="primary" if action == "acknowledge" else None,
                confirm=_confirm() if action == "approve" else None,
            )
            for action, label in _LABELS.items()
        ],
    )


def _confirm() -> ConfirmObject:
    return ConfirmObject(
        title=part.plain("Approve this?"),
        text=part.plain("You say that this spend is right and wanted. The alert is closed in your name."),
        confirm=part.plain("Approve"),
        deny=part.plain("Cancel"),
    )
