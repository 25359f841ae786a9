"""Printed pages: articles in one or two columns, worksheets, plain prose, snippets from a screen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scanpage.geometry import Box
from synth.blocks import bullets, figure_row, lesson_heading, references
from synth.flow import Piece, extent, place_line
from synth.prose import Prose
from synth.setting import Column, Setter, draw_print
from synth.sheet import LineRole, Sheet
from synth.stock import Stock


def compose_article(rng: np.random.Generator, stock: Stock, width: int, height: int, *, formulas: bool = True) -> Sheet:
    """A page of an article or a book; without formulas it is plain prose."""
    columns = 2 if rng.random() < 0.4 else 1
    size = height * float(rng.uniform(0.0105, 0.0135) if columns == 2 else rng.uniform(0.0115, 0.019))
    sheet, setter = _start(rng, stock, width, height, size, formulas=formulas)
    side = width * float(rng.uniform(0.06, 0.14))
    top, bottom = height * float(rng.uniform(0.05, 0.1)), height * float(rng.uniform(0.9, 0.96))
    _head(setter, side, width - side, top)
    if rng.random() < 0.15:
        top = figure_row(setter, side, width - side, top + 4)
    gutter = width * 0.04
    each = (width - 2 * side - (columns - 1) * gutter) / columns
    for k in range(columns):
        x0 = side + k * (each + gutter)
        column = Column(x0, x0 + each, top + setter.print.pitch, bottom)
        if k == columns - 1 and rng.random() < 0.12:
            column.bottom = top + (bottom - top) * float(rng.uniform(0.2, 0.8))
            _fill(setter, column)
            column.bottom = bottom
            if setter.heading(column):
                references(setter, column)
        else:
            _fill(setter, column)
    return sheet


def compose_snippet(rng: np.random.Generator, stock: Stock, long_side: int) -> Sheet:
    """A piece of a page, as people cut it from their screens: few lines, large type, hardly any margin."""
    height = round(long_side * float(rng.uniform(0.22, 0.7)))
    sheet, setter = _start(rng, stock, long_side, height, long_side * float(rng.uniform(0.016, 0.034)), formulas=True)
    margin = long_side * float(rng.uniform(0.01, 0.05))
    column = Column(margin, long_side - margin, margin, height - margin)
    if rng.random() < 0.25:
        lesson_heading(setter, column)
    _fill(setter, column)
    return sheet


Answer = Callable[[Box], float]


def compose_worksheet(
    rng: np.random.Generator, stock: Stock, width: int, height: int, *, answer: Answer | None = None, sheet: Sheet
) -> Sheet:
    """Numbered questions.

    Args:
        answer: writes into the box it is given and returns where its writing ends, from the top of the page.
    """
    size = height * float(rng.uniform(0.0125, 0.02))
    prose = Prose.of_page(rng, stock.text)
    setter = Setter(rng, sheet, stock, prose, draw_print(rng, stock, prose, size))
    side = width * float(rng.uniform(0.06, 0.12))
    column = Column(side, width - side, height * 0.06, height * 0.95)
    if rng.random() < 0.7:
        heading = lesson_heading if rng.random() < 0.5 else Setter.heading
        heading(setter, column)
    pattern = str(rng.choice(["{}.", "{})", "Question {}.", "Câu {}:", "{}"]))
    for number in range(int(rng.integers(1, 12)), 99):
        if not _question(setter, column, pattern.format(number)):
            break
        if answer is not None:
            depth = height * float(rng.uniform(0.08, 0.25))
            if column.left < depth + 2 * setter.print.pitch:
                break
            column.y = answer(Box(side + size, column.y + 4, width - side, column.y + depth)) + setter.print.pitch * 0.5
        elif rng.random() < 0.15:
            column.y += height * float(rng.uniform(0.02, 0.1))
    return sheet


def _question(setter: Setter, column: Column, number: str) -> bool:
    rng, size = setter.rng, setter.print.face.size
    hang = max(2.2 * size, setter.print.face.width(number) + 0.6 * size)
    start = column.y + setter.print.pitch * 0.72
    if column.left < 3 * setter.print.pitch:
        return False
    place_line(rng, setter.sheet, [number], setter.print.style, column.x0, start, role=LineRole.LABEL)
    if not setter.lines(column, setter.pieces(int(rng.integers(4, 40))), hang=hang):
        return False
    if rng.random() < 0.35 and not setter.display(column, hang=hang):
        return column.left > 3 * setter.print.pitch
    if rng.random() < 0.4:
        _options(setter, column, hang)
    column.y += setter.print.pitch * float(rng.uniform(0.2, 1.2))
    return True


def _options(setter: Setter, column: Column, hang: float) -> None:
    """Parts a), b), c) … side by side or under each other, each a formula alone."""
    rng, em = setter.rng, setter.print.math_em_px
    across = int(rng.choice([1, 2, 2, 4]))
    cell = (column.width - hang) / across
    label = str(rng.choice(["{})", "({})", "{}."]))
    room = setter.print.face.size * 2.0
    for row in range(int(rng.integers(1, 4))):
        drawn = [setter.formula(cell - room - em, 4 * em, (2, 40)) for _ in range(across)]
        formulas = [f for f in drawn if f is not None]
        if not formulas:
            return
        above, below = extent(formulas, setter.print.face)
        if column.left < above + below + setter.print.pitch:
            return
        baseline = column.y + above + 2
        for k, formula in enumerate(formulas):
            x = column.x0 + hang + k * cell
            letter = label.format("abcdefghijkl"[row * across + k])
            place_line(rng, setter.sheet, [letter], setter.print.style, x, baseline, role=LineRole.LABEL)
            setter.isolated(formula, x + room, baseline - formula.baseline_px)
        column.y = baseline + below + setter.print.pitch * 0.5


def _start(
    rng: np.random.Generator, stock: Stock, width: int, height: int, size: float, *, formulas: bool
) -> tuple[Sheet, Setter]:
    sheet = printed_sheet(rng, width, height)
    prose = Prose.of_page(rng, stock.text)
    return sheet, Setter(rng, sheet, stock, prose, draw_print(rng, stock, prose, size, formulas=formulas))


def printed_sheet(rng: np.random.Generator, width: int, height: int) -> Sheet:
    """White or slightly yellowed paper."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    if rng.random() < 0.4:
        base = int(rng.integers(225, 256))
        pixels[:] = (base, base - int(rng.integers(0, 8)), base - int(rng.integers(0, 22)))
    return Sheet(pixels, np.full((height, width), 255, np.uint8), Box(0, 0, width, height))


def _head(setter: Setter, x0: float, x1: float, top: float) -> None:
    """A running head with the page's number, or the number below."""
    rng = setter.rng
    if rng.random() < 0.6:
        words: list[Piece] = list(setter.prose.words(rng, int(rng.integers(1, 5))))
        place_line(rng, setter.sheet, words, setter.print.style, x0, top * 0.6, role=LineRole.FURNITURE)
        place_line(
            rng,
            setter.sheet,
            [str(rng.integers(1, 999))],
            setter.print.style,
            x1 - 30,
            top * 0.6,
            role=LineRole.FURNITURE,
        )
    else:
        y = setter.sheet.height * 0.985
        place_line(
            rng,
            setter.sheet,
            [str(rng.integers(1, 999))],
            setter.print.style,
            (x0 + x1) / 2,
            y,
            role=LineRole.FURNITURE,
        )


def _fill(setter: Setter, column: Column) -> None:
    """Blocks from top to bottom, until one finds no place."""
    rng = setter.rng
    while column.left > 2 * setter.print.pitch:
        draw = rng.random()
        if draw < setter.print.display:
            done = setter.display(column)
            # A display formula that finds no place leaves it to prose.
            done = done or setter.paragraph(column)
        elif draw < setter.print.display + 0.07:
            done = setter.picture(column)
            done = done or setter.paragraph(column)
        elif draw < setter.print.display + 0.14:
            done = lesson_heading(setter, column) if rng.random() < 0.25 else setter.heading(column)
        elif draw < setter.print.display + 0.19 and setter.print.display:
            done = bullets(setter, column)
        else:
            done = setter.paragraph(column)
        if not done:
            return
        column.y += setter.print.pitch * float(rng.choice([0.0, 0.0, 0.5]))
