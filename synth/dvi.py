"""DVI pages to layouts, fonts found through TeX's own font map."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpage.geometry import Box
from synth.layout import Glyph, Rule, Shape
from synth.outline import glyph_shape, open_face

EM_SP = 10 * 65536
"""Scaled points in an em: TeX's body font is 10 pt here."""

MARKER_HEIGHT_SP = 1
"""A page starts with a rule of this height at the formula's origin; its width is the formula's number, from 1."""


@dataclass(frozen=True, slots=True)
class Page:
    """The ink of one page, in em from the formula's origin."""

    glyphs: tuple[Glyph, ...]
    rules: tuple[Rule, ...]


def read_pages(path: Path) -> Iterator[tuple[int, Page | str]]:
    """The pages of a DVI file: the formula's number, then its glyphs and rules, or why it has none.

    A file that ends early (TeX was stopped) gives the pages that are whole.
    """
    from matplotlib.dviread import Dvi

    with Dvi(str(path), None) as dvi:
        pages = iter(dvi)
        while True:
            try:
                page = next(pages)
            except (StopIteration, IndexError, ValueError):
                return
            if page.boxes and page.boxes[0].height == MARKER_HEIGHT_SP:
                yield page.boxes[0].width, _read_page(page)


def _read_page(page: Any) -> Page | str:
    origin = page.boxes[0]
    glyphs: list[Glyph] = []
    try:
        for text in page.text:
            shape = _shape(text)
            if shape.contours:
                x, y = (text.x - origin.x) / EM_SP, (text.y - origin.y) / EM_SP
                glyphs.append(Glyph(shape, x, y, text.font.size * (72.27 * 65536 / 72) / EM_SP))
    except (LookupError, OSError, ValueError, RuntimeError) as error:
        return f"no outline for a glyph of {text.font.texname.decode()}: {error}"
    rules = tuple(
        Rule(Box(b.x, b.y - b.height, b.x + b.width, b.y).translated(-origin.x, -origin.y).scaled(1 / EM_SP))
        for b in page.boxes[1:]
    )
    return Page(tuple(glyphs), rules)


_shapes: dict[tuple[bytes, int], Shape] = {}
"""Every outline read so far: looking one up afresh costs as much as typesetting the formula."""


def _shape(text: Any) -> Shape:
    key = (text.font.texname, text.glyph)
    if key not in _shapes:
        effects = text.font.effects
        _shapes[key] = glyph_shape(
            open_face(Path(text.font.resolve_path())),
            text.index,
            font=text.font.texname.decode(),
            slant=effects.get("slant", 0.0),
            extend=effects.get("extend", 1.0),
        )
    return _shapes[key]
