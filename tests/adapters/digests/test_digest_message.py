"""What a digest says, in English and French, that tags cannot speak through it, and that Slack's limits are kept."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from slack_sdk.models.blocks import Block

from mlspend.adapters.digests import digest_message, withheld_message
from mlspend.adapters.messages import splitting
from mlspend.core.digest import Audience, Digest, OpenAlert, OpenPeriod, OwnCost
from mlspend.core.digest_outlook import Budget
from mlspend.core.digest_sections import Facts
from mlspend.core.gates import RedGate
from mlspend.core.restatements import Restated, Restatement
from tests.handmade_digest import (
    ALERT,
    BUDGET,
    COMPANY,
    FINDING,
    FRENCH,
    FULL,
    GATE,
    MANAGEMENT,
    NOW,
    OF_MANAGEMENT,
    OUTLOOK,
    SPEND,
    WEEK,
    make_digest,
    spend,
)
from tests.slack_workspace import violations

HOSTILE = '<!channel> *bold* _it_ `code` <https://evil.example|click> <@U1> :tada: & "q" <script>alert(1)</script>'


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within, the outermost first."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def all_blocks(digest: Digest) -> list[dict[str, Any]]:
    message = digest_message.compose(digest)
    return [block.to_dict() for each in (message, *message.replies) for block in each.blocks]


def lines_in(blocks: Sequence[Block]) -> list[str]:
    """The paragraphs, bullets and table rows as a reader sees them."""
    lines: list[str] = []
    for block in (each.to_dict() for each in blocks):
        if block["type"] == "table":
            lines += [
                " | ".join("".join(each["text"] for each in objects(cell) if "text" in each) for cell in row)
                for row in block["rows"]
            ]
        elif block["type"] == "context":
            lines += [each["text"] for each in block["elements"]]
        elif block["type"] == "header":
            lines.append(block["text"]["text"])
        elif block["type"] == "actions":
            lines.append("[buttons]")
        else:
            sections = [each for each in objects(block) if each.get("type") == "rich_text_section"]
            lines += "\n".join("".join(run["text"] for run in each["elements"]) for each in sections).split("\n")
    return [line.replace("\xa0", " ").replace("\u202f", " ") for line in lines]


def message_lines(digest: Digest) -> list[str]:
    return lines_in(digest_message.compose(digest).blocks)


def thread_lines(digest: Digest) -> list[str]:
    return [line for reply in digest_message.compose(digest).replies for line in lines_in(reply.blocks)]


def test_the_message_is_read_in_half_a_minute() -> None:
    assert message_lines(make_digest(facts=FULL, alerts=(ALERT,))) == [
        "ML spend of 19–25 Oct 2026: Example Robotics",
        "USD 16,000.50 effective cost",
        "▲ +1,000.50 (+6.7%) against 15,000.00 the week before",
        "October 2026 so far: USD 66,000.00 up to 30 Oct 2026; forecast USD 68,500.50"
        " (80% between 67,000.00 and 70,000.25)",
        "Budget october: 97.1% of USD 68,000.00 spent; will be exceeded by USD 500.50, spent by 31 Oct 2026",
        "What moved",
        "▲ +2,000.50 (+20.0%) recommender, training: more use of AmazonEC2 p4d.24xlarge (us-east-1),"
        " +1,800.00 beyond the usual",
        "▼ −1,000.00 (−25.0%) fraud-detection, inference: mostly AmazonEC2 g5.xlarge, −1,000.00",
        "What to save",
        "USD 312.40 a month net: 12 volumes nobody uses (recommender). Delete them.",
        "Saved, verified in this week: USD 1,250.00",
        "Open alerts",
        "critical: Runaway spend on recommender, AmazonEC2, USD 900.50, since 1 Nov 2026 08:00 UTC",
        "[buttons]",
        "Data: newest usage 31 Oct 2026; complete to 30 Oct 2026; reconciled with the bills; 6.2% without an owner."
        " mlspend itself in this week: 12 API calls (USD 0.10, 2 without a known price), 1.2 GB of exports read.",
        "Published 2 Nov 2026 07:30 UTC as 20261102T073000-b7 by mlspend; details below.",
    ]


def test_the_thread_holds_the_details() -> None:
    assert thread_lines(make_digest(open_periods=(OpenPeriod("aws", "2026-10"),))) == [
        "Week 2026-W43, Monday to Sunday in UTC. Effective cost is what the week's use cost, with commitments spread"
        " over the time they cover; billed cost is what the provider charges for these days.",
        "USD 14,400.45 billed cost",
        "▲ +900.45 (+6.7%) against 13,500.00 the week before",
        "Not attributed",
        "Without an owner: USD 1,000.00, 6.2% of effective cost",
        "Without a known ML stage: USD 1,000.00, 6.2% of effective cost",
        "Effective cost by project",
        "Project | Effective cost, USD | Change | Share",
        "recommender | 12,000.50 | +2,000.50 (+20.0%) | 75.0%",
        "fraud-detection | 3,000.00 | −1,000.00 (−25.0%) | 18.7%",
        "without an owner | 1,000.00 | 0.00 (0.0%) | 6.2%",
        "Total USD | 16,000.50 | +1,000.50 (+6.7%) | 100.0%",
        "How far to trust this",
        "Newest usage: 31 Oct 2026, 2 days old",
        "Complete days of aws: up to 30 Oct 2026",
        "Last delivery of aws: 1 Nov 2026 02:00 UTC, 30 hours ago",
        "Reconciled: 3 billing months, billed USD 48,000.50 landed, USD 48,000.50 published; largest difference 0 USD",
        "Provisional: 2026-10 (aws): not final, amounts may still change",
        "Data checks: 112 of 112 passed",
    ]


def test_a_french_team_reads_french_in_its_own_time_zone() -> None:
    digest = make_digest(audience=FRENCH, facts=FULL, alerts=(ALERT,))
    assert message_lines(digest) == [
        "Dépenses ML, 19–25 oct. 2026 : risk chez Example Robotics",
        "16 000,50 USD de coût effectif",
        "▲ +1 000,50 (+6,7 %) contre 15 000,00 la semaine précédente",
        "Octobre 2026 à ce jour : 66 000,00 USD jusqu’au 30 oct. 2026 ; prévision 68 500,50 USD"
        " (à 80 % entre 67 000,00 et 70 000,25)",
        "Budget october : 97,1 % de 68 000,00 USD dépensés ; sera dépassé de 500,50 USD, épuisé le 31 oct. 2026",
        "Ce qui a bougé",
        "▲ +2 000,50 (+20,0 %) recommender, training : davantage d’usage de AmazonEC2 p4d.24xlarge (us-east-1),"
        " +1 800,00 par rapport à l’habitude",
        "▼ −1 000,00 (−25,0 %) fraud-detection, inference : surtout AmazonEC2 g5.xlarge, −1 000,00",
        "Ce qui peut être économisé",
        "312,40 USD nets par mois : 12 volumes nobody uses (recommender). Delete them.",
        "Économies vérifiées cette semaine : 1 250,00 USD",
        "Alertes ouvertes",
        "critique : Dépenses qui s’emballent pour recommender, AmazonEC2, 900,50 USD, depuis le 1er nov. 2026"
        " 09:00 CET",
        "[buttons]",
        "Données : dernier usage le 31 oct. 2026 ; complètes jusqu’au 30 oct. 2026 ; rapprochées des factures ;"
        " 6,2 % sans étape ML connue. mlspend lui-même cette semaine : 12 appels d’API (0,10 USD, dont 2 sans prix"
        " connu), 1,2 Go d’exports lus.",
        "Publié le 2 nov. 2026 08:30 CET sous 20261102T073000-b7 par mlspend ; les détails suivent.",
    ]
    assert "Dernière livraison (aws) : 1er nov. 2026 03:00 CET, il y a 30 heures" in thread_lines(digest)


def test_the_management_reads_a_row_per_team_and_what_is_red_elsewhere() -> None:
    lines = message_lines(make_digest(audience=MANAGEMENT, facts=OF_MANAGEMENT, gates=(GATE,)))
    assert lines[0] == "ML spend of 19–25 Oct 2026: all teams of Example Robotics"
    at = lines.index("By team, USD")
    assert lines[at + 1 : at + 5] == [
        "Team | Effective cost | Change | Forecast | Budget | Without ML stage",
        "discovery | 12,000.50 | +2,000.50 (+20.0%) | – | – | 0.0%",
        "risk | 3,000.00 | −1,000.00 (−25.0%) | 9,500.00 | 75.0%; on track | 0.0%",
        "without an owner | 1,000.00 | 0.00 (0.0%) | – | – | 100.0%",
    ]
    assert "1,000 predictions: USD 0.25 (+25.0%)" in lines
    assert "aws 2026-08: the data is unlike what it was, since 31 Oct 2026 08:00 UTC" in lines


def test_the_notification_is_one_line() -> None:
    assert digest_message.compose(make_digest()).text.replace("\xa0", " ") == (
        "ML spend of 19–25 Oct 2026: Example Robotics: USD 16,000.50 (+6.7%)"
    )


def test_what_is_not_there_is_not_mentioned() -> None:
    lines = " ".join(message_lines(make_digest()))
    for words in ("What to save", "Saved", "Cost of one unit", "Open alerts", "Gates", "By team"):
        assert words not in lines


def test_without_a_forecast_the_reason_is_told_and_missing_is_not_zero() -> None:
    unknown = replace(OUTLOOK, forecast_cost=None, forecast_low_cost=None, forecast_high_cost=None)
    for reason, told in (("", "the warehouse holds none"), ("too few days", "too few days")):
        lines = message_lines(make_digest(facts=Facts(outlooks=(replace(unknown, reason=reason),))))
        assert f"October 2026 so far: USD 66,000.00 up to 30 Oct 2026; no forecast yet: {told}" in lines
        assert "Budget: none is set" in lines


def test_a_month_that_is_over_needs_no_forecast() -> None:
    over = replace(OUTLOOK, as_of_date=date(2026, 10, 31), forecast_cost=None)
    lines = message_lines(make_digest(facts=Facts(outlooks=(over,))))
    assert "October 2026: USD 66,000.00, the whole month" in lines


@pytest.mark.parametrize(
    ("words", "english", "french"),
    [
        ("only 9 complete days are known, and 28 are needed", "", "seuls 9 jours complets sont connus, il en faut 28"),
        ("only 1 complete day is known, and 28 are needed", "", "1 seul jour complet est connu, il en faut 28"),
        (
            "it is not among the 1000 costliest, for which forecasts are made",
            "it is not among the 1,000 costliest, for which forecasts are made",
            "hors des 1 000 postes les plus coûteux, les seuls pour lesquels une prévision est établie",
        ),
        ("no complete day is known", "", "aucun jour complet n’est connu"),
        (
            "source gcp is known up to 2026-10-12 only, the others up to 2026-10-30",
            "source gcp is known up to 12 Oct 2026 only, the others up to 30 Oct 2026",
            "la source gcp n’est connue que jusqu’au 12 oct. 2026, les autres jusqu’au 30 oct. 2026",
        ),
        (
            "source gcp is known up to 2026-10-12 only",
            "source gcp is known up to 12 Oct 2026 only",
            "la source gcp n’est connue que jusqu’au 12 oct. 2026",
        ),
        (
            "nothing is known before 2026-10-01",
            "nothing is known before 1 Oct 2026",
            "rien n’est connu avant le 1er oct. 2026",
        ),
        (
            "it is in USD, and EUR, GBP is spent too: with USD as currencies.reporting all would count",
            "",
            "il est en USD, mais il y a aussi des dépenses en EUR, GBP ; avec USD pour currencies.reporting, tout"
            " compterait",
        ),
        ("a reason of tomorrow", "", "a reason of tomorrow"),
    ],
)
def test_the_reasons_of_the_forecast_are_told_in_the_language(words: str, english: str, french: str) -> None:
    unknown = replace(OUTLOOK, forecast_cost=None, reason=words)
    for audience, told in ((replace(FRENCH, language="en"), english or words), (FRENCH, french)):
        (line,) = [
            each
            for each in message_lines(make_digest(audience=audience, facts=Facts(outlooks=(unknown,))))
            if "2026" in each and "66" in each
        ]
        assert line.endswith(told)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"status": "on_track"}, "on track"),
        ({"status": "at_risk"}, "at risk"),
        ({"status": "will_burst", "exhausted_date": None}, "will be exceeded by USD 500.50"),
        ({"status": "burst", "cost_to_date": Decimal(68100)}, "exceeded by USD 100.00"),
        ({"status": "unknown", "reason": "too few days"}, "not known whether it lasts: too few days"),
        ({"status": "unknown"}, "not known whether it lasts: no forecast"),
    ],
)
def test_how_a_budget_stands(changes: dict[str, Any], told: str) -> None:
    budget: Budget = replace(BUDGET, **changes)
    (line,) = [each for each in message_lines(make_digest(facts=Facts(budgets=(budget,)))) if "Budget" in each]
    assert line.endswith(f" of USD 68,000.00 spent; {told}")


def test_several_teams_have_their_own_outlooks() -> None:
    outlooks = tuple(replace(OUTLOOK, scope="team", scope_name=name) for name in ("discovery", "risk"))
    lines = message_lines(make_digest(teams=("discovery", "risk"), facts=Facts(outlooks=outlooks)))
    assert [line.split(":")[0] for line in lines if "so far" in line] == [
        "October 2026 so far, discovery",
        "October 2026 so far, risk",
    ]


def test_of_many_alerts_three_have_buttons_and_the_rest_is_counted() -> None:
    lines = message_lines(make_digest(alerts=tuple(replace(ALERT, alert_id=f"a{number}") for number in range(5))))
    assert lines.count("[buttons]") == 3
    assert "and 2 more open alerts" in lines


@pytest.mark.parametrize(
    ("alert", "english", "french"),
    [
        (
            OpenAlert("a", "warning", "t", NOW, Decimal("1234.5"), "USD", "anomaly", "recommender, AmazonEC2"),
            "warning: Unusual spend on recommender, AmazonEC2, USD 1,234.50",
            "avertissement : Dépenses inhabituelles pour recommender, AmazonEC2, 1 234,50 USD",
        ),
        (
            OpenAlert("a", "warning", "t", NOW, Decimal(500), "USD", "budget", "october", "2026-10"),
            "warning: Budget october is or will be exceeded, October 2026, USD 500.00",
            "avertissement : Budget october dépassé ou en voie de l’être, octobre 2026, 500,00 USD",
        ),
        (
            OpenAlert("a", "warning", "t", NOW, Decimal(0), "USD", "budget", "october", "2026-10"),
            "warning: Budget october may not last, October 2026, USD 0.00",
            "avertissement : Budget october peut-être insuffisant, octobre 2026, 0,00 USD",
        ),
        (
            OpenAlert("a", "warning", "t", NOW, None, "", "drift", "aws", "2026-10", "prices are usual"),
            "warning: aws, October 2026: the check “prices are usual” is red",
            "avertissement : aws, octobre 2026 : contrôle en échec (« prices are usual », en anglais)",
        ),
        (
            OpenAlert("a", "critical", "t", NOW, None, "", "gate_red", "", "", "unproved"),
            "critical: All data held back: a check failed or could not be evaluated",
            "critique : Toutes les données, publication retenue : un contrôle a échoué ou n’a pas pu être évalué",
        ),
        (
            OpenAlert("a", "critical", "t", NOW, None, "", "data_stopped", "aws"),
            "critical: aws has stopped delivering",
            "critique : aws ne livre plus",
        ),
    ],
)
def test_an_alert_is_told_in_the_language(alert: OpenAlert, english: str, french: str) -> None:
    for audience, told in ((COMPANY, english), (FRENCH, french)):
        digest = make_digest(audience=audience, alerts=(alert,))
        assert any(line.startswith(f"{told}, ") for line in message_lines(digest))
        buttons = next(block for block in all_blocks(digest) if block["type"] == "actions")
        labels = [each["text"]["text"] for each in buttons["elements"]]
        assert ("Approuver" in labels) is (audience is FRENCH)


def test_french_signs_stand_behind_a_space_that_does_not_break() -> None:
    """In all that is rendered: two totals, a team's table, alerts, a notice."""
    red = RedGate("aws", "2026-10", "drift", NOW, ("prices rose",), None)
    audience = replace(FRENCH, kind="management", teams=())
    euros = replace(SPEND[0], billing_currency="EUR")
    digest = make_digest(
        (*SPEND, euros),
        audience=audience,
        facts=replace(OF_MANAGEMENT, budgets=(BUDGET,)),
        alerts=(ALERT,),
        gates=(GATE,),
        open_periods=(OpenPeriod("aws", "2026-10"), OpenPeriod("gcp", "2026-10")),
        warned=("prices",),
        unreconciled=("2026-09",),
        last_day=WEEK.sunday,
    )
    message = digest_message.compose(digest)
    notice = withheld_message.compose("Northwind", audience, WEEK, [red], NOW)
    assert message.chart is not None
    blocks = [*message.blocks, *(block for reply in message.replies for block in reply.blocks), *notice.blocks]
    said = [
        each["text"] for each in objects([block.to_dict() for block in blocks]) if isinstance(each.get("text"), str)
    ]
    said += [message.text, notice.text, message.chart.alt_text, message.chart.title]
    assert len(said) > 80
    assert not [text for text in said if re.search(r"(?<![\u00a0\u202f])[;:!?%»](?=\s|$)", text)]


def test_what_mlspend_used_is_told_also_where_it_asked_nothing() -> None:
    (line,) = [each for each in message_lines(make_digest(own_cost=OwnCost(bytes_read=999))) if "itself" in each]
    assert line.endswith("mlspend itself in this week: no API calls, 999 B of exports read.")
    one = OwnCost(1, 0, Decimal("0.01"), 0)
    (line,) = [each for each in message_lines(make_digest(own_cost=one)) if "itself" in each]
    assert line.endswith("mlspend itself in this week: 1 API call (USD 0.01), 0 B of exports read.")


def test_a_week_without_comparison_says_so_and_shows_no_change() -> None:
    digest = make_digest(first_day=date(2026, 10, 20))
    lines = message_lines(digest)
    assert "No comparison: the published usage does not cover all of 12–25 Oct 2026." in lines
    assert (
        "Incomplete: aws is whole from 20 Oct 2026 to 31 Oct 2026; what is missing of its other days is not zero."
        in lines
    )
    assert "recommender | 12,000.50 | – | 75.0%" in thread_lines(digest)
    assert not [line for line in lines if "▲" in line or "%)" in line or "moved" in line]


def test_a_last_day_that_may_not_be_whole_is_pointed_out() -> None:
    (line,) = [each for each in thread_lines(make_digest(last_day=date(2026, 10, 25))) if each.startswith("Newest")]
    assert line == "Newest usage: 25 Oct 2026, 8 days old; the week's last day may not be whole yet"


def test_a_difference_is_not_called_reconciled() -> None:
    digest = make_digest(unreconciled=("aws 2026-10",))
    assert [line for line in thread_lines(digest) if line.startswith("NOT reconciled: aws 2026-10: billed")]
    assert not [line for line in thread_lines(digest) if line.startswith("Reconciled")]
    assert [line for line in message_lines(digest) if "NOT reconciled: aws 2026-10" in line]


def restated(period: str, billed: str, effective: str, without: str = "50000", currency: str = "USD") -> Restatement:
    cost = Decimal(without)
    return Restatement(period, currency, Restated(Decimal(billed), cost), Restated(Decimal(effective), cost))


def test_months_that_were_restated_are_told_with_their_change() -> None:
    months = (restated("2026-09", "-1234.56", "500"), restated("2026-07", "0", "-80", without="0", currency="JPY"))
    assert [line for line in thread_lines(make_digest(restated=months)) if line.startswith("Restated")] == [
        "Restated in this week: September 2026, billed USD −1,234.56 (−2.5%), effective USD +500.00 (+1.0%)",
        "Restated in this week: July 2026, effective JPY −80",
    ]
    (line,) = [each for each in thread_lines(make_digest(teams=("risk",), restated=months[:1])) if "Restated" in each]
    assert line.startswith("Restated in this week: September 2026 of the whole company, billed USD −1,234.56")


def test_of_many_restated_months_the_newest_are_told_and_the_others_counted() -> None:
    months = tuple(restated(f"2026-{month:02d}", "900", "900") for month in range(9, 1, -1))
    lines = [line for line in thread_lines(make_digest(restated=months)) if line.startswith("Restated")]
    assert len(lines) == 6
    assert lines[-1] == "Restated too: 3 more months"


def test_checks_that_warned_are_named() -> None:
    lines = thread_lines(make_digest(warned=("unattributed_share_below_half",)))
    assert "Data checks: 111 of 112 passed; warned: unattributed_share_below_half" in lines


def test_the_digest_of_a_team_does_not_speak_of_the_unowned() -> None:
    digest = make_digest(SPEND[:2], teams=("discovery", "risk"))
    lines = [*message_lines(digest), *thread_lines(digest)]
    assert lines[0] == "ML spend of 19–25 Oct 2026: discovery, risk at Example Robotics"
    assert not [line for line in lines if "owner" in line]


def test_what_multiplied_has_no_percentage() -> None:
    digest = make_digest((spend("a", "training", "50", "0"), spend("b", "data", "5000", "1")))
    lines = message_lines(digest)
    assert "▲ +4,999.00 (over tenfold) b, data: mostly AmazonEC2, +4,999.00" in lines
    assert "▲ +50.00 a, training: mostly AmazonEC2, +50.00" in lines


def test_each_currency_stands_for_itself() -> None:
    digest = make_digest((*SPEND, spend("recommender", "training", "80", "100", currency="JPY")))
    assert "USD 16,000.50 effective cost" in message_lines(digest)
    assert "JPY 80 effective cost" in message_lines(digest)
    lines = thread_lines(digest)
    assert "recommender | JPY 80 | −20 (−20.0%) | 100.0%" in lines
    assert "Total JPY | JPY 80 | −20 (−20.0%) | 100.0%" in lines
    assert "Total USD | USD 16,000.50 | +1,000.50 (+6.7%) | 100.0%" in lines


def test_two_weeks_without_spend() -> None:
    nothing = replace(make_digest(), sections=())
    assert "No spend is published for these two weeks." in message_lines(nothing)


@pytest.mark.parametrize("kind", ["company", "team", "management"])
def test_a_tag_stays_text(kind: Any) -> None:
    name = HOSTILE + "\n\u202e"
    facts = Facts(
        outlooks=(
            replace(OUTLOOK, scope_name=name, forecast_cost=None, reason=name),
            replace(OUTLOOK, scope_name=name),
        ),
        budgets=(replace(BUDGET, budget=name, status="unknown", reason=name),),
        findings=(replace(FINDING, title=name, project=name, remedy=name),),
        days=FULL.days,
    )
    digest = make_digest(
        (spend(name, name, "5", "3", team=name, service=name),),
        company=HOSTILE,
        audience=Audience(kind, "#a", (HOSTILE,) if kind == "team" else ()),
        facts=facts,
        alerts=(replace(ALERT, scope=name, alert_id="a1"),),
        gates=(replace(GATE, x_source=name),),
        warned=(name,),
    )
    blocks = all_blocks(digest)
    # Slack reads markup in mrkdwn objects and markdown blocks alone, and emoji names where `emoji` is true.
    kinds = {each["type"] for each in objects(blocks) if "text" in each and isinstance(each["text"], str)}
    assert kinds == {"text", "plain_text", "raw_text"}
    assert all(each["emoji"] is False for each in objects(blocks) if each.get("type") == "plain_text")
    shown = [each["text"] for each in objects(blocks) if isinstance(each.get("text"), str)]
    assert any("<!channel> *bold*" in text for text in shown)
    assert not any("\u202e" in text for text in shown)
    message = digest_message.compose(digest)
    for text in (message.text, *(reply.text for reply in message.replies)):
        assert "<" not in text
    assert "&lt;!channel&gt; *bold*" in message.text


@pytest.mark.parametrize("currencies", [1, 3, 25])
@pytest.mark.parametrize("kind", ["team", "management"])
def test_slacks_limits_are_kept_whatever_the_data_holds(currencies: int, kind: Any) -> None:
    names = [f"C{currency:02d}" for currency in range(currencies)]
    cells = tuple(
        spend(
            f"project-{number:04d}-" + "ж" * 400,
            "training" * 50,
            f"{number}.25",
            "1",
            currency=name,
            team=f"t{number}" * 40,
        )
        for name in names
        for number in range(120)
    )
    periods = tuple(OpenPeriod("source" * 40, f"2026-{month:02d}") for month in range(1, 13))
    facts = Facts(
        outlooks=tuple(
            replace(OUTLOOK, billing_currency=name, scope_name="x" * 300) for name in names for _ in range(3)
        ),
        budgets=tuple(replace(BUDGET, billing_currency=name, budget="x" * 300) for name in names for _ in range(3)),
        findings=tuple(replace(FINDING, billing_currency=name, title="x" * 900) for name in names for _ in range(9)),
    )
    digest = make_digest(
        cells,
        company="c" * 500,
        audience=Audience(kind, "#a", tuple(f"team-{n}" * 30 for n in range(40)) if kind == "team" else ()),
        open_periods=periods,
        restated=tuple(restated(period.billing_period, "-" + "9" * 9, "9" * 9) for period in periods),
        warned=("warned" * 9,) * 60,
        facts=facts,
        alerts=tuple(replace(ALERT, alert_id=f"a{n}", scope="x" * 900) for n in range(9)),
        gates=(GATE,) * 20,
    )
    message = digest_message.compose(digest)
    assert len(message.blocks[0].to_dict()["text"]["text"]) <= 150
    for each in (message, *message.replies):
        pieces = splitting.fit(each.blocks)
        for piece in pieces:
            assert list(violations({"text": each.text, "blocks": piece})) == []
    # One message holds the thread's table; what does not fit goes on below.
    for reply in message.replies:
        for block in reply.blocks:
            block.validate_json()
    if currencies == 25:
        assert "There is also spend in C04, C05" in str(lines_in(message.blocks))


def test_projects_without_room_are_added_up_in_one_row() -> None:
    cells = tuple(spend(f"p{number:03d}", "training", "1", "2") for number in range(150))
    (table,) = [block for block in all_blocks(make_digest(cells)) if block["type"] == "table"]
    amounts = [Decimal(row[1]["text"]) for row in table["rows"][1:-1]]
    assert table["rows"][-2][0]["text"] == "113 more projects"
    assert sum(amounts) == 150
    assert table["rows"][-2][2]["text"] == "−113.00 (−50.0%)"
