"""Layouts without TeX: matplotlib's mathtext, which knows a good part of LaTeX's mathematics and brings its fonts."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from scanpage.geometry import Box
from synth.layout import Failure, Glyph, Layout, Rule
from synth.outline import glyph_shape, open_face

_FONT_SIZE = 200.0
"""Mathtext rounds the height of a formula up to whole points: the larger the type, the truer the baseline."""


class MathtextFamily(Enum):
    """Font sets of mathtext."""

    COMPUTER_MODERN = "cm"
    STIX = "stix"
    STIX_SANS = "stixsans"
    DEJAVU = "dejavuserif"
    DEJAVU_SANS = "dejavusans"


def typeset_mathtext(
    formulas: Sequence[str], *, family: MathtextFamily = MathtextFamily.COMPUTER_MODERN
) -> list[Layout | Failure]:
    """Typesets each formula in text style.

    Args:
        formulas: LaTeX without the dollar signs; mathtext knows no environments.
        family: the fonts.

    Returns:
        For each formula, in order, its layout, or why there is none.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    fonts = FontProperties(size=_FONT_SIZE, math_fontfamily=family.value)
    results: list[Layout | Failure] = []
    for formula in formulas:
        try:
            parsed = parser.parse(f"${formula}$", dpi=72, prop=fonts)
        except (ValueError, RuntimeError) as error:
            results.append(Failure(formula, str(error).strip().split("\n")[-1]))
            continue
        results.append(_layout(formula, parsed))
    return results


def _layout(formula: str, parsed: Any) -> Layout | Failure:
    """The layout of a `VectorParse`, whose y points up from the baseline."""
    glyphs = []
    for font, size, _, index, x, y in parsed.glyphs:
        path = Path(font.fname)
        shape = glyph_shape(open_face(path), index, font=path.stem)
        if shape.contours:
            glyphs.append(Glyph(shape, float(x) / _FONT_SIZE, -float(y) / _FONT_SIZE, size / _FONT_SIZE))
    rules = [
        Rule(Box(float(x), float(-y - height), float(x + width), float(-y)).scaled(1 / _FONT_SIZE))
        for x, y, width, height in parsed.rects
    ]
    return Layout(formula, tuple(glyphs), tuple(rules)) if glyphs or rules else Failure(formula, "nothing to see")
