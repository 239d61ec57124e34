"""A statement as PDF, for people who sign it. The same statement gives the same bytes: no clock, no random ids."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from mlspend.core import wording
from mlspend.core.chargeback import ADJUSTMENT, CHARGE, SHARE, SHARED, Line, Statement, Subtotal, subtotal
from mlspend.core.errors import ConfigInvalid

_MARGIN = 18 * mm
_WIDTHS = (A4[0] - 2 * _MARGIN - 2 * 34 * mm, 34 * mm, 34 * mm)
_RULE = colors.HexColor("#c8ccd2")
_SHADE = colors.HexColor("#f2f4f7")
_INK = colors.HexColor("#1d2733")
_LONGEST_NAME = 90
_REPLACED = (
    "Characters that the font of this page lacks are shown as ?: the CSV beside it has all names in full, and "
    "--font takes another font."
)
_UNITS = "Billed: as invoiced. Effective: with purchases of commitments spread over the time they serve."


class _Words:
    """Text as the chosen font can show it; remembers whether anything had to be replaced."""

    def __init__(self, font: Path | None) -> None:
        folder = Path(reportlab.__file__).with_name("fonts")
        self.plain = _register(font or folder / "Vera.ttf")
        self.bold = _register(font or folder / "VeraBd.ttf")
        self._glyphs = pdfmetrics.getFont(self.plain).face.charToGlyph
        self.is_replaced = False

    def shown(self, text: str, limit: int = _LONGEST_NAME) -> str:
        line = unicodedata.normalize("NFC", wording.one_line(text, limit))
        known = "".join(each if ord(each) in self._glyphs else "?" for each in line)
        self.is_replaced = self.is_replaced or known != line
        return known

    def paragraph(
        self, text: str, *, size: float = 9, bold: bool = False, right: bool = False, indent: float = 0
    ) -> Any:
        style = ParagraphStyle(
            "statement",
            fontName=self.bold if bold else self.plain,
            fontSize=size,
            leading=size * 1.3,
            textColor=_INK,
            alignment=TA_RIGHT if right else 0,
            leftIndent=indent,
        )
        return Paragraph(escape(text), style)


def write(file: Path, statements: Sequence[Statement], font: Path | None = None) -> None:
    """Write one team's statements, one per currency, into `file`. ConfigInvalid where `font` is no TrueType font."""
    words = _Words(font)
    first = statements[0]
    story: list[Flowable] = _head(words, first)
    for statement in statements:
        story += _body(words, statement)
    story.append(words.paragraph(_UNITS, size=7.5))
    if words.is_replaced:
        story += [Spacer(1, 2 * mm), words.paragraph(_REPLACED, size=7.5)]
    team = words.shown(first.team)
    document = SimpleDocTemplate(
        str(file),
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"Chargeback statement {first.period}, {first.team}",
        author=first.company,
        subject=f"Publication {first.build_id}",
        # Times and ids of the document are fixed.
        invariant=1,
    )

    def foot(canvas: Canvas, _document: object) -> None:
        canvas.setFont(words.plain, 7.5)
        canvas.setFillColor(_INK)
        canvas.drawString(_MARGIN, 10 * mm, f"{team}, {first.period}, {first.status}; publication {first.build_id}")
        canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"page {canvas.getPageNumber()}")

    document.build(story, onFirstPage=foot, onLaterPages=foot)


def _head(words: _Words, statement: Statement) -> list[Flowable]:
    status = (
        words.shown(f"Provisional, amounts may still change. {statement.note}", 400)
        if statement.note
        else "Closed: these amounts do not change any more"
    )
    facts = [
        ("Team", words.shown(statement.team)),
        ("Month", f"{wording.month(statement.period)} ({statement.period})"),
        ("Status", status),
        ("Publication", statement.build_id),
    ]
    table = Table(
        [[words.paragraph(name, bold=True), words.paragraph(value)] for name, value in facts],
        colWidths=(30 * mm, sum(_WIDTHS) - 30 * mm),
        style=TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]),
    )
    title = words.paragraph("Chargeback statement", size=17, bold=True)
    return [words.paragraph(words.shown(statement.company)), title, Spacer(1, 4 * mm), table, Spacer(1, 5 * mm)]


def _body(words: _Words, statement: Statement) -> list[Flowable]:
    currency = statement.billing_currency
    rows: list[list[Any]] = [_row(words, ("", f"Billed {currency}", f"Effective {currency}"), bold=True)]
    styles: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, _INK),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, _RULE),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]
    for title, lines, nested in _sections(statement):
        styles.append(("BACKGROUND", (0, len(rows)), (-1, len(rows)), _SHADE))
        rows.append(_amounts(words, subtotal(title, lines), currency, bold=True))
        for group, items in nested:
            rows.append(_amounts(words, group, currency, indent=8))
            rows += [_amounts(words, item, currency, indent=20, size=8) for item in items]
    styles += [("LINEABOVE", (0, len(rows)), (-1, len(rows)), 0.8, _INK)]
    rows.append(_amounts(words, subtotal(f"Total {currency}", statement.lines), currency, bold=True, size=10))
    return [Table(rows, colWidths=_WIDTHS, repeatRows=1, style=TableStyle(styles)), Spacer(1, 6 * mm)]


Nested = list[tuple[Subtotal, list[Subtotal]]]


def _sections(statement: Statement) -> list[tuple[str, tuple[Line, ...], Nested]]:
    """Return the sections that hold anything: title, lines, and the subtotals of two levels."""
    found = []
    for kind, title in (
        (CHARGE, "Projects"),
        (SHARE, "Shares of shared costs"),
        (SHARED, "Shared costs, not split among projects"),
        (ADJUSTMENT, "Adjustments of closed months"),
    ):
        if not (lines := statement.lines_of(kind)):
            continue
        if kind == ADJUSTMENT:
            nested = _nest(lines, lambda one: wording.month(one.charge.billing_period), lambda one: one.charge.project)
        else:
            nested = _nest(lines, lambda one: one.charge.project, lambda one: one.charge.service_name or "(no service)")
        found.append((title, lines, nested))
    return found


def _nest(lines: Iterable[Line], outer: Any, inner: Any) -> Nested:
    """Group lines, which are ordered by both keys, under their outer and inner names."""
    return [
        (subtotal(name, group), [subtotal(each, some) for each, some in groupby(group, inner)])
        for name, some_lines in groupby(lines, outer)
        for group in [tuple(some_lines)]
    ]


def _amounts(
    words: _Words, row: Subtotal, currency: str, *, bold: bool = False, indent: float = 0, size: float = 9
) -> list[Any]:
    billed, effective = (wording.amount(each, currency) for each in (row.billed_amount, row.effective_amount))
    return _row(words, (words.shown(row.name), billed, effective), bold=bold, indent=indent, size=size)


def _row(
    words: _Words, cells: tuple[str, str, str], *, bold: bool = False, indent: float = 0, size: float = 9
) -> list[Any]:
    name, *amounts = cells
    return [
        words.paragraph(name, bold=bold, indent=indent, size=size),
        *(words.paragraph(each, bold=bold, right=True, size=size) for each in amounts),
    ]


def _register(file: Path) -> str:
    name = f"mlspend-{file.stem}"
    try:
        pdfmetrics.registerFont(TTFont(name, str(file)))
    except (TTFError, OSError) as error:
        raise ConfigInvalid(f"{file} cannot be used as a font ({error}): --font wants a TrueType file, .ttf") from error
    return name
