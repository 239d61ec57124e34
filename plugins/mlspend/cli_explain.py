"""Why a cost is what it is, from a shell."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from mlspend import cli_alerts
from mlspend.cli_output import show_json, show_lines, show_table
from mlspend.core.errors import AnomalyUnknown, NothingPublished
from mlspend.core.explaining import describe_conditions

if TYPE_CHECKING:
    from mlspend.adapters.alerting.explain_anomaly import AnomalyExplanation
    from mlspend.adapters.explanation import Explanation
    from mlspend.adapters.home import Home
    from mlspend.core.alerts import Alert

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]

_DIMENSIONS = {"project": "a project", "team": "a team", "environment": "an environment", "ml_stage": "an ML stage"}


def explain(
    what: Annotated[
        str, typer.Argument(help="Id of an alert or an anomaly, or x_line_id of a charge or a share, or its beginning.")
    ],
    as_json: AsJson = False,
) -> None:
    """Tell why a published cost is what it is and whose, or why there is an alert or an anomaly."""
    from mlspend.adapters import explanation
    from mlspend.adapters.alerting.explain_anomaly import explain_anomaly, is_anomaly_id
    from mlspend.adapters.home import Home
    from mlspend.adapters.ledger import Ledger

    home = Home.from_environment()
    with Ledger.open(home) as ledger:
        if alert := ledger.alert(what):
            anomaly = _find_anomaly(home, alert)
            cli_alerts.show_explanation(alert, ledger.alert_events(what), anomaly, as_json=as_json)
            return None if as_json or not anomaly else _show_anomaly(anomaly)
    if is_anomaly_id(what):
        unusual = explain_anomaly(home.published_warehouse, what)
        return show_json(unusual) if as_json else _show_anomaly(unusual)
    found = explanation.explain(home, what)
    if as_json:
        return show_json(found)
    show_lines(describe(found))
    return show_table("How it is split on that day, in that account and service", found.split, exact=True)


def _find_anomaly(home: "Home", alert: "Alert") -> "AnomalyExplanation | None":
    """Return what is published of the anomaly that an alert is about, None where nothing is any more."""
    from mlspend.adapters.alerting.explain_anomaly import explain_anomaly, is_anomaly_id

    name = alert.candidate.parts[0]
    if alert.candidate.kind != "anomaly" or not is_anomaly_id(name):
        return None
    try:
        return explain_anomaly(home.published_warehouse, name)
    except (AnomalyUnknown, NothingPublished):
        return None


def _show_anomaly(unusual: "AnomalyExplanation") -> None:
    show_lines(unusual.lines())
    show_table("What the use was made of", unusual.components)
    show_table("Day by day", unusual.days)


def describe(found: "Explanation") -> Iterator[str]:
    """Return an explanation as lines of text; amounts are exact."""
    cost = found.cost
    currency = cost["billing_currency"]
    yield f"{cost['x_line_id']}: {cost['x_source']}, {cost['billing_period']}, day {cost['charge_date']}"
    yield f"{cost['service_name']}, account {cost['sub_account_id']}, resource {cost['resource_id'] or '–'}"
    yield f"billed {currency} {cost['billed_cost']:f}, effective {currency} {cost['effective_cost']:f}"
    if found.line:
        yield f"type {found.line['x_line_item_type'] or cost['charge_category']}: {found.line_type}"
    else:
        yield f"a share or negating row, split by {cost['allocated_method_id']} from {cost['x_allocated_from']}"
    yield f"belongs to project {cost['project']}, team {cost['team']}, by {cost['x_attributed_by']}"
    yield from _tag_lines(found)
    if found.rule:
        yield f"rule {found.rule['id']} matched: {describe_conditions(found.rule['when'])}"
    for rule, failed in found.missed_rules:
        yield f"rule {rule} did not: {'; '.join(failed) or 'it depends on other lines, or names another dimension'}"
    if found.split_details:
        yield "weight: " + ", ".join(f"{name} {value}" for name, value in found.split_details.items())
        yield "what is left below 1e-12 went to the largest share"
    yield f"rules {found.rules_version or 'unknown'}, publication {found.build_id}"
    if found.closing:
        yield f"its month was closed at {found.closing['closed_at']} UTC by {found.closing['closed_by']}"
    else:
        yield "its month is open: the statement follows the bill"


def _tag_lines(found: "Explanation") -> Iterator[str]:
    for tag in found.tags:
        if tag.decided_by is None:
            yield f"tags: none names {_DIMENSIONS[tag.dimension]}"
            continue
        days = f" (from {tag.valid_from or '…'} to {tag.valid_to or '…'})" if tag.valid_from or tag.valid_to else ""
        unknown = f"is not {_DIMENSIONS[tag.dimension]} that is configured"
        meaning = f"stands for {tag.stands_for}{days}" if tag.stands_for else unknown
        yield f"tags: {tag.decided_by} = {tag.value} {meaning}"
