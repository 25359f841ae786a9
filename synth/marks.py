"""What a hand writes for a layout: glyphs as symbols, big delimiters and radicals put together from their pieces."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule


class MarkKind(Enum):
    SYMBOL = "symbol"
    RADICAL = "radical"
    RULE = "rule"


class Style(Enum):
    """Alphabets that a hand tells apart."""

    PLAIN = "plain"
    BOLD = "bold"
    BLACKBOARD = "blackboard"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to write.

    Attributes:
        kind: what it is.
        label: the symbol's LaTeX; empty for a sign without one.
        box: where its ink goes, in em; of a radical with its bar.
        glyph: the printed glyph (of a symbol put together from pieces, one of them); None for a rule.
        hook: width of the radical sign without the bar, in em; 0 for other marks.
        style: the alphabet that the symbol is from.
    """

    kind: MarkKind
    label: str
    box: Box
    glyph: Glyph | None
    hook: float = 0.0
    style: Style = Style.PLAIN


_LABELS = {
    **{letter: letter for letter in string.ascii_letters},
    **dict(zip(("zero", "one", "two", "three", "four"), "01234", strict=True)),
    **dict(zip(("five", "six", "seven", "eight", "nine"), "56789", strict=True)),
    **{"plus": "+", "minus": "-", "equal": "=", "period": ".", "comma": ",", "slash": "/", "exclam": "!"},
    **{"bar": "|", "vextendsingle": "|", "negationslash": "/", "prime": r"\prime", "periodcentered": "."},
    **{"parenleft": "(", "parenright": ")", "bracketleft": "[", "bracketright": "]"},
    **{"braceleft": r"\{", "braceright": r"\}", "less": r"\lt", "greater": r"\gt"},
    **{"lessorequalslant": r"\leq", "greaterorequalslant": r"\geq", "nequal": r"\neq"},
    **{"lessequal": r"\leq", "greaterequal": r"\geq", "notequal": r"\neq", "arrowright": r"\rightarrow"},
    **{"multiply": r"\times", "divide": r"\div", "plusminus": r"\pm", "element": r"\in", "infinity": r"\infty"},
    **{"universal": r"\forall", "existential": r"\exists", "summation": r"\sum", "integral": r"\int"},
    **{n: "\\" + n for n in ("alpha", "beta", "gamma", "lambda", "mu", "phi", "pi", "sigma", "theta", "Delta")},
}

_SIZE_OF_SIGN = re.compile(r"(?<=[a-z])(text|display|big|Big|bigg|Bigg)$")
_ARROWS = ("arrowright", "arrowleft", "arrowdblright", "arrowdblleft")
_LONG_ARROWS = [{"minus", "arrowright"}, {"minus", "arrowleft"}, {"equal", "arrowdblright"}, {"equal", "arrowdblleft"}]
_PIECE = re.compile(r"^(paren|bracket|brace)(left|right)(tp|mid|bt|ex)$")

_EXTENSIONS = frozenset({"vextendsingle", "vextenddouble", "braceex", "radicaltp", "radicalvertex", "radicalbt"})

# Letters of other fonts (calligraphic, Fraktur, sans serif) mean something else and are copied from print.
_PLAIN_FONTS = re.compile(
    r"^(cmr|cmmi\d|cmti|eurm|kmath|ek8r|ptmri?8r|pplri?8r|rtxptmri?$|rpxpplri?$|r[tp]xmi|r[tp]xr$|psyro?|fplmri?)"
)
_BOLD_FONTS = re.compile(r"^(cmbx|cmmib|cmbsy|ptmbi?8r|pplbi?8r|rtxptmbi?$|rpxpplbi?$|eurb|r[tp]xbm?i?$|fplmbi?$)")
_BLACKBOARD_FONTS = re.compile(r"^(msbm|[tp]xsyb|fplmbb)")
_ROMAN_FONTS = re.compile(r"^(cmr|ptmr8r|pplr8r|rtxptmr$|rpxpplr$)")


@lru_cache(maxsize=20_000)
def symbol_label(font: str, name: str) -> tuple[str, Style]:
    """The LaTeX symbol that a glyph shows, if a bank of handwriting may have it (else empty), and its alphabet."""
    style = Style.BOLD if _BOLD_FONTS.match(font) else Style.PLAIN
    bare = sign_name(name)
    if len(bare) == 1 and _BLACKBOARD_FONTS.match(font):
        style = Style.BLACKBOARD
    elif len(bare) == 1 and style is Style.PLAIN and not _PLAIN_FONTS.match(font):
        return "", style
    return _LABELS.get(bare, ""), style


@lru_cache(maxsize=20_000)
def sign_name(name: str) -> str:
    """A glyph's PostScript name without what it says about the size of a big operator or delimiter."""
    return _SIZE_OF_SIGN.sub("", name)


def marks_of(layout: Layout, *, words: Collection[str] = ()) -> list[Mark]:
    """The marks of a layout, in the order of its glyphs, rules last.

    Args:
        layout: the formula.
        words: names of functions (`\\sin`) to be written as one mark each.
    """
    marks: list[Mark] = []
    rules = list(layout.rules)
    glyphs = layout.glyphs
    i = 0
    while i < len(glyphs):
        glyph = glyphs[i]
        word = _word(glyphs, i) if words and _roman(glyph.font, glyph.name) else []
        label = "\\" + "".join(g.name for g in word)
        run = _column(glyphs, i) if _stem(glyph.name) else _arrow(glyphs, i)
        if word and label in words:
            run = word
            marks.append(Mark(MarkKind.SYMBOL, label, Box.around(map(_ink, run)), glyph))
        elif word:
            run = word
            marks += [_symbol(g, _ink(g)) for g in word]
        else:
            glyph, box = run[0], Box.around(map(_ink, run)) if len(run) > 1 else _ink(glyph)
            marks.append(_radical(glyph, box, rules) if glyph.name.startswith("radical") else _symbol(glyph, box))
        i += len(run)
    return marks + [Mark(MarkKind.RULE, "", rule.box, None) for rule in rules]


def _ink(glyph: Glyph) -> Box:
    """The same as the glyph's `box`, at once: this is asked of every glyph that is painted."""
    (x0, y0, x1, y1), x, y, size = glyph.shape.ink.xyxy, glyph.x, glyph.y, glyph.size
    return Box(x + size * x0, y + size * y0, x + size * x1, y + size * y1)


@lru_cache(maxsize=20_000)
def _stem(name: str) -> str:
    """What a piece of an extensible sign is a piece of; empty for whole glyphs."""
    piece = _PIECE.match(name)
    if piece:
        return piece[1]
    return name if name in _EXTENSIONS else ""


def _column(glyphs: Sequence[Glyph], start: int) -> list[Glyph]:
    """The pieces from `start` on that stand in one column."""
    first = glyphs[start]
    end = start + 1
    while end < len(glyphs) and _stem(glyphs[end].name) and abs(glyphs[end].x - first.x) < 0.05:
        end += 1
    return list(glyphs[start:end])


@lru_cache(maxsize=20_000)
def _roman(font: str, name: str) -> bool:
    return len(name) == 1 and bool(_ROMAN_FONTS.match(font))


def _word(glyphs: Sequence[Glyph], start: int) -> list[Glyph]:
    """The upright letters from `start` on that stand side by side on one line."""
    end = start + 1
    while (
        end < len(glyphs)
        and _roman(glyphs[end].font, glyphs[end].name)
        and glyphs[end].y == glyphs[start].y
        and 0.0 < glyphs[end].x - glyphs[end - 1].x < glyphs[start].size
    ):
        end += 1
    return list(glyphs[start:end])


def _arrow(glyphs: Sequence[Glyph], start: int) -> list[Glyph]:
    """One glyph, or the shaft and head of a long arrow, which overlap."""
    pair = list(glyphs[start : start + 2])
    names = {sign_name(g.name) for g in pair}
    if len(pair) == 2 and names in _LONG_ARROWS and pair[0].y == pair[1].y:
        first, second = map(_ink, pair)
        if first.x0 < second.x0 < first.x1:
            return sorted(pair, key=lambda g: g.name not in _ARROWS)
    return pair[:1]


def _symbol(glyph: Glyph, box: Box) -> Mark:
    piece = _PIECE.match(glyph.name)
    if piece:
        return Mark(MarkKind.SYMBOL, _LABELS[piece[1] + piece[2]], box, glyph)
    label, style = symbol_label(glyph.font, glyph.name)
    return Mark(MarkKind.SYMBOL, label, box, glyph, style=style)


def _radical(glyph: Glyph, box: Box, rules: list[Rule]) -> Mark:
    """A radical sign with its bar, which is taken out of `rules`."""
    bars = [r for r in rules if abs(r.box.x0 - box.x1) < 0.15 and abs(r.box.y0 - box.y0) < 0.15]
    if bars:
        rules.remove(bars[0])
    return Mark(MarkKind.RADICAL, r"\sqrt", Box.around([box, *(r.box for r in bars)]), glyph, box.width)
