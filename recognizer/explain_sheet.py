"""The sheet of an explanation: the crop once for each token, with what was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from recognizer.explain import END, Explanation, Look
from recognizer.explain_draw import (
    FAINT,
    GAP_PX,
    INK,
    LINE_STEP,
    MARGIN_PX,
    PAPER,
    SMALL_PX,
    TEXT_PX,
    TITLE_TEXT_PX,
    Colour,
    Seen,
    doubt_colour,
    face,
    flow,
    percent,
    text_height,
    write_note,
    write_text,
)

CARD: Colour = (255, 255, 255)
EDGE: Colour = (222, 222, 218)
SHEET_PX = 1500
INSET_PX = 8
CAPTION_PX = 30
HERO_PX = 260
"""Most height of the crop at the head of the sheet."""
MIN_CELL_PX, MIN_CELL_HEIGHT_PX, MAX_CELL_HEIGHT_PX = 190, 48, 190
GOOD_GRID_PX = 1500
"""Cells are drawn as large as fits this height, where they stay legible."""


def draw_sheet(explanation: Explanation) -> Image.Image:
    """The crop and its LaTeX, and below them the crop once for each token with what was looked at."""
    seen = Seen(explanation)
    inner = SHEET_PX - 2 * MARGIN_PX
    hero = seen.original(inner, HERO_PX)
    tokens = [look.token for look in explanation.looks if look.token != END]
    words = flow(tokens, face(TITLE_TEXT_PX), inner)
    head = MARGIN_PX + hero.height + GAP_PX + text_height(words, TITLE_TEXT_PX) + SMALL_PX * LINE_STEP + GAP_PX
    columns = _columns(inner, seen.aspect, len(explanation.looks))
    cell = _Cell.of(inner, columns, seen.aspect)
    rows = -(-len(explanation.looks) // columns)
    height = round(head + rows * (cell.height + GAP_PX) + MARGIN_PX)
    sheet = Image.new("RGB", (SHEET_PX, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(hero, ((SHEET_PX - hero.width) // 2, MARGIN_PX))
    top: float = MARGIN_PX + hero.height + GAP_PX
    write_text(draw, words, explanation.looks, (MARGIN_PX, top), TITLE_TEXT_PX)
    top += text_height(words, TITLE_TEXT_PX)
    write_note(draw, (MARGIN_PX, top), f"probability that all of it is right: {explanation.reading.score:.0%}")
    for number, look in enumerate(explanation.looks):
        row, column = divmod(number, columns)
        corner = (MARGIN_PX + column * (cell.width + GAP_PX), head + row * (cell.height + GAP_PX))
        _draw_cell(sheet, seen, look, number + 1, corner=corner, cell=cell)
    return sheet


def encode(sheet: Image.Image, suffix: str) -> bytes:
    """The sheet as a picture file of the format that `suffix` names: .png, .jpg, .jpeg or .webp."""
    out = BytesIO()
    kind = {".png": "PNG", ".webp": "WEBP"}.get(suffix.lower(), "JPEG")
    sheet.save(out, kind, quality=92)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class _Cell:
    """Sizes of one cell of the sheet, in pixels."""

    width: float
    picture_height: float

    @property
    def height(self) -> float:
        return self.picture_height + 2 * INSET_PX + CAPTION_PX

    @staticmethod
    def of(inner: float, columns: int, aspect: float) -> _Cell:
        width = (inner - (columns - 1) * GAP_PX) / columns
        return _Cell(width, min((width - 2 * INSET_PX) / aspect, MAX_CELL_HEIGHT_PX))


def _columns(inner: float, aspect: float, count: int) -> int:
    """How many cells stand side by side: few and large ones, unless the sheet grew too long."""
    legible = [
        columns
        for columns in range(1, int(inner // MIN_CELL_PX) + 1)
        if columns == 1 or _Cell.of(inner, columns, aspect).picture_height >= MIN_CELL_HEIGHT_PX
    ]
    for columns in legible:
        if -(-count // columns) * (_Cell.of(inner, columns, aspect).height + GAP_PX) <= GOOD_GRID_PX:
            return columns
    return legible[-1]


def _draw_cell(
    sheet: Image.Image, seen: Seen, look: Look, number: int, *, corner: tuple[float, float], cell: _Cell
) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    box = (left, top, left + cell.width, top + cell.height)
    draw.rounded_rectangle(box, radius=6, fill=CARD, outline=EDGE)
    width, height = seen.fitted(cell.width - 2 * INSET_PX, cell.picture_height)
    x = left + (cell.width - width) / 2
    y = top + INSET_PX + (cell.picture_height - height) / 2
    sheet.paste(seen.heated(look, width, height), (round(x), round(y)))
    line = top + cell.height - CAPTION_PX / 2 - 2
    small, text = face(SMALL_PX), face(TEXT_PX)
    draw.text((left + INSET_PX + 2, line), str(number), fill=FAINT, font=small, anchor="lm")
    colour = FAINT if look.token == END else INK
    shown = _shortened(look.token, text, cell.width - 2 * INSET_PX - 84)
    draw.text((left + INSET_PX + 30, line), shown, fill=colour, font=text, anchor="lm")
    right = left + cell.width - INSET_PX - 2
    draw.text((right, line), percent(look), fill=doubt_colour(look.probability), font=small, anchor="rm")


def _shortened(token: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    if font.getlength(token) <= width:
        return token
    length = next((n for n in range(len(token) - 1, 1, -1) if font.getlength(token[:n] + "…") <= width), 1)
    return token[:length] + "…"
