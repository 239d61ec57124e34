"""Alerts from a shell: which are open, what somebody decides about one, and which of them are worth sending."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlspend import cli_clock, cli_listen
from mlspend.cli_output import show_json, show_lines, show_table
from mlspend.core import wording
from mlspend.core.errors import MessageRefused, MessageUndelivered

if TYPE_CHECKING:
    from mlspend.adapters.ledger import Ledger
    from mlspend.core.alerts import Action, Alert, Event

_HELP = "Alerts: the open ones, decisions about them, what they were worth."
app = typer.Typer(help=_HELP, invoke_without_command=True)
app.command()(cli_listen.listen)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The alert's id: `mlspend alerts` lists those that are open.")]
By = Annotated[str, typer.Option("--by", help="Who decides.")]


@app.callback()
def alerts(context: typer.Context, as_json: AsJson = False) -> None:
    """List the open alerts; nothing is looked at anew, and nothing is sent."""
    if context.invoked_subcommand is not None:
        return None
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    with Ledger.open(Home.from_environment()) as ledger:
        found = ledger.open_alerts()
    if as_json:
        return show_json([alert_row(alert) for alert in found])
    if not found:
        return show_lines(["no alert is open"])
    columns = ("alert_id", "level", "kind", "team", "opened_at", "state", "amount", "currency", "title")
    return show_table("Open alerts", [alert_row(alert) for alert in found], columns)


@app.command()
def send(as_json: AsJson = False) -> None:
    """Look at everything there is to tell and send what is due: what the DAG send_alerts does."""
    from mlspend.adapters import config
    from mlspend.adapters.alerting import alerts as sending
    from mlspend.adapters.alerting.access import Access
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    home = Home.from_environment()
    with Ledger.open(home) as ledger:
        now, access = cli_clock.now(), Access.from_environment()
        sent = sending.send(home, config.load(), ledger, now, access, clock=cli_clock.now)
    rows = [vars(each) for each in sent]
    if as_json:
        return show_json(rows)
    return show_table("Sent", rows) if rows else show_lines(["nothing new is to be told"])


@app.command()
def review(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="How many weeks back.")] = 8, as_json: AsJson = False
) -> None:
    """Tell per kind and rule what became of the alerts that were told, and propose what to switch off."""
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger
    from mlspend.core import alert_review

    now = cli_clock.now()
    since = now - timedelta(weeks=weeks)
    with Ledger.open(Home.from_environment()) as ledger:
        reviews = alert_review.review(ledger.alerts(), ledger.alert_events(), since, now)
    proposal = alert_review.propose(reviews, since, now)
    rows = [{**vars(one), "precision": one.precision} for one in reviews]
    if as_json:
        return show_json({"since": since, "until": now, "kinds": rows, "proposal": proposal})
    if not rows:
        return show_lines([f"no alert was told in the last {wording.count(weeks, 'week')}"])
    show_table(f"Alerts told in the last {wording.count(weeks, 'week')}", rows)
    if not proposal:
        return show_lines(
            ["Nothing is proposed: no kind has five judged alerts of which fewer than a third led to something."]
        )
    return show_lines(
        ["Fewer than a third of these led to something. To have them in the tables only, write:", proposal]
    )


@app.command()
def ack(alert_id: Id, by: By, as_json: AsJson = False) -> None:
    """Acknowledge: told again only when it grows by half or becomes graver."""
    _decide(alert_id, "acknowledge", by, as_json=as_json)


@app.command()
def snooze(
    alert_id: Id,
    by: By,
    days: Annotated[int | None, typer.Option(min=1, max=90, help="Default: alerts.snooze_days.")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell nothing of it for some days, unless it becomes critical."""
    _decide(alert_id, "snooze", by, days=days, as_json=as_json)


@app.command("not-mine")
def not_mine(alert_id: Id, by: By, as_json: AsJson = False) -> None:
    """Hand it to the company's channel, once; it counts against the rule."""
    _decide(alert_id, "not_mine", by, as_json=as_json)


@app.command()
def approve(alert_id: Id, by: By, as_json: AsJson = False) -> None:
    """Call it intended: closed, and told again only when it has grown by half."""
    _decide(alert_id, "approve", by, as_json=as_json)


def alert_row(alert: "Alert") -> dict[str, Any]:
    """Return an alert as one flat row."""
    found = alert.candidate
    return {
        "alert_id": alert.alert_id,
        "level": found.level,
        "kind": found.kind,
        "team": found.team,
        "scope": found.scope,
        "title": found.title,
        "amount": found.amount,
        "currency": found.currency,
        "since": found.since,
        "opened_at": alert.opened_at,
        "seen_at": alert.seen_at,
        "resolved_at": alert.resolved_at,
        "state": alert.state,
        "state_by": alert.state_by,
        "state_at": alert.state_at,
        "snoozed_until": alert.snoozed_until,
        "notified_count": alert.notified_count,
        "places": dict(alert.places),
    }


def send_or_tell(ledger: "Ledger") -> MessageRefused | MessageUndelivered | None:
    """Do what `alerts send` does, quietly; what could not be sent is returned, and keeps nothing else from its turn."""
    from mlspend.adapters import config
    from mlspend.adapters.alerting import alerts as sending
    from mlspend.adapters.alerting.access import Access
    from mlspend.adapters.home import Home

    try:
        home, access = Home.from_environment(), Access.from_environment()
        sending.send(home, config.load(), ledger, cli_clock.now(), access, clock=cli_clock.now)
    except (MessageRefused, MessageUndelivered) as error:
        return error
    return None


def show_explanation(alert: "Alert", events: Sequence["Event"], anomaly: object = None, *, as_json: bool) -> None:
    """Show which rule, which inputs and which threshold led to an alert, and what happened since.

    `anomaly`, what is published of the one it is about, is in the JSON alone.
    """
    if as_json:
        found = alert.candidate
        more = {"facts": found.facts, "rule": found.rule, "advice": found.advice, "sources": found.sources}
        return show_json({**alert_row(alert), **more, "events": events, "anomaly": anomaly})
    show_lines(_describe(alert))
    columns = ("happened_at", "event", "by", "level", "amount")
    return show_table("What happened", [vars(event) for event in events], columns)


def _describe(alert: "Alert") -> Iterator[str]:
    from mlspend.core.alert_decisions import describe

    found = alert.candidate
    yield f"{alert.alert_id}: {found.title}"
    whose = found.team or "the company"
    yield f"{found.severity} of kind {found.kind}, for {whose}, since {wording.moment(found.since)}"
    yield from (f"{label}: {words}" for label, words in found.facts)
    yield f"Why: {found.rule}"
    yield f"What to do: {found.advice}"
    over = f"over since {wording.moment(alert.resolved_at)}, " if alert.resolved_at else ""
    yield f"State: {over}{describe(alert)}"
    if alert.notified_at:
        amount = f" at {alert.notified_amount:f} {found.currency}" if alert.notified_amount is not None else ""
        yield f"Last told: {wording.moment(alert.notified_at)} as {alert.notified_level}{amount}"
        yield f"Where: {', '.join(f'{name} ({place})' for name, place in alert.places.items()) or 'nowhere'}"
    else:
        yield "Last told: never"


def _decide(alert_id: str, action: "Action", by: str, *, days: int | None = None, as_json: bool) -> None:
    from mlspend.adapters import config
    from mlspend.adapters.alerting import decisions, delivery
    from mlspend.adapters.alerting.access import Access
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    home, settings, now = Home.from_environment(), config.load(), cli_clock.now()
    with Ledger.open(home) as ledger:
        said = decisions.decide(
            ledger, alert_id, action, by=by, now=now, snooze_days=days or settings.alerts.snooze_days
        )
        failure = None
        try:
            # Whoever is on call hears at once; channels with the next run.
            delivery.send_due(
                home, settings, ledger, now, Access.from_environment(), is_pagerduty_only=True, clock=cli_clock.now
            )
        except (MessageRefused, MessageUndelivered) as error:
            failure = error
        decided = ledger.alert(alert_id)
    if as_json:
        show_json({"said": said, "alert": alert_row(decided) if decided else None})
    else:
        show_lines([said])
    # What was decided holds, whoever could not be told of it.
    if failure:
        raise failure
