"""What somebody decides about an alert, from wherever: a button in Slack, a shell. Written into the ledger."""

from datetime import datetime, timedelta

from mlspend.adapters.ledger import Ledger
from mlspend.core import alert_decisions
from mlspend.core.alerts import Action, Alert, Change
from mlspend.core.errors import AlertUnknown

# A week: until the next digest shows whether it still matters.
SNOOZE_DAYS = 7


def decide(
    ledger: Ledger, alert_id: str, action: Action, *, by: str, now: datetime, snooze_days: int = SNOOZE_DAYS
) -> str:
    """Write down what `by` decided and return the sentence that tells what now holds.

    acknowledge: told again only when it grows by half or becomes graver. snooze: nothing for `snooze_days`, unless it
    becomes critical. not_mine: handed to the company's channel, once. approve: intended, closed until it has grown by
    half. The same decision again changes nothing, nor does one about an alert that is over: the sentence says so.
    PagerDuty and the company's channel hear of it with the next `delivery.send_due`. Raises AlertUnknown.
    """
    said = ""

    def judge(known: list[Alert], _: object) -> list[Change]:
        nonlocal said
        found = next((alert for alert in known if alert.alert_id == alert_id), None)
        if found is None:
            raise AlertUnknown(f"no alert is called {alert_id!r}: `mlspend alerts` lists the open ones")
        change, said = alert_decisions.decide(found, action, by=by, now=now, snooze=timedelta(days=snooze_days))
        return [change] if change else []

    ledger.change_alerts(judge, now)
    return said
