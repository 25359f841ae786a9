"""The layout: where each glyph and rule of a typeset formula stands, and the LaTeX it came from.

Everything in `synth` either makes layouts (`typeset`, `mathtext`) or paints them (`paint` in print, `handwrite` by
hand). A layout carries the outlines of its glyphs, so painting needs neither TeX nor fonts.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box

UNITS_PER_EM = 2000
"""Outlines are stored in whole units of this size: half a unit of a Type 1 font."""


@dataclass(frozen=True)
class Shape:
    """The outline of one glyph of one font, shared by all layouts that use it.

    Two fonts of one name may differ, TeX's `cmr10` and matplotlib's for instance: shapes are equal where their names
    and a checksum of their outlines are.

    Attributes:
        font: TeX's name of the font (`cmmi10`), or the face's name for fonts that are not TeX's.
        name: PostScript name of the glyph (`alpha`).
        contours: closed polygons, int16 [n, 2], `UNITS_PER_EM` to the font's size, x to the right, y down, origin on
            the baseline; holes follow from the even-odd rule.
    """

    font: str
    name: str
    contours: tuple[npt.NDArray[np.int16], ...] = field(compare=False, repr=False)
    checksum: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        checksum = 0
        for contour in self.contours:
            checksum = zlib.crc32(contour.tobytes(), checksum)
        object.__setattr__(self, "checksum", checksum)

    @cached_property
    def ink(self) -> Box:
        """Smallest box around the outline, in units of the font's size; empty at the origin for a blank glyph."""
        if not self.contours:
            return Box(0.0, 0.0, 0.0, 0.0)
        points = np.concatenate(self.contours)
        (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return Box(x0, y0, x1, y1).scaled(1 / UNITS_PER_EM)


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph: `shape` at font size `size`, its origin at (x, y) on the baseline.

    Units are em of the formula's body font (10 pt at TeX's default); x to the right, y down, the formula's own
    baseline origin at (0, 0).
    """

    shape: Shape
    x: float
    y: float
    size: float

    @property
    def font(self) -> str:
        return self.shape.font

    @property
    def name(self) -> str:
        return self.shape.name

    @property
    def box(self) -> Box:
        """The glyph's ink, in em."""
        return self.shape.ink.scaled(self.size).translated(self.x, self.y)


@dataclass(frozen=True, slots=True)
class Rule:
    """A filled rectangle (fraction bar, radical's vinculum), in em."""

    box: Box


@dataclass(frozen=True, slots=True)
class Typesetting:
    """How a formula was set: the name of the font family, and whether in display rather than text style."""

    family: str
    display: bool


@dataclass(frozen=True)
class Layout:
    """A typeset formula with at least one glyph or rule.

    Attributes:
        latex: canonical LaTeX, tokens separated by blanks (`scanpage.latex`).
        glyphs, rules: what is drawn, in em.
        source: the LaTeX as it was given; empty if nobody kept it.
        typesetting: how it was set; None if nobody kept it.
    """

    latex: str
    glyphs: tuple[Glyph, ...]
    rules: tuple[Rule, ...]
    source: str = ""
    typesetting: Typesetting | None = None

    @cached_property
    def box(self) -> Box:
        """Smallest box around all ink, in em."""
        # Plain numbers: a box for each glyph takes a tenth of the time that painting the layout does.
        placed = [(g.x, g.y, g.size, g.shape.ink.xyxy) for g in self.glyphs]
        corners = [(x + x0 * s, y + y0 * s, x + x1 * s, y + y1 * s) for x, y, s, (x0, y0, x1, y1) in placed]
        x0, y0, x1, y1 = zip(*corners, *(r.box.xyxy for r in self.rules), strict=True)
        return Box(min(x0), min(y0), max(x1), max(y1))


@dataclass(frozen=True, slots=True)
class Failure:
    """A formula that could not be typeset, and why."""

    latex: str
    reason: str
