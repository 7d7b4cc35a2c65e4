"""The report as PDF (reportlab): A4, pictures inside, letters embedded."""

import io
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.figure import Figure
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Image, KeepTogether, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from api.evidence_report import pictures
from api.evidence_report.account import Account

INK, SOFT, LINE, GOOD, PALE = (HexColor(code) for code in ("#22303c", "#5d6b78", "#dde2e7", "#0b6e4f", "#f6f8f9"))
_WIDTH = A4[0] - 40 * mm - 12  # margins, and the padding of a page's frame


def document(told: Account) -> bytes:
    """The document."""
    _fonts()
    out = io.BytesIO()
    margins = {f"{side}Margin": 20 * mm for side in ("left", "right", "top", "bottom")}
    pages = SimpleDocTemplate(out, pagesize=A4, title=told.title, author="countermark", invariant=1, **margins)
    pages.build(_story(told), onFirstPage=_footer, onLaterPages=_footer)
    return out.getvalue()


def _story(told: Account) -> list[Any]:
    bullets = [Paragraph(escape(sentence), _style(size=9.2, indent=10), bulletText="•") for sentence in told.shows]
    limits = [Paragraph(escape(sentence), _style(size=9.2, indent=10), bulletText="•") for sentence in told.limits]
    return [
        Paragraph("EVIDENCE REPORT", _style(size=8, colour=SOFT)),
        Paragraph(escape(told.title), _style(size=17, bold=True, after=6)),
        _finding(told),
        Spacer(0, 8),
        _tiles(told),
        Spacer(0, 8),
        _rows([(name, text) for name, text in told.propositions], (0.07, 0.93)),
        KeepTogether([_heading("How the accused compares with chance"), _picture(pictures.histogram(told))]),
        KeepTogether([_heading("In which order"), _picture(pictures.timeline(told))]),
        KeepTogether([_heading("Controls"), _rows(told.controls, (0.44, 0.13, 0.43))]),
        KeepTogether([_heading("What it shows"), *bullets]),
        KeepTogether([_heading("What it does not show"), *limits]),
        KeepTogether([_heading("Particulars"), _rows(told.facts, (0.15, 0.85))]),
    ]


def _finding(told: Account) -> Table:
    table = Table([[Paragraph(escape(told.finding), _style(size=10.5))]], colWidths=[_WIDTH])
    edge = GOOD if told.named else SOFT
    pads = [(f"{side}PADDING", (0, 0), (-1, -1), 8) for side in ("LEFT", "TOP", "BOTTOM")]
    table.setStyle(
        TableStyle([("BACKGROUND", (0, 0), (-1, -1), PALE), ("LINEBEFORE", (0, 0), (0, -1), 3, edge), *pads])
    )
    return table


def _tiles(told: Account) -> Table:
    cells = [
        [
            Paragraph(escape(figure), _style(size=13, bold=True)),
            Paragraph(escape(caption), _style(size=7.6, colour=SOFT)),
        ]
        for figure, caption in told.tiles
    ]
    table = Table([cells], colWidths=[_WIDTH / len(cells)] * len(cells))
    box = [("BOX", (column, 0), (column, 0), 0.7, LINE) for column in range(len(cells))]
    table.setStyle(TableStyle([*box, ("VALIGN", (0, 0), (-1, -1), "TOP"), ("BOTTOMPADDING", (0, 0), (-1, -1), 7)]))
    return table


def _rows(rows: Any, shares: tuple[float, ...]) -> Table:
    cells = [
        [
            Paragraph(escape(text), _style(size=8.8, colour=SOFT if column == 0 and len(shares) == 2 else INK))
            for column, text in enumerate(row)
        ]
        for row in rows
    ]
    table = Table(cells, colWidths=[_WIDTH * share for share in shares])
    table.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _heading(text: str) -> Paragraph:
    return Paragraph(text, _style(size=11.5, bold=True, before=12, after=4))


def _picture(figure: Figure) -> Image:
    wide, high = figure.get_size_inches()
    return Image(io.BytesIO(pictures.as_png(figure)), width=_WIDTH, height=_WIDTH * high / wide)


def _footer(canvas: Any, pages: Any) -> None:
    canvas.setFont("DejaVu", 7.5)
    canvas.setFillColor(SOFT)
    canvas.drawString(20 * mm, 12 * mm, "This document proves nothing by itself: verify the evidence pack it came in.")
    canvas.drawRightString(A4[0] - 20 * mm, 12 * mm, f"page {pages.page}")


@cache
def _fonts() -> None:
    """DejaVu, which comes with the drawing library and knows most of the world's letters."""
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in (("DejaVu", "DejaVuSans.ttf"), ("DejaVu-Bold", "DejaVuSans-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))


def _style(
    *, size: float, bold: bool = False, colour: Any = INK, before: float = 0, after: float = 2, indent: float = 0
) -> ParagraphStyle:
    return ParagraphStyle(
        "body",
        fontName="DejaVu-Bold" if bold else "DejaVu",
        fontSize=size,
        leading=1.4 * size,
        textColor=colour,
        spaceBefore=before,
        spaceAfter=after,
        leftIndent=indent,
        bulletFontName="DejaVu",
        bulletFontSize=size,
        splitLongWords=True,
    )
