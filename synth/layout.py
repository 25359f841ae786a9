"""The layout: where each glyph and rule of a typeset formula stands, and the LaTeX it came from.

Everything in `synth` either makes layouts (`typeset`) or paints them (`paint` in print, `handwrite` by hand).
"""

from __future__ import annotations

from dataclasses import dataclass

from scanpage.geometry import Box


@dataclass(frozen=True, slots=True)
class Glyph:
    """One glyph: `name` in font `font`, its origin at (x, y) on the baseline.

    Units are em of the formula's body font (10 pt at TeX's default); x to the right, y down, the formula's own
    baseline origin at (0, 0). `box` is the ink of the glyph in the same frame.
    """

    font: str
    name: str
    x: float
    y: float
    size: float
    box: Box


@dataclass(frozen=True, slots=True)
class Rule:
    """A filled rectangle (fraction bar, radical's vinculum), in em."""

    box: Box


@dataclass(frozen=True, slots=True)
class Layout:
    """A typeset formula.

    Attributes:
        latex: canonical LaTeX, tokens separated by blanks (`scanpage.latex`).
        glyphs, rules: what is drawn, in em.
    """

    latex: str
    glyphs: tuple[Glyph, ...]
    rules: tuple[Rule, ...]

    @property
    def box(self) -> Box:
        """Smallest box around all ink, in em."""
        return Box.around([g.box for g in self.glyphs] + [r.box for r in self.rules])
