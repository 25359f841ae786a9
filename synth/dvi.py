"""DVI pages to layouts, fonts found through TeX's own font map.

The format is that of D. R. Fuchs and D. E. Knuth's `dvitype`. matplotlib reads the fonts' files (metrics, virtual
fonts, encodings); the pages are read here, several times faster than by its own reader, because what a character
consists of is looked up once and then copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from scanpage.geometry import Box
from synth.layout import Glyph, Rule, Shape
from synth.outline import glyph_shape, open_face

EM_SP = 10 * 65536
"""Scaled points in an em: TeX's body font is 10 pt here."""

MARKER_HEIGHT_SP = 1
"""A page starts with a rule of this height at the formula's origin; its width is the formula's number, from 1."""

_FIX = 20
"""Font metrics are fractions of the font's size with so many binary digits."""
_ADOBE_POINT_SP = 72.27 * 65536 / 72


@dataclass(frozen=True, slots=True)
class Page:
    """The ink of one page, in em from the formula's origin."""

    glyphs: tuple[Glyph, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class _Sign:
    """What a character of a font puts on the page: more than one glyph if the font is virtual.

    Attributes:
        advance: scaled points to the next character.
        glyphs: outline, x and y in scaled points, size in em.
        rules: x, y, height, width in scaled points.
        fault: why there is no outline; empty if there is.
    """

    advance: int
    glyphs: tuple[tuple[Shape, int, int, float], ...] = ()
    rules: tuple[tuple[int, int, int, int], ...] = ()
    fault: str = ""


@dataclass(slots=True)
class _Font:
    """A font of a DVI file at one size.

    Attributes:
        metrics: `matplotlib.dviread.Tfm`.
        virtual: `matplotlib.dviread.Vf`, or None.
    """

    name: bytes
    scale: int
    metrics: Any
    virtual: Any
    signs: dict[int, _Sign] = field(default_factory=dict)

    def learn(self, code: int) -> _Sign:
        """The sign of a character that is met for the first time."""
        metrics = self.metrics.get_metrics(code)
        advance = (metrics.tex_width * self.scale) >> _FIX if metrics else 0
        try:
            sign = self._virtual_sign(code, advance) if self.virtual is not None else self._sign(code, advance)
        except (LookupError, OSError, ValueError, RuntimeError) as error:
            sign = _Sign(advance, fault=f"no outline for a glyph of {self.name.decode()}: {error}")
        self.signs[code] = sign
        return sign

    def _sign(self, code: int, advance: int) -> _Sign:
        from matplotlib.dviread import DviFont

        font = DviFont(scale=self.scale, metrics=self.metrics, texname=self.name, vf=None)
        shape = _shape(font, code)
        return _Sign(advance, ((shape, 0, 0, self.scale / EM_SP),) if shape.contours else ())

    def _virtual_sign(self, code: int, advance: int) -> _Sign:
        page, scale = self.virtual[code], self.scale
        glyphs = []
        for x, y, font, inner, _ in page.text:
            shape = _shape(font, inner)
            if shape.contours:
                size = (round(font.size * _ADOBE_POINT_SP) * scale) >> _FIX
                glyphs.append((shape, (x * scale) >> _FIX, (y * scale) >> _FIX, size / EM_SP))
        rules = tuple(tuple((value * scale) >> _FIX for value in box) for box in page.boxes)
        return _Sign(advance, tuple(glyphs), rules)


@lru_cache(maxsize=1024)
def _font(name: bytes, scale: int) -> _Font:
    """The font of that name at a size of `scale` scaled points. Raises `OSError` if TeX's files lack it."""
    from matplotlib.dviread import Tfm, Vf, find_tex_file

    metrics = Tfm(find_tex_file(f"{name.decode()}.tfm"))
    try:
        virtual = Vf(find_tex_file(f"{name.decode()}.vf"))
    except FileNotFoundError:
        virtual = None
    return _Font(name, scale, metrics, virtual)


_shapes: dict[tuple[bytes, int], Shape] = {}
"""Every outline read so far, whatever the sizes it is used at."""


def _shape(font: Any, code: int) -> Shape:
    from matplotlib.dviread import Text

    key = (font.texname, code)
    if key not in _shapes:
        _shapes[key] = glyph_shape(
            open_face(Path(font.resolve_path())),
            Text(0, 0, font, code, 0).index,
            font=font.texname.decode(),
            slant=font.effects.get("slant", 0.0),
            extend=font.effects.get("extend", 1.0),
        )
    return _shapes[key]


def read_pages(path: Path) -> Iterator[tuple[int, Page | str]]:
    """The pages of a DVI file: the formula's number, then its glyphs and rules, or why it has none.

    A file that ends early (TeX was stopped) gives the pages that are whole; one that is damaged, those before.
    """
    reader = _Reader(path.read_bytes())
    while True:
        try:
            marked = reader.next_page()
        except (IndexError, ValueError):
            return
        if marked is None:
            return
        number, page = marked
        if number:
            yield number, page


class _Reader:
    """Reads page after page; `_at` is the next byte."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._fonts: dict[int, _Font] = {}

    def next_page(self) -> tuple[int, Page | str] | None:
        """The next page and the number of its formula, 0 if it has no marker; None after the last.

        Raises:
            IndexError, ValueError: the file ends before the page does, or is damaged.
        """
        while True:
            op = self._data[self._at]
            self._at += 1
            if op == 139:
                self._at += 44
                return self._page()
            if op == 248:
                return None
            if op == 247:
                self._at += 14 + self._data[self._at + 13]
            elif 243 <= op <= 246:
                self._define_font(op - 242)
            elif op != 138:
                raise ValueError(f"command {op} between pages")

    def _number(self, length: int, *, signed: bool = True) -> int:
        start = self._at
        self._at = start + length
        return int.from_bytes(self._data[start : start + length], "big", signed=signed)

    def _define_font(self, length: int) -> None:
        number = self._number(length, signed=False)
        self._at += 4
        scale = self._number(4)
        self._at += 4
        folder, name = self._number(1, signed=False), self._number(1, signed=False)
        self._at += folder + name
        self._fonts[number] = _font(self._data[self._at - name : self._at], scale)

    def _page(self) -> tuple[int, Page | str]:
        """One page; a `switch` over the commands in order of their frequency, which decides its speed."""
        data, number = self._data, self._number
        h = v = w = x = y = z = 0
        stack: list[tuple[int, int, int, int, int, int]] = []
        ink = _Ink()
        font: _Font | None = None
        while True:
            op = data[self._at]
            self._at += 1
            if op < 128:
                h += ink.put(font, op, h, v)
            elif 171 <= op < 235:
                font = self._fonts.get(op - 171)
            elif op == 141:
                stack.append((h, v, w, x, y, z))
            elif op == 142:
                h, v, w, x, y, z = stack.pop()
            elif 143 <= op < 147:
                h += number(op - 142)
            elif op < 133:
                if op < 132:
                    h += ink.put(font, number(op - 127, signed=False), h, v)
                else:
                    height, width = number(4), number(4)
                    ink.rule(h, v, height, width)
                    h += width
            elif 147 <= op < 152:
                w = number(op - 147) if op > 147 else w
                h += w
            elif 152 <= op < 157:
                x = number(op - 152) if op > 152 else x
                h += x
            elif 157 <= op < 161:
                v += number(op - 156)
            elif 161 <= op < 166:
                y = number(op - 161) if op > 161 else y
                v += y
            elif 166 <= op < 171:
                z = number(op - 166) if op > 166 else z
                v += z
            elif op == 140:
                return ink.page()
            elif op < 137:
                ink.put(font, number(op - 132, signed=False), h, v)
            elif op == 137:
                ink.rule(h, v, number(4), number(4))
            elif 235 <= op < 239:
                font = self._fonts.get(number(op - 234, signed=False))
            elif 239 <= op < 243:
                length = number(op - 238, signed=False)
                self._at += length
            elif 243 <= op < 247:
                self._define_font(op - 242)
            elif op != 138:
                raise ValueError(f"command {op} on a page")


class _Ink:
    """What a page shows, collected from its start; the marker comes first."""

    def __init__(self) -> None:
        self._origin: tuple[int, int, int] | None = None
        self._glyphs: list[Glyph] = []
        self._rules: list[Rule] = []
        self._fault = ""

    def put(self, font: _Font | None, code: int, h: int, v: int) -> int:
        """Shows a character at (h, v) and returns its advance, in scaled points."""
        if font is None:
            raise ValueError("a character without a font")
        sign = font.signs.get(code) or font.learn(code)
        _, left, top = self._origin or (0, 0, 0)
        for shape, dx, dy, size in sign.glyphs:
            self._glyphs.append(Glyph(shape, (h + dx - left) / EM_SP, (v + dy - top) / EM_SP, size))
        for dx, dy, height, width in sign.rules:
            self.rule(h + dx, v + dy, height, width)
        if sign.fault:
            self._fault = sign.fault
        return sign.advance

    def rule(self, h: int, v: int, height: int, width: int) -> None:
        """Shows a rule whose lower left corner is at (h, v), in scaled points; those without area are blank."""
        if height <= 0 or width <= 0:
            return
        if self._origin is None and height == MARKER_HEIGHT_SP:
            self._origin = (width, h, v)
            return
        _, left, top = self._origin or (0, 0, 0)
        x, y = h - left, v - top
        self._rules.append(Rule(Box(x / EM_SP, (y - height) / EM_SP, (x + width) / EM_SP, y / EM_SP)))

    def page(self) -> tuple[int, Page | str]:
        number = self._origin[0] if self._origin else 0
        return number, self._fault or Page(tuple(self._glyphs), tuple(self._rules))
