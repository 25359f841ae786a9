"""What a hand writes for a layout: glyphs as symbols, big delimiters and radicals put together from their pieces."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule


class MarkKind(Enum):
    SYMBOL = "symbol"
    RADICAL = "radical"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to write.

    Attributes:
        kind: what it is.
        label: the symbol's LaTeX; empty for a sign without one, which is then copied from print.
        box: where its ink goes, in em; of a radical with its bar.
        glyph: the printed glyph (of a symbol put together from pieces, one of them); None for a rule.
        hook: width of the radical sign without the bar, in em; 0 for other marks.
    """

    kind: MarkKind
    label: str
    box: Box
    glyph: Glyph | None
    hook: float = 0.0


_LABELS = {
    **{letter: letter for letter in string.ascii_letters},
    **dict(zip(("zero", "one", "two", "three", "four"), "01234", strict=True)),
    **dict(zip(("five", "six", "seven", "eight", "nine"), "56789", strict=True)),
    **{"plus": "+", "minus": "-", "equal": "=", "period": ".", "comma": ",", "slash": "/", "exclam": "!"},
    **{"bar": "|", "vextendsingle": "|", "negationslash": "/", "prime": r"\prime", "periodcentered": "."},
    **{"parenleft": "(", "parenright": ")", "bracketleft": "[", "bracketright": "]"},
    **{"braceleft": r"\{", "braceright": r"\}", "less": r"\lt", "greater": r"\gt"},
    **{"lessequal": r"\leq", "greaterequal": r"\geq", "notequal": r"\neq", "arrowright": r"\rightarrow"},
    **{"multiply": r"\times", "divide": r"\div", "plusminus": r"\pm", "element": r"\in", "infinity": r"\infty"},
    **{"universal": r"\forall", "existential": r"\exists", "summation": r"\sum", "integral": r"\int"},
    **{n: "\\" + n for n in ("alpha", "beta", "gamma", "lambda", "mu", "phi", "pi", "sigma", "theta", "Delta")},
}

_SIZE_OF_SIGN = re.compile(r"(?<=[a-z])(text|display|big|Big|bigg|Bigg)$")
_PIECE = re.compile(r"^(paren|bracket|brace)(left|right)(tp|mid|bt|ex)$")

# Letters of other fonts (calligraphic, Fraktur, blackboard, bold) mean something else and are copied from print.
_PLAIN_FONTS = re.compile(
    r"^(cmr|cmmi|cmti|eurm|kmath|ek8r|ptmri?8r|pplri?8r|rtxptmri?$|rpxpplri?$|r[tp]xmi|r[tp]xr$|psyro?|fplmri?)"
)


def symbol_label(glyph: Glyph) -> str:
    """The LaTeX symbol that a glyph shows, if a bank of handwriting may have it; else empty."""
    name = _SIZE_OF_SIGN.sub("", glyph.name)
    if len(name) == 1 and not _PLAIN_FONTS.match(glyph.font):
        return ""
    return _LABELS.get(name, "")


def marks_of(layout: Layout) -> list[Mark]:
    """The marks of a layout, in the order of its glyphs, rules last."""
    marks: list[Mark] = []
    rules = list(layout.rules)
    glyphs = list(layout.glyphs)
    i = 0
    while i < len(glyphs):
        if _stem(glyphs[i]):
            run = _column(glyphs[i:])
            box = Box.around(g.box for g in run)
        else:
            run, box = [glyphs[i]], glyphs[i].box
        i += len(run)
        marks.append(_radical(run[0], box, rules) if run[0].name.startswith("radical") else _symbol(run[0], box))
    return marks + [Mark(MarkKind.RULE, "", rule.box, None) for rule in rules]


def _stem(glyph: Glyph) -> str:
    """What a piece of an extensible sign is a piece of; empty for whole glyphs."""
    piece = _PIECE.match(glyph.name)
    if piece:
        return piece[1]
    return glyph.name if glyph.name in ("vextendsingle", "vextenddouble", "braceex") else ""


def _column(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """The pieces at the start of `glyphs` that stand in one column."""
    first = glyphs[0]
    count = 1
    while count < len(glyphs) and _stem(glyphs[count]) and abs(glyphs[count].x - first.x) < 0.05:
        count += 1
    return list(glyphs[:count])


def _symbol(glyph: Glyph, box: Box) -> Mark:
    piece = _PIECE.match(glyph.name)
    label = _LABELS[piece[1] + piece[2]] if piece else symbol_label(glyph)
    return Mark(MarkKind.SYMBOL, label, box, glyph)


def _radical(glyph: Glyph, box: Box, rules: list[Rule]) -> Mark:
    """A radical sign with its bar, which is taken out of `rules`."""
    bars = [r for r in rules if abs(r.box.x0 - box.x1) < 0.15 and abs(r.box.y0 - box.y0) < 0.15]
    if bars:
        rules.remove(bars[0])
    return Mark(MarkKind.RADICAL, r"\sqrt", Box.around([box, *(r.box for r in bars)]), glyph, box.width)
