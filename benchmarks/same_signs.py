"""Whether two typeset formulas show the same picture, by the signs they are made of.

Two layouts show the same picture when they hold the same signs in the same order, each of the same size class, and

- each stands beside, above or below the one before it in both, and beside it in the same direction;
- one sign is printed over another in both or in neither;
- there are as many rules, each over or under the same signs.

The order is TeX's own (numerator before denominator, superscript before subscript, row after row), so it does not
depend on where a sign happens to stand. Not looked at, since the label language leaves it out by design:

- widths of gaps, and with them the alignment of columns and what is centred;
- whether limits of an operator stand above and below it or beside it;
- how tall a delimiter, radical or big operator is: all sizes of one are one sign, and so are the pieces of a long one;
- weight and slant of what is neither letter nor digit, and whether a letter in text is italic or mathematical italic;
- how a sign with a stroke through it is put together;
- marks that text has signs of its own for: a hyphen is a minus, an apostrophe a prime.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scanpage.geometry import Box
from synth.layout import Glyph, Layout

AXIS_EM = 0.25
"""Height of fraction bars, and of the middle of delimiters, above the baseline."""
LEVEL_EM = 0.07
"""Signs whose baselines differ by less are on one line; the highest subscript of a script is 0.105 em down."""
SLACK_EM = 0.11
"""By so much a step down or up may differ where one picture has it just on the line and the other not."""
TALL_SLACK_EM = 0.2
"""The same for delimiters and big operators, whose line is told from their middle."""
TOUCH_EM = 0.1
"""Pieces of one sign are no further apart."""
FAR_EM = 0.5
"""The limit above an operator is in one piece and not further from its middle."""
ROW_EM = 0.25
"""Rows of signs are further apart."""
UNDERSCORE_EM = 0.31
"""An underscore is a rule of 0.3 em."""
OVERPRINT = 0.5
"""Signs on one line that share so much of the narrower one's width are printed one over the other."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PIECE = re.compile(r"(?:tp|bt|ex|mid|vertex)$")
_SIZE = re.compile(r"(?:bigg|Bigg|big|Big|text|display|widest|wider|wide)$")
_OTHER_NAMES = {
    "vextendsingle": "bar", "vextenddouble": "bardbl", "hyphen": "minus", "quoteright": "prime",
    "planckover2pi": "planckover2pi1", "integerdivide": "backslash", "hugetriangleup": "triangle",
    "bigtriangleup": "triangle", "asterisk": "asteriskmath", "notsubseteql": "not reflexsubset",
    "notarrowright": "not arrowright", "notexistential": "not existential", "notlessequal": "not lessequal",
    "notgreaterequal": "not greaterequal", "notapproxequal": "not approxequal",
}  # fmt: skip
_LIGATURES = {
    "ff": ("f", "f"), "fi": ("f", "i"), "fl": ("f", "l"), "ffi": ("f", "f", "i"), "ffl": ("f", "f", "l"),
    "endash": ("minus", "minus"), "emdash": ("minus", "minus", "minus"), "quotedblright": ("prime", "prime"),
}  # fmt: skip
_ANY_HEIGHT = _names(
    "parenleft parenright bracketleft bracketright braceleft braceright bar bardbl angbracketleft angbracketright "
    "floorleft floorright ceilingleft ceilingright slash backslash arrowup arrowdown triangle"
)
_TALL_FONTS = frozenset({"cmex", "stmary"})
_REPEATED = frozenset({"minus", "equal"})
"""Signs that long arrows are made of, one over the other."""
_STROKES = frozenset({"negationslash", "slash"})
_ALPHABETS = {
    "cmr": "upright", "cmmi": "italic", "cmti": "italic", "cmsl": "italic", "cmbx": "bold", "cmbxti": "bold italic",
    "cmmib": "bold italic", "cmsy": "script", "cmbsy": "bold script",
}  # fmt: skip
_BIG = _names(
    "summation product coproduct integral contintegral intersection union logicaland logicalor circleplus "
    "circlemultiply circledot unionmulti unionsq"
)
_LIMIT_WORDS = _names("lim max min sup inf det gcd")
_DIGITS = _names("zero one two three four five six seven eight nine")
_GREEK = _names(
    "alpha beta gamma delta epsilon epsilon1 zeta eta theta theta1 iota kappa lambda mu nu xi pi pi1 rho rho1 sigma "
    "sigma1 tau upsilon phi phi1 chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega"
)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of a picture.

    Attributes:
        name: with its alphabet where that matters.
        size: of its font, in em; None where any size will do.
        scale: size of its font, in em, whatever the class.
        baseline: y of the line that it stands on, in em; None where that cannot be told.
        x: where it begins, in em.
        box: its ink, in em.
        piece: whether it may go on in the next glyph.
    """

    name: str
    size: float | None
    scale: float
    baseline: float | None
    x: float
    box: Box
    piece: bool = False


def difference(first: Layout, second: Layout) -> str | None:
    """What differs between two pictures; None if they are the same."""
    a, b = signs(first), signs(second)
    if [s.name for s in a] != [s.name for s in b]:
        return "signs"
    if [s.size for s in a] != [s.size for s in b]:
        return "size"
    if not _stand_alike(a, b):
        return "place"
    if len(first.rules) != len(second.rules):
        return "rules"
    if not all(_same_reach(p.box, a, q.box, b) for p, q in zip(first.rules, second.rules, strict=True)):
        return "reach of a rule"
    return None


def signs(layout: Layout) -> list[Sign]:
    """Signs of a layout in its order: pieces of one joined, ligatures parted."""
    out: list[Sign] = []
    for glyph in layout.glyphs:
        for sign in _signs_of(glyph):
            if out and (joined := _joined(out[-1], sign)):
                out[-1] = joined
            else:
                out.append(sign)
    for k in range(len(out)):
        end = _operator_end(out, k)
        if end > k:
            first = _limit(out, k, Box.around([sign.box for sign in out[k:end]]))
            out[first:end] = [*out[k:end], *out[first:k]]
    return out


def _operator_end(picture: Sequence[Sign], k: int) -> int:
    """Where an operator that takes limits ends, if one begins at `k`: a big sign, or an upright word; else `k`."""
    if picture[k].name.startswith("big "):
        return k + 1
    letters = [sign.name.removeprefix("upright ") for sign in picture[k : k + 3]]
    return k + 3 if "".join(letters) in _LIMIT_WORDS and picture[k].name.startswith("upright ") else k


def _limit(picture: Sequence[Sign], k: int, operator: Box) -> int:
    """Where the limit begins that stands above operator `k`: TeX sets it before the operator, a superscript behind."""
    first = k
    while first:
        sign = picture[first - 1]
        away = first < k and abs(picture[first].box.x0 - sign.box.x1) > FAR_EM
        if sign.scale >= picture[k].scale or sign.box.y1 > operator.y0 + TOUCH_EM or away:
            break
        first -= 1
    middle = (picture[first].box.x0 + picture[k - 1].box.x1) / 2
    return first if abs(middle - operator.center[0]) < FAR_EM else k


def _signs_of(glyph: Glyph) -> list[Sign]:
    font, box = glyph.font.rstrip("0123456789"), glyph.box
    parts = _LIGATURES.get(glyph.name, (glyph.name,))
    width = box.width / len(parts)
    inset = 0.1 * width if len(parts) > 1 else 0.0  # they do not touch
    lefts = [box.x0 + k * width for k in range(len(parts))]
    boxes = [Box(left + inset, box.y0, left + width - inset, box.y1) for left in lefts]
    return [_sign(font, part, glyph, place) for part, place in zip(parts, boxes, strict=True)]


def _sign(font: str, name: str, glyph: Glyph, box: Box) -> Sign:
    name = _OTHER_NAMES.get(name, name)
    size: float | None = round(glyph.size, 1)
    baseline: float | None = glyph.y
    if font in _TALL_FONTS or name in _ANY_HEIGHT:
        name = _OTHER_NAMES.get(name, _PIECE.sub("", _SIZE.sub("", name)))
        size, baseline = None, (box.y0 + box.y1) / 2 + AXIS_EM * glyph.size
        name = f"big {name}" if name in _BIG else name
        baseline = None if font == "stmary" else baseline
    elif name in ("prime", "radical"):
        size = baseline = None
    elif len(name) == 1 or name in _GREEK:
        name = f"{_ALPHABETS.get(font, font)} {name}"
    elif name in _DIGITS and "bold" in _ALPHABETS.get(font, font):
        name = f"bold {name}"
    if name.startswith("radical"):
        name, baseline = "radical", None
    x = glyph.x + box.x0 - glyph.box.x0
    return Sign(name, size, glyph.size, baseline, x, box, piece=font == "cmex" or name in _REPEATED)


def _joined(last: Sign, sign: Sign) -> Sign | None:
    """Both as one sign, if they are one."""
    box = Box.around([last.box, sign.box])
    if last.name == "minus" and "arrow" in sign.name and sign.baseline == last.baseline and sign.box.x0 <= last.box.x1:
        return replace(sign, name=f"long {sign.name}", x=last.x, box=box)
    if (last.name, sign.name) == ("not similar", "equal") and _overprint(last, sign):
        return replace(sign, name="not approxequal", box=box)
    if last.name in _STROKES and _overprint(last, sign) and sign.name not in _STROKES:
        return replace(sign, name=f"not {sign.name}", box=box)
    if not (last.piece and sign.piece) or not (sign.name == last.name or sign.name == "brace"):
        return None
    if sign.name in _REPEATED:
        goes_on = sign.baseline == last.baseline and sign.box.x0 <= last.box.x1
    else:
        goes_on = sign.box.y0 < last.box.y1 + TOUCH_EM and abs(sign.x - last.x) < 0.01
    if not goes_on:
        return None
    middle = last.baseline and last.baseline + (box.y0 + box.y1 - last.box.y0 - last.box.y1) / 2
    return replace(last, box=box, baseline=last.baseline if sign.name in _REPEATED else middle)


def _overprint(first: Sign, second: Sign) -> bool:
    if first.name == second.name and abs(first.x - second.x) > TOUCH_EM:
        return False  # brackets in one another
    shared = min(first.box.x1, second.box.x1) - max(first.box.x0, second.box.x0)
    return shared > OVERPRINT * min(first.box.width, second.box.width)


def _stand_alike(first: Sequence[Sign], second: Sequence[Sign]) -> bool:
    """Whether each sign stands towards an earlier one as in the other picture.

    That is the last one before it which is no smaller: the one before it, or behind scripts what they belong to.
    """
    before: list[tuple[Sign, Sign]] = []
    for a, b in zip(first, second, strict=True):
        if a.baseline is None or b.baseline is None:
            continue
        while len(before) > 1 and min(before[-1][0].scale, before[-1][1].scale) < min(a.scale, b.scale):
            before.pop()
        if before and not _same_step(before[-1][0], a, before[-1][1], b):
            return False
        before.append((a, b))
    return True


def _same_step(a: Sign, next_a: Sign, b: Sign, next_b: Sign) -> bool:
    """Whether the second sign stands towards the first in both pictures alike."""
    assert a.baseline is not None and b.baseline is not None
    assert next_a.baseline is not None and next_b.baseline is not None
    down_a, down_b = next_a.baseline - a.baseline, next_b.baseline - b.baseline
    slack = SLACK_EM if a.size and next_a.size else TALL_SLACK_EM
    if abs(down_a - down_b) > slack and _level(down_a) != _level(down_b):
        return False
    if _level(down_a) or _level(down_b):
        return True
    if _overprint(a, next_a) or _overprint(b, next_b):
        return _overprint(a, next_a) == _overprint(b, next_b)
    return (next_a.x > a.x) == (next_b.x > b.x)


def _level(down: float) -> int:
    return (down > LEVEL_EM) - (down < -LEVEL_EM)


def _same_reach(rule: Box, picture: Sequence[Sign], other_rule: Box, other: Sequence[Sign]) -> bool:
    """Whether rules lie over or under the same signs; what happens to stand in another row does not count."""
    covered, other_covered = _covered(rule, picture), _covered(other_rule, other)
    both = covered & other_covered
    if not both:
        return covered == other_covered
    return not any(
        _stands_by(Box.around([where, *(signs[i].box for i in both)]), signs[k].box)
        for signs, where, more in ((picture, rule, covered - both), (other, other_rule, other_covered - both))
        for k in more
    )


def _stands_by(box: Box, sign: Box) -> bool:
    return sign.y0 < box.y1 + ROW_EM and sign.y1 > box.y0 - ROW_EM


def _covered(rule: Box, picture: Sequence[Sign]) -> frozenset[int]:
    """The signs that a rule lies over or under: around the nearest one, as far as it reaches without a gap.

    Big operators do not count: they reach under what their limits hold, or not.
    """
    if rule.width < UNDERSCORE_EM or any(
        "bracehtip" in sign.name and sign.box.padded(TOUCH_EM).intersection(rule) > 0 for sign in picture
    ):
        return frozenset()  # an underscore, a piece of a brace
    below = any(sign.name == "radical" and _ends_at(sign.box, rule) for sign in picture)
    gaps = {
        i: max(sign.box.y0 - rule.y1, rule.y0 - sign.box.y1 + TOUCH_EM)  # rather over than under
        for i, sign in enumerate(picture)
        if rule.x0 < sign.box.center[0] < rule.x1 and not (below and sign.box.y1 < rule.y1)
    }
    signs = [i for i, sign in enumerate(picture) if not sign.name.startswith("big ")]
    near = [i for i in signs if i in gaps]
    if not near:
        return frozenset()
    first = last = signs.index(min(near, key=lambda i: gaps[i]))
    while first and signs[first - 1] in gaps:
        first -= 1
    while last + 1 < len(signs) and signs[last + 1] in gaps:
        last += 1
    return frozenset(signs[first : last + 1])


def _ends_at(radical: Box, rule: Box) -> bool:
    return abs(radical.x1 - rule.x0) < TOUCH_EM and abs(radical.y0 - rule.y0) < TOUCH_EM
