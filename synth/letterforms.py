"""How people write signs that a bank of handwriting may lack: in plain strokes, or put together from signs it has.

Print's outlines, thinned, would show serifs and double stems that no hand writes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from synth.bank import Form
from synth.pen import Points

_CURVE_STEPS = 6

# Strokes by PostScript name of the glyph, variants separated by `|`. A stroke is L (straight between its points) or
# C (a curve through them) and points x y in percent of the sign's box, y down.
_STROKES = {
    "D": "L 12 2 8 98 C 0 4 45 0 88 22 98 55 78 88 40 100 2 97|C 15 4 12 50 10 97 32 96 88 84 100 45 70 10 30 2 0 6",
    "J": "C 90 0 88 60 70 95 35 100 5 80|L 40 3 100 1 C 74 2 73 68 55 97 25 100 0 78",
    "K": "L 10 0 6 100 L 92 2 10 58 L 30 46 100 100|L 8 0 5 100 C 95 0 50 40 10 54 45 66 98 98",
    "Q": "C 50 2 12 14 0 46 12 82 48 92 86 80 97 45 84 12 48 0 L 55 65 98 100",
    "U": "C 5 0 2 50 12 88 45 100 80 86 92 45 95 0|C 4 2 4 55 18 92 48 96 82 75 92 30 92 0 L 92 0 95 98",
    "Z": "L 5 3 95 0 3 98 100 96|L 5 3 95 0 3 98 100 96 L 18 50 82 47",
    "Gamma": "L 10 2 8 100 L 6 3 100 0|L 8 100 10 2 98 0",
    "Lambda": "L 0 100 50 0 100 100",
    "Pi": "L 0 3 100 0 L 18 2 15 100 L 82 2 85 100|L 14 100 16 3 84 2 88 100",
    "Phi": "C 50 20 10 30 2 52 12 74 50 82 90 72 98 50 88 28 48 19 L 52 0 49 100",
    "Psi": "C 0 8 8 45 25 66 50 70 78 64 92 42 100 6 L 52 0 48 100",
    "Theta": "C 50 0 10 18 0 52 14 88 50 100 88 86 100 48 86 12 48 1 L 22 51 78 49",
    "Xi": "L 4 2 98 0 L 20 51 80 49 L 0 98 100 97",
    "Upsilon": "C 0 15 18 2 36 10 50 45 L 50 45 50 100 C 50 45 64 10 84 2 100 14",
    "Omega": "C 0 97 20 98 34 94 8 70 2 38 22 8 50 0 78 8 98 38 92 70 66 94 80 98 100 97",
    "partialdiff": "C 18 12 55 0 88 18 98 50 88 86 50 100 12 88 5 62 35 45 75 52 95 68",
    "delta": "C 85 6 50 0 25 12 40 30 75 50 88 72 70 96 35 100 5 82 12 55 50 42|"
    "C 60 48 20 45 2 72 25 100 70 95 85 65 55 38 28 18 45 0 90 8",
    "lscript": "C 0 75 45 60 95 25 80 2 55 10 38 50 40 85 62 100 100 82",
    "nabla": "L 3 2 50 100 98 0 1 2",
    "logicaland": "L 0 100 50 0 100 100",
    "logicalor": "L 0 0 50 100 100 0",
    "perpendicular": "L 50 0 50 99 L 0 100 100 98",
    "latticetop": "L 0 2 100 0 L 50 1 50 100",
    "angle": "L 90 0 0 100 100 98",
    "dagger": "L 50 0 50 100 L 0 27 100 25",
    "square": "L 0 0 2 100 100 99 98 1 0 0",
    "arrowleft": "L 100 50 1 51 L 24 0 0 50 26 100",
    "arrowboth": "L 2 50 98 50 L 22 0 0 50 24 100 L 78 0 100 50 76 100",
    "arrowup": "L 50 100 50 1 L 0 30 50 0 100 28",
    "arrowdown": "L 50 0 50 99 L 0 70 50 100 100 72",
    "arrowdblright": "L 0 32 84 31 L 0 70 84 70 L 68 0 100 50 70 100",
    "arrowdblleft": "L 100 32 16 31 L 100 70 16 70 L 32 0 0 50 30 100",
    "arrowdblboth": "L 13 32 87 31 L 13 70 87 70 L 74 0 100 50 76 100 L 26 0 0 50 24 100",
    "mapsto": "L 50 0 50 100",
    "vector": "L 0 60 98 52 L 64 0 100 50 68 100",
    "angbracketleft": "L 100 0 0 50 100 100",
    "angbracketright": "L 0 0 100 50 0 100",
    "floorleft": "L 5 0 2 99 100 100",
    "floorright": "L 95 0 98 99 0 100",
    "ceilingleft": "L 100 0 3 2 2 100",
    "ceilingright": "L 0 0 97 2 98 100",
    "circumflex": "L 0 100 50 0 100 100",
    "caron": "L 0 0 50 100 100 0",
    "tilde": "C 0 85 12 20 32 8 55 55 72 92 90 75 100 10",
    "bullet": "C 50 50 65 45 60 68 35 65 28 38 55 22 82 38 80 72 50 88 18 72 12 40 40 8 75 12 98 45 85 85 50 100",
}
_ALIASES = {
    **{"hatwide": "circumflex", "tildewide": "tilde", "similar": "tilde", "product": "Pi", "Upsilon1": "Upsilon"},
    **{"gradient": "nabla"},
}

# What is written with other signs: label and box (x0 y0 x1 y1, in percent) of each, in the order of writing.
_PARTS = {
    "O": (("o", "0 0 100 100"),),
    "W": (("w", "0 0 100 100"),),
    "Sigma": ((r"\sum", "0 0 100 100"),),
    "macron": (("-", "0 50 100 50"),),
    "colon": ((".", "0 0 100 20"), (".", "0 80 100 100")),
    "semicolon": ((".", "10 0 90 15"), (",", "0 60 100 100")),
    "bardbl": (("|", "5 0 10 100"), ("|", "90 0 95 100")),
    "equivalence": (("-", "0 0 100 2"), ("-", "0 49 100 51"), ("-", "0 98 100 100")),
    "asteriskmath": ((r"\times", "8 8 92 92"), ("-", "0 50 100 51")),
    "openbullet": (("o", "0 0 100 100"),),
    "circleplus": (("o", "0 0 100 100"), ("+", "12 12 88 88")),
    "circleminus": (("o", "0 0 100 100"), ("-", "15 50 85 51")),
    "circlemultiply": (("o", "0 0 100 100"), (r"\times", "18 18 82 82")),
    "circledot": (("o", "0 0 100 100"), (".", "48 48 52 52")),
    "emptyset": (("o", "5 10 95 90"), ("/", "0 0 100 100")),
    "percent": (("o", "0 0 40 45"), ("/", "12 0 88 100"), ("o", "60 55 100 100")),
    "planckover2pi1": (("h", "0 0 100 100"), ("-", "0 22 60 26")),
    "lessmuch": ((r"\lt", "0 0 60 100"), (r"\lt", "40 0 100 100")),
    "greatermuch": ((r"\gt", "0 0 60 100"), (r"\gt", "40 0 100 100")),
    "contintegral": ((r"\int", "0 0 100 100"), ("o", "25 38 75 62")),
}

_BLACKBOARD_STEM = {**dict.fromkeys("CGOQS", "26 8 26 92"), "Z": "28 2 -14 98"}
"""Where blackboard writing adds a line to a letter, x0 y0 x1 y1 in percent of its box; left of most letters."""
_LEFT_STEM = "-16 1 -16 99"
_RETRACED = 0.045 * np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
"""Where bold writing goes over a letter again, in heights of it: close enough to become one heavy line."""


def form_of(name: str, pick: float, written: Callable[[str], Form | None]) -> Form | None:
    """How a hand writes a sign; None if it is not known here.

    Args:
        name: PostScript name of the glyph, without suffixes for its size.
        pick: in [0, 1), chooses between variants.
        written: the hand's own form of a label.
    """
    name = _ALIASES.get(name, name)
    if name in _PARTS:
        return _together(_PARTS[name], written)
    if name in _STROKES:
        variants = _STROKES[name].split("|")
        return _drawn(variants[int(pick * len(variants))])
    return None


def blackboard(letter: Form, name: str) -> Form:
    """A letter with one more line."""
    line = np.array(_BLACKBOARD_STEM.get(name, _LEFT_STEM).split(), dtype=np.float64).reshape(2, 2)
    return Form.of([*_placed(letter, "0 0 100 100"), line])


def bold(letter: Form) -> Form:
    """A letter gone over several times."""
    shifts = _RETRACED * max(letter.height, letter.width)
    return Form.of([stroke + shift for shift in shifts for stroke in letter.strokes()])


def _together(parts: tuple[tuple[str, str], ...], written: Callable[[str], Form | None]) -> Form | None:
    strokes: list[Points] = []
    for label, box in parts:
        form = written(label)
        if form is None:
            return None
        strokes += _placed(form, box)
    return Form.of(strokes)


def _placed(form: Form, box: str) -> list[Points]:
    """Strokes of a form, stretched into a box in percent."""
    x0, y0, x1, y1 = map(float, box.split())
    scale = np.array([x1 - x0, y1 - y0]) / np.maximum([form.width, form.height], 1e-6)
    return [stroke * scale + [(x0 + x1) / 2, (y0 + y1) / 2] for stroke in form.strokes()]


@lru_cache(maxsize=256)
def _drawn(notation: str) -> Form:
    strokes: list[Points] = []
    for part in notation.replace("L", ";L").replace("C", ";C").split(";")[1:]:
        kind, *numbers = part.split()
        points = np.array(numbers, dtype=np.float64).reshape(-1, 2)
        strokes.append(_curve(points) if kind == "C" else points)
    return Form.of(strokes)


def _curve(points: Points) -> Points:
    """A curve through points: Catmull and Rom, A class of local interpolating splines (1974)."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    before, start, end, after = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = (np.arange(_CURVE_STEPS) / _CURVE_STEPS)[None, :, None]
    spline = start + 0.5 * t * (
        end - before + t * (2 * before - 5 * start + 4 * end - after + t * (3 * (start - end) + after - before))
    )
    return np.concatenate([spline.reshape(-1, 2), points[-1:]])
