"""The chart shows what its words say, needs no network, and is the same each time."""

import json
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import vl_convert

from mlspend.adapters.digests import chart, phrases
from mlspend.core.digest import Digest
from mlspend.core.digest_sections import NO_FACTS, Facts
from tests.handmade_digest import FRENCH, FULL, five_weeks, make_digest


def spec_of(digest: Digest) -> dict[str, Any]:
    (section,) = digest.sections
    return chart.make_spec(section, digest, phrases.language_of(digest))


def test_every_day_and_project_is_a_bar_and_the_largest_stands_at_the_bottom() -> None:
    bars = spec_of(make_digest(facts=FULL))["layer"][0]
    rows = bars["data"]["values"]
    assert len(rows) == 35 * 3
    assert sum(row["cost"] for row in rows) == 35 * (100 + 40 + 10)
    assert bars["encoding"]["color"]["scale"]["domain"] == ["recommender", "fraud-detection", "without an owner"]
    assert {row["project"]: row["place"] for row in rows} == {
        "recommender": 0,
        "fraud-detection": 1,
        "without an owner": 2,
    }


def test_weeks_that_are_not_published_whole_are_not_told_as_zero() -> None:
    """Published from Thursday 1 October on: of the week from 28 September nobody knows the cost."""
    drawn = chart.draw(digest := make_digest(facts=FULL), phrases.language_of(digest))
    assert drawn is not None
    weeks = drawn.alt_text.split("Sums of the weeks: ")[1].split(". Dearest")[0].replace("\xa0", " ")
    assert weeks == "1,050.00 from 5 Oct 2026; 1,050.00 from 12 Oct 2026; 1,050.00 from 19 Oct 2026"


@pytest.mark.parametrize(
    ("language", "daily", "labels"),
    [
        ("en", "0.35", ["0", "0.1", "0.2", "0.3"]),
        ("fr", "0.35", ["0", "0,1", "0,2", "0,3"]),
        ("fr", "3500", ["0", "1k", "2k", "3k"]),
    ],
)
def test_the_axis_is_written_in_plain_numbers_of_the_language(language: str, daily: str, labels: list[str]) -> None:
    digest = make_digest(audience=replace(FRENCH, language=language), facts=Facts(days=five_weeks(daily=daily)))
    code = "fr-FR" if language == "fr" else "en-US"
    svg = vl_convert.vegalite_to_svg(json.dumps(spec_of(digest)), format_locale=code, allowed_base_urls=[])
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert set(labels) <= set(texts)
    assert not [text for text in texts if re.fullmatch(r"\d+m", text)]


def test_the_alternative_text_tells_what_matters_in_the_readers_language() -> None:
    drawn = chart.draw(digest := make_digest(facts=FULL, first_day=date(2026, 9, 1)), phrases.language_of(digest))
    assert drawn is not None
    assert drawn.alt_text.replace("\xa0", " ") == (
        "Bars of effective cost per day in USD, 21 Sep – 25 Oct 2026, stacked by project. Sums of the weeks: 1,050.00"
        " from 21 Sep 2026; 1,050.00 from 28 Sep 2026; 1,050.00 from 5 Oct 2026; 1,050.00 from 12 Oct 2026; 1,050.00"
        " from 19 Oct 2026. Dearest projects in the week told: recommender 700.00; fraud-detection 280.00; without an"
        " owner 70.00."
    )
    french = make_digest(audience=FRENCH, facts=FULL)
    drawn = chart.draw(french, phrases.language_of(french))
    assert drawn is not None
    assert drawn.title == "Coût effectif par jour, USD"
    assert "Totaux des semaines" in drawn.alt_text


def test_it_names_no_address_and_is_the_same_each_time() -> None:
    digest = make_digest(facts=FULL)
    assert '"url"' not in json.dumps(spec_of(digest))
    first, second = (chart.draw(digest, phrases.language_of(digest)) for _ in range(2))
    assert first is not None
    assert first.png.startswith(b"\x89PNG")
    # Two pixels to a point, and room for the axis.
    assert int.from_bytes(first.png[16:20]) > 1440
    assert first == second


def test_words_are_drawn() -> None:
    """Without a font the pictures of two languages would be the same."""
    pictures = set()
    for language in ("en", "fr"):
        digest = make_digest(audience=replace(FRENCH, language=language), facts=FULL)
        drawn = chart.draw(digest, phrases.language_of(digest))
        assert drawn is not None
        pictures.add(drawn.png)
    assert len(pictures) == 2


@pytest.mark.parametrize("facts", [NO_FACTS, Facts(days=five_weeks()[:1])], ids=["nothing", "one day"])
def test_less_than_two_days_are_no_chart(facts: Facts) -> None:
    digest = make_digest(facts=facts)
    assert chart.draw(digest, phrases.language_of(digest)) is None


def test_a_name_that_looks_like_markup_is_a_name() -> None:
    digest = make_digest(facts=Facts(days=five_weeks("</text><script>x\u202e{{y}}")))
    drawn = chart.draw(digest, phrases.language_of(digest))
    assert drawn is not None
    assert "\u202e" not in drawn.alt_text
