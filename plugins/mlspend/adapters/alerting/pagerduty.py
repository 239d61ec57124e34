"""Triggers, acknowledges and resolves PagerDuty's alerts by the Events API v2. An event repeated changes nothing.

The alert's id is the deduplication key: https://developer.pagerduty.com/docs/events-api-v2-overview, November 2026.
"""

from typing import Literal

from pagerduty import Error, EventsApiV2Client, HttpError
from pagerduty.errors import UrlError

from mlspend.core import wording
from mlspend.core.alert_decisions import describe
from mlspend.core.alerts import Alert
from mlspend.core.errors import MessageRefused, MessageUndelivered

Event = Literal["trigger", "acknowledge", "resolve"]

_SECONDS = 10
# The next hourly run tries again anyhow; PagerDuty asks to wait between retries, which takes 2 and 4 seconds.
_RETRIES = {429: 2, 500: 1, 502: 1, 503: 1, 504: 1}
_SUMMARY = 1024


def send(alert: Alert, event: Event, *, key: str, url: str | None, company: str) -> None:
    """Send one event about `alert`.

    Raises MessageRefused where PagerDuty refuses key or event for good, MessageUndelivered where it may pass: the same
    call tried later is right.
    """
    try:
        client = _client(key, url)
        if event == "trigger":
            _trigger(client, alert, company)
        elif event == "acknowledge":
            client.acknowledge(alert.alert_id)
        else:
            client.resolve(alert.alert_id)
    except HttpError as error:
        status = error.response.status_code if error.response is not None else 0
        if status in _RETRIES or not 400 <= status < 500:
            raise MessageUndelivered(
                f"PagerDuty did not take the {event} of alert {alert.alert_id} (HTTP {status}): it is tried again"
            ) from None
        raise MessageRefused(
            f"PagerDuty refused the {event} of alert {alert.alert_id} (HTTP {status}): put the integration key of an "
            "Events API v2 integration into the Airflow connection pagerduty_default or MLSPEND_PAGERDUTY_KEY"
        ) from None
    except UrlError:
        raise MessageRefused(
            "the address of PagerDuty's Events API must begin with https://: correct the host of the Airflow "
            "connection pagerduty_default, or MLSPEND_PAGERDUTY_URL"
        ) from None
    except Error as error:
        cause = type(error.__cause__ or error).__name__
        raise MessageUndelivered(
            f"PagerDuty cannot be reached for the {event} of alert {alert.alert_id} ({cause}): it is tried again"
        ) from None


def _client(key: str, url: str | None) -> EventsApiV2Client:
    client = EventsApiV2Client(key, base_url=url)
    client.timeout, client.retry, client.max_network_attempts = _SECONDS, dict(_RETRIES), 1
    client.sleep_timer = 1
    return client


def _trigger(client: EventsApiV2Client, alert: Alert, company: str) -> None:
    found = alert.candidate
    details = {
        **dict(found.facts),
        "Why": found.rule,
        "What to do": found.advice,
        "Team": found.team or company,
        "State": describe(alert),
        "More": f"mlspend explain {alert.alert_id}",
    }
    client.trigger(
        summary=wording.one_line(f"{company}: {found.title}", _SUMMARY),
        source=found.scope,
        dedup_key=alert.alert_id,
        severity=found.level,
        payload={"component": found.kind, "timestamp": found.since.isoformat()},
        custom_details={label: words for label, words in details.items() if words},
    )
