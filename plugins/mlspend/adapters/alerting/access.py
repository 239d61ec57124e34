"""With what messages are sent: Slack's token and PagerDuty's key, where they are at hand."""

import os
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Access:
    """Secrets and addresses; without a token Slack's messages go to the outbox, without a key PagerDuty hears nothing.

    A key that comes later triggers what is open then.
    """

    slack_token: str | None = None
    slack_url: str | None = None
    pagerduty_key: str | None = None
    pagerduty_url: str | None = None

    @classmethod
    def from_environment(cls) -> Self:
        """Return what MLSPEND_SLACK_TOKEN, MLSPEND_SLACK_URL, MLSPEND_PAGERDUTY_KEY and MLSPEND_PAGERDUTY_URL say."""
        names = ("SLACK_TOKEN", "SLACK_URL", "PAGERDUTY_KEY", "PAGERDUTY_URL")
        return cls(*(os.environ.get(f"MLSPEND_{name}") or None for name in names))
