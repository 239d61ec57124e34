"""What the digest's blocks say, that tags cannot speak through them, and that Slack's limits are kept."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from mlspend.adapters.digests import slack_blocks
from mlspend.core.digest import Digest, OpenPeriod
from mlspend.core.restatements import Restated, Restatement
from tests.handmade_digest import SPEND, make_digest, spend

HOSTILE = '<!channel> *bold* _it_ `code` <https://evil.example|click> <@U1> :tada: & "q" <script>alert(1)</script>'


def blocks_of(digest: Digest) -> list[dict[str, Any]]:
    return [block.to_dict() for block in slack_blocks.render(digest)]


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Every object within, the outermost first."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from objects(value)
    elif isinstance(node, list):
        for value in node:
            yield from objects(value)


def characters(node: Any) -> int:
    return sum(len(each["text"]) for each in objects(node) if isinstance(each.get("text"), str))


def lines_of(digest: Digest) -> list[str]:
    """The paragraphs, bullets and table rows as a reader sees them."""
    lines: list[str] = []
    for block in blocks_of(digest):
        if block["type"] == "table":
            lines += [
                " | ".join("".join(each["text"] for each in objects(cell) if "text" in each) for cell in row)
                for row in block["rows"]
            ]
        elif block["type"] == "context":
            lines += [each["text"] for each in block["elements"]]
        elif block["type"] == "header":
            lines.append(block["text"]["text"])
        else:
            sections = [each for each in objects(block) if each.get("type") == "rich_text_section"]
            lines += "\n".join("".join(run["text"] for run in each["elements"]) for each in sections).split("\n")
    return [line.replace("\xa0", " ") for line in lines]


def test_the_message_reads_like_this() -> None:
    assert lines_of(make_digest(open_periods=(OpenPeriod("aws", "2026-10"),))) == [
        "ML spend of 19–25 Oct 2026: Example Robotics",
        "Week 2026-W43, Monday to Sunday in UTC. Effective cost is what the week's use cost, with commitments spread"
        " over the time they cover; billed cost is what the provider charges for these days.",
        "USD 16,000.50 effective cost",
        "▲ +1,000.50 (+6.7%) against 15,000.00 the week before",
        "USD 14,400.45 billed cost",
        "▲ +900.45 (+6.7%) against 13,500.00 the week before",
        "Biggest movers",
        "▲ +2,000.50 recommender, training: from 10,000.00 to 12,000.50 (+20.0%)",
        "▼ −1,000.00 fraud-detection, inference: from 4,000.00 to 3,000.00 (−25.0%)",
        "Not attributed",
        "Without an owner: USD 1,000.00, 6.2% of effective cost",
        "Without a known ML stage: USD 1,000.00, 6.2% of effective cost",
        "Effective cost by project",
        "Project | Effective cost, USD | Change | Share",
        "recommender | 12,000.50 | +2,000.50 (+20.0%) | 75.0%",
        "fraud-detection | 3,000.00 | −1,000.00 (−25.0%) | 18.7%",
        "unattributed | 1,000.00 | 0.00 (0.0%) | 6.2%",
        "Total USD | 16,000.50 | +1,000.50 (+6.7%) | 100.0%",
        "",
        "How far to trust this",
        "Newest usage: 31 Oct 2026, 2 days old",
        "Last delivery of aws: 1 Nov 2026 02:00 UTC, 30 hours ago",
        "Reconciled: 3 billing months, billed USD 48,000.50 landed, USD 48,000.50 published; largest difference 0 USD",
        "Provisional: 2026-10 (aws): not final, amounts may still change",
        "Data checks: 112 of 112 passed",
        "Published 2 Nov 2026 07:30 UTC as 20261102T073000-b7 by mlspend",
    ]


def test_the_notification_is_one_line() -> None:
    assert slack_blocks.fallback_text(make_digest()).replace("\xa0", " ") == (
        "ML spend of 19–25 Oct 2026: Example Robotics: USD 16,000.50 (+6.7%)"
    )


def test_a_week_without_comparison_says_so_and_shows_no_change() -> None:
    lines = lines_of(make_digest(first_day=date(2026, 10, 20)))
    assert "No comparison: the published usage does not cover all of 12–25 Oct 2026." in lines
    assert (
        "Incomplete: aws has usage from 20 Oct 2026 to 31 Oct 2026; its other days are missing here, not zero." in lines
    )
    assert "recommender | 12,000.50 | – | 75.0%" in lines
    assert not [line for line in lines if "▲" in line or "%)" in line or "movers" in line]


def test_a_last_day_that_may_not_be_whole_is_pointed_out() -> None:
    (line,) = [each for each in lines_of(make_digest(last_day=date(2026, 10, 25))) if each.startswith("Newest usage")]
    assert line == "Newest usage: 25 Oct 2026, 8 days old; the week's last day may not be whole yet"


def test_a_difference_is_not_called_reconciled() -> None:
    lines = lines_of(make_digest(unreconciled=("aws 2026-10",)))
    assert [line for line in lines if line.startswith("NOT reconciled: aws 2026-10: billed")]
    assert not [line for line in lines if line.startswith("Reconciled")]


def restated(period: str, billed: str, effective: str, without: str = "50000", currency: str = "USD") -> Restatement:
    cost = Decimal(without)
    return Restatement(period, currency, Restated(Decimal(billed), cost), Restated(Decimal(effective), cost))


def test_months_that_were_restated_are_told_with_their_change() -> None:
    months = (restated("2026-09", "-1234.56", "500"), restated("2026-07", "0", "-80", without="0", currency="JPY"))
    assert [line for line in lines_of(make_digest(restated=months)) if line.startswith("Restated")] == [
        "Restated in this week: Sep 2026, billed USD −1,234.56 (−2.5%) and effective USD +500.00 (+1.0%)",
        "Restated in this week: Jul 2026, effective JPY −80",
    ]
    (line,) = [each for each in lines_of(make_digest(teams=("risk",), restated=months[:1])) if "Restated" in each]
    assert line.startswith("Restated in this week: Sep 2026 of the whole company, billed USD −1,234.56")


def test_of_many_restated_months_the_newest_are_told_and_the_others_counted() -> None:
    months = tuple(restated(f"2026-{month:02d}", "900", "900") for month in range(9, 1, -1))
    lines = [line for line in lines_of(make_digest(restated=months)) if line.startswith("Restated")]
    assert len(lines) == 6
    assert lines[-1] == "Restated too: 3 more months"


def test_checks_that_warned_are_named() -> None:
    lines = lines_of(make_digest(warned=("unattributed_share_below_half",)))
    assert "Data checks: 111 of 112 passed; warned: unattributed_share_below_half" in lines


def test_the_digest_of_a_team_does_not_speak_of_the_unowned() -> None:
    lines = lines_of(make_digest(SPEND[:2], teams=("discovery", "risk")))
    assert lines[0] == "ML spend of 19–25 Oct 2026: discovery, risk at Example Robotics"
    assert not [line for line in lines if "owner" in line]


def test_what_is_new_and_what_multiplied_have_no_percentage() -> None:
    lines = lines_of(make_digest((spend("a", "training", "50", "0"), spend("b", "data", "5000", "1"))))
    assert "▲ +4,999.00 b, data: from 1.00 to 5,000.00 (over tenfold)" in lines
    assert "▲ +50.00 a, training: from nothing to 50.00" in lines


def test_each_currency_stands_for_itself() -> None:
    lines = lines_of(make_digest((*SPEND, spend("recommender", "training", "80", "100", currency="JPY"))))
    assert "USD 16,000.50 effective cost" in lines
    assert "JPY 80 effective cost" in lines
    assert "recommender | JPY 80 | −20 (−20.0%) | 100.0%" in lines
    assert "Total JPY | JPY 80 | −20 (−20.0%) | 100.0%" in lines
    assert "Total USD | USD 16,000.50 | +1,000.50 (+6.7%) | 100.0%" in lines


def test_two_weeks_without_spend() -> None:
    digest = make_digest()
    nothing = blocks_of(type(digest)(**{**vars(digest), "sections": ()}))
    assert "No spend is published for these two weeks." in str(nothing)


def test_a_tag_stays_text() -> None:
    digest = make_digest((spend(HOSTILE, HOSTILE + "\n\u202e", "5", "3"),), company=HOSTILE, teams=(HOSTILE,))
    blocks = blocks_of(digest)
    # Slack reads markup in mrkdwn objects and markdown blocks alone, and emoji names where `emoji` is true.
    kinds = {each["type"] for each in objects(blocks) if "text" in each and isinstance(each["text"], str)}
    assert kinds == {"text", "plain_text", "raw_text"}
    assert all(each["emoji"] is False for each in objects(blocks) if each.get("type") == "plain_text")
    shown = [each["text"] for each in objects(blocks) if isinstance(each.get("text"), str)]
    assert any("<!channel> *bold*" in text for text in shown)
    assert not any("\u202e" in text for text in shown)
    fallback = slack_blocks.fallback_text(digest)
    assert "<" not in fallback
    assert "&lt;!channel&gt; *bold*" in fallback


@pytest.mark.parametrize("currencies", [1, 3, 25])
def test_slacks_limits_are_kept_whatever_the_data_holds(currencies: int) -> None:
    cells = tuple(
        spend(f"project-{number:04d}-" + "ж" * 400, "training" * 50, f"{number}.25", "1", currency=f"C{currency:02d}")
        for currency in range(currencies)
        for number in range(120)
    )
    periods = tuple(OpenPeriod("source" * 40, f"2026-{month:02d}") for month in range(1, 13))
    digest = make_digest(
        cells,
        company="c" * 500,
        teams=tuple(f"team-{n}" * 30 for n in range(40)),
        open_periods=periods,
        restated=tuple(restated(period.billing_period, "-" + "9" * 9, "9" * 9) for period in periods),
        warned=("warned" * 9,) * 60,
    )
    blocks = slack_blocks.render(digest)
    for block in blocks:
        block.validate_json()
    written = [block.to_dict() for block in blocks]
    assert len(written) <= 50
    assert len({block.get("block_id", number) for number, block in enumerate(written)}) == len(written)
    assert len(written[0]["text"]["text"]) <= 150
    (table,) = [block for block in written if block["type"] == "table"]
    assert len(table["rows"]) <= 100
    assert characters(table) <= 10_000
    assert characters(written) <= 13_000
    assert {len(row) for row in table["rows"]} == {4}
    for block in written:
        assert all(each["text"] for each in objects(block) if isinstance(each.get("text"), str))
        if block["type"] != "table":
            assert characters(block) <= 3000
    if currencies == 25:
        assert "There is also spend in C04, C05" in str(written)


def test_projects_without_room_are_added_up_in_one_row() -> None:
    cells = tuple(spend(f"p{number:03d}", "training", "1", "2") for number in range(150))
    (table,) = [block for block in blocks_of(make_digest(cells)) if block["type"] == "table"]
    amounts = [Decimal(row[1]["text"]) for row in table["rows"][1:-1]]
    assert table["rows"][-2][0]["text"] == "113 more projects"
    assert sum(amounts) == 150
    assert table["rows"][-2][2]["text"] == "−113.00 (−50.0%)"
