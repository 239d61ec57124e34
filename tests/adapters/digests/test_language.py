"""Every sentence has a French translation, and numbers and dates are written as each language writes them."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from mlspend.adapters.digests.language import Language
from mlspend.adapters.home import PROJECT_ROOT

CODE = PROJECT_ROOT / "plugins" / "mlspend" / "adapters" / "digests"
ENGLISH, FRENCH = Language("en", "Europe/Paris"), Language("fr", "Europe/Paris")


def sentences(path: Path) -> Iterator[tuple[str, ...]]:
    """What `say` and `say_many` are given in a file, also within f-strings; it must be the sentence itself."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        count = {"say": 1, "say_many": 2}.get(called, 0)
        if count:
            given = [ast.literal_eval(each) for each in node.args[:count]]
            assert all(isinstance(each, str) for each in given), f"{path.name}:{node.lineno}"
            yield tuple(given)


IN_CODE = {each for path in sorted(CODE.glob("*.py")) for each in sentences(path)}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with (PROJECT_ROOT / "plugins" / "mlspend" / "languages" / "fr.po").open("rb") as source:
        return read_po(source, locale="fr", abort_invalid=True)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w*)\}", text))


def test_every_sentence_of_the_code_is_translated_and_no_other(catalog: Catalog) -> None:
    assert len(IN_CODE) > 80
    translated = {(each.id,) if isinstance(each.id, str) else tuple(each.id) for each in catalog if each.id}
    assert translated == IN_CODE


def test_every_translation_is_finished_and_has_the_same_places(catalog: Catalog) -> None:
    for message in (each for each in catalog if each.id):
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        assert not message.fuzzy, message.id
        assert len(strings) == len(ids), message.id
        for text in strings:
            assert text.strip(), message.id
            assert placeholders(text) == placeholders(ids[-1]), message.id


def test_french_signs_never_stand_alone_at_the_end_of_a_line(catalog: Catalog) -> None:
    for message in (each for each in catalog if each.id):
        for text in [message.string] if isinstance(message.string, str) else message.string:
            assert not re.search(r"(?<![\u00a0\u202f])[;:!?%»]", text), text
            assert "'" not in text, text


def test_a_place_can_hold_braces() -> None:
    assert ENGLISH.say("{title}: {totals}", title="{totals} {0}", totals="1") == "{totals} {0}: 1"


def spaced(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("value", "currency", "english", "french"),
    [
        ("1234567.891", "USD", "USD 1,234,567.89", "1 234 567,89 USD"),
        ("-12.5", "EUR", "EUR −12.50", "−12,50 EUR"),
        ("1234.5", "JPY", "JPY 1,235", "1 235 JPY"),
        # Half a cent is rounded up, as on an invoice, and little is never written as minus nothing.
        ("0.005", "USD", "USD 0.01", "0,01 USD"),
        ("-0.004", "USD", "USD 0.00", "0,00 USD"),
        ("12345678901234567890123456.785", "USD", "USD 12,345,678,901,234,567,890,123,456.79", None),
    ],
)
def test_amounts(value: str, currency: str, english: str, french: str | None) -> None:
    assert spaced(ENGLISH.money(Decimal(value), currency)) == english
    assert french is None or spaced(FRENCH.money(Decimal(value), currency)) == french


def test_signs_percentages_and_sizes() -> None:
    assert ENGLISH.amount(Decimal(3), "EUR", with_sign=True) == "+3.00"
    assert spaced(FRENCH.money(Decimal(3), "EUR", with_sign=True)) == "+3,00 EUR"
    assert (ENGLISH.percent(Decimal("-3"), with_sign=True), ENGLISH.percent(Decimal("12.345"))) == ("−3.0%", "12.3%")
    assert FRENCH.percent(Decimal("12.345"), with_sign=True) == "+12,3\xa0%"
    assert [spaced(ENGLISH.size(n)) for n in (0, 999, 1_000, 99_940, 123_456_789_000)] == [
        "0 B",
        "999 B",
        "1 KB",
        "99.9 KB",
        "123 GB",
    ]
    assert spaced(FRENCH.size(1_234_567)) == "1,2 Mo"
    assert spaced(ENGLISH.exact(Decimal("0.020000000001"), "USD")) == "0.020000000001 USD"


def test_days() -> None:
    assert spaced(ENGLISH.day(date(2026, 11, 1))) == "1 Nov 2026"
    assert spaced(FRENCH.day(date(2026, 11, 1))) == "1er nov. 2026"
    assert spaced(ENGLISH.days(date(2026, 9, 28), date(2026, 10, 4))) == "28 Sep – 4 Oct 2026"
    assert spaced(FRENCH.days(date(2026, 12, 28), date(2027, 1, 3))) == "28 déc. 2026 – 3 janv. 2027"
    assert (ENGLISH.month("2026-08"), FRENCH.month("2026-08")) == ("August 2026", "août 2026")


@pytest.mark.parametrize(
    ("moment", "zone", "written"),
    [
        # Clocks went back at 01:00 UTC on 25 October 2026: 02:30 came twice, and each says which.
        ("2026-10-25T00:30", "Europe/Paris", "25 Oct 2026 02:30 CEST"),
        ("2026-10-25T01:30", "Europe/Paris", "25 Oct 2026 02:30 CET"),
        ("2026-03-29T00:59", "Europe/Paris", "29 Mar 2026 01:59 CET"),
        ("2026-03-29T01:00", "Europe/Paris", "29 Mar 2026 03:00 CEST"),
        ("2026-10-25T23:30", "Asia/Kathmandu", "26 Oct 2026 05:15 UTC+05:45"),
        ("2026-10-25T23:30", "UTC", "25 Oct 2026 23:30 UTC"),
    ],
)
def test_moments_are_in_the_teams_zone(moment: str, zone: str, written: str) -> None:
    assert spaced(Language("en", zone).moment(datetime.fromisoformat(moment).replace(tzinfo=UTC))) == written


@pytest.mark.parametrize(
    ("hours", "english", "french"),
    [
        (0.9, "less than an hour ago", "il y a moins d’une heure"),
        (1, "1 hour ago", "il y a 1 heure"),
        (47, "47 hours ago", "il y a 47 heures"),
        (48, "2 days ago", "il y a 2 jours"),
    ],
)
def test_ages(hours: float, english: str, french: str) -> None:
    assert ENGLISH.age(timedelta(hours=hours)) == english
    assert spaced(FRENCH.age(timedelta(hours=hours))) == french


def test_french_has_its_own_plural() -> None:
    assert FRENCH.say_many("{count} more project", "{count} more projects", 0) == "0 autre projet"
    assert FRENCH.say_many("{count} more project", "{count} more projects", 2) == "2 autres projets"


def test_names_are_listed_and_the_tail_counted() -> None:
    assert ENGLISH.listed("abc", most=2) == "a, b and 1 more"
    assert FRENCH.listed("abcd", most=2) == "a, b et 2 autres"
