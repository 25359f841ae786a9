"""What printed pages show beside paragraphs and formulas: bullets, references, rows of plots, lessons' headings."""

from __future__ import annotations

import numpy as np

from synth.figures import plot_layers
from synth.flow import Piece, Style, extent, line_width, place_line
from synth.prose import Face
from synth.setting import Column, Setter, word_scrap
from synth.sheet import Colour, LineRole, ink_rim

CURVE_COLOURS: tuple[Colour, ...] = ((200, 60, 190), (70, 190, 190), (220, 80, 60), (50, 90, 200), (60, 160, 70))


def bullets(setter: Setter, column: Column) -> bool:
    """A list: each item a formula, or words that may hold one."""
    rng, size = setter.rng, setter.print.face.size
    hang = size * float(rng.uniform(1.2, 6))
    mark = str(rng.choice(["\u2022", "\u2022", "\u2013", "*", "(i)", "a.", "-"]))
    for _ in range(int(rng.integers(2, 6))):
        if rng.random() < 0.5:
            formula = setter.formula(column.width - hang - 3 * size, 4 * setter.print.math_em_px, (3, 30))
            if formula is None:
                continue
            above, below = extent([formula], setter.print.face)
            if column.left < above + below + setter.print.pitch:
                return False
            baseline = column.y + above + 2
            place_line(rng, setter.sheet, [mark], setter.print.style, column.x0 + hang, baseline, role=LineRole.LABEL)
            setter.isolated(formula, column.x0 + hang + 2 * size, baseline - formula.baseline_px)
            column.y = baseline + below + setter.print.pitch * float(rng.uniform(0.2, 1.0))
        else:
            start = column.y + setter.print.pitch * 0.72
            if column.left < 2 * setter.print.pitch:
                return False
            place_line(rng, setter.sheet, [mark], setter.print.style, column.x0 + hang, start, role=LineRole.LABEL)
            if not setter.lines(column, setter.pieces(int(rng.integers(3, 16))), hang=hang + 2 * size):
                return False
    return True


def references(setter: Setter, column: Column) -> bool:
    """A numbered list of works."""
    rng, face = setter.rng, setter.print.face
    hang = face.width("[00]") + 0.5 * face.size
    for number in range(int(rng.integers(1, 40)), 99):
        names = [
            f"{chr(65 + int(rng.integers(26)))}. {w.strip(',.?;:').capitalize()}," for w in setter.prose.words(rng, 2)
        ]
        title = setter.prose.words(rng, int(rng.integers(4, 9)))
        where = [word_scrap(setter.print.italic, w) for w in setter.prose.words(rng, 3)]
        pages = [f"pages {rng.integers(1, 400)}\u2013{rng.integers(400, 900)},", f"{rng.integers(1950, 2025)}."]
        if column.left < 3 * setter.print.pitch:
            return number > 1
        place_line(
            rng,
            setter.sheet,
            [f"[{number}]"],
            setter.print.style,
            column.x0,
            column.y + setter.print.pitch * 0.72,
            role=LineRole.LABEL,
        )
        if not setter.lines(column, [*" ".join([*names, *title]).split(), "In", *where, *pages], hang=hang):
            return False
        if rng.random() < 0.12:
            return True
    return True


def figure_row(setter: Setter, x0: float, x1: float, y: float) -> float:
    """Two or three plots side by side in colours, over a caption; returns where they end."""
    rng, face = setter.rng, setter.print.face
    count = int(rng.integers(2, 4))
    each = (x1 - x0) / count
    width, height = round(each * 0.88), round(each * float(rng.uniform(0.6, 1.0)))
    colours = [CURVE_COLOURS[k] for k in rng.permutation(len(CURVE_COLOURS))]
    for k in range(count):
        left = round(x0 + k * each)
        axes, curves = plot_layers(rng, width, height, face)
        setter.sheet.ink(axes, left, round(y))
        setter.sheet.drawings.append(ink_rim(np.maximum.reduce([axes, *curves]), left, round(y)))
        for curve, colour in zip(curves, colours, strict=False):
            setter.sheet.ink(curve, left, round(y), colour=colour)
        name: list[Piece] = [f"({'abc'[k]})", setter.prose.words(rng, 1)[0].strip(",.?:;")]
        at = left + (width - line_width(name, setter.print.style)) / 2
        place_line(rng, setter.sheet, name, setter.print.style, at, y + height + 1.2 * face.size, role=LineRole.CAPTION)
    caption = Column(x0, x1, y + height + 2 * face.size, setter.sheet.height * 0.9)
    setter.lines(
        caption,
        [f"Figure {rng.integers(1, 20)}.", *setter.prose.words(rng, int(rng.integers(8, 30)))],
        role=LineRole.CAPTION,
    )
    return caption.y + setter.print.pitch


def lesson_heading(setter: Setter, column: Column) -> bool:
    """A heading as on worksheets: capitals in the middle, or underlined at the left."""
    rng = setter.rng
    title = rng.random() < 0.4
    face = Face(setter.print.bold.path, round(setter.print.face.size * float(rng.uniform(1.0, 1.5))))
    style = Style(face, setter.print.style.colour)
    words = [w.strip(".,:?;") for w in setter.prose.words(rng, int(rng.integers(2, 7)))]
    line: list[Piece] = [w.upper() if title else w for w in words]
    wide = line_width(line, style)
    if column.left < 3 * face.size or wide > column.width:
        return False
    x = column.x0 + ((column.width - wide) / 2 if title else 0.0)
    baseline = column.y + 1.3 * face.size
    place_line(rng, setter.sheet, line, style, x, baseline, role=LineRole.HEADING)
    if not title or rng.random() < 0.3:
        rule = np.full((max(1, face.size // 14), round(wide)), 255, np.uint8)
        setter.sheet.ink(rule, round(x), round(baseline + 0.22 * face.size), colour=style.colour)
    column.y = baseline + 0.9 * face.size
    return True
