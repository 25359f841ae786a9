"""Glyph outlines out of font files, as polygons."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synth.layout import UNITS_PER_EM, Shape

CURVE_STEPS = 8
"""Straight pieces per Bézier curve: a quarter circle of 1/3 em strays 0.1 px from its curve at 64 px per em."""

_STOP, _MOVE, _LINE, _QUADRATIC, _CUBIC, _CLOSE = 0, 1, 2, 3, 4, 79  # matplotlib.path.Path's codes


@lru_cache(maxsize=256)
def open_face(path: Path) -> Any:
    """The font file as a `matplotlib.ft2font.FT2Font`. Raises `OSError` or `RuntimeError` if it is none."""
    from matplotlib.ft2font import FT2Font

    return FT2Font(str(path))


def glyph_shape(face: Any, index: int, *, font: str, slant: float = 0.0, extend: float = 1.0) -> Shape:
    """The outline of glyph `index` (FreeType's count) of `face`, named `font`, with PostScript `slant` and `extend`."""
    from matplotlib.ft2font import LoadFlags

    face.load_glyph(index, flags=LoadFlags.NO_SCALE)
    vertices, codes = face.get_path()
    # get_path divides by 64 as if the points were 26.6 fixed point; without scaling they are font units.
    points = np.asarray(vertices, dtype=np.float64).reshape(-1, 2) * (64 / face.units_per_EM)
    points = np.stack([points[:, 0] * extend + points[:, 1] * slant, -points[:, 1]], axis=1)
    return Shape(font, face.get_glyph_name(index), tuple(flatten(points, codes)))


def flatten(points: npt.NDArray[np.float64], codes: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.int16]]:
    """Contours of a path with curves as polygons.

    Args:
        points: [n, 2] in em.
        codes: [n] matplotlib path codes.

    Returns:
        int16 [m, 2] each, in `UNITS_PER_EM`.
    """
    contours: list[list[npt.NDArray[np.float64]]] = []
    i = 0
    while i < len(codes):
        code = int(codes[i])
        if code == _MOVE:
            contours.append([points[i : i + 1]])
            i += 1
        elif code == _LINE:
            contours[-1].append(points[i : i + 1])
            i += 1
        elif code in (_QUADRATIC, _CUBIC):
            degree = code - 1
            controls = np.concatenate([contours[-1][-1][-1:], points[i : i + degree]])
            contours[-1].append(_WEIGHTS[degree] @ controls)
            i += degree
        else:
            i += 1
    whole = [np.round(np.concatenate(c) * UNITS_PER_EM).astype(np.int16) for c in contours]
    return [c for c in whole if len(c) > 2]


def _weights(degree: int) -> npt.NDArray[np.float64]:
    """Bernstein polynomials [CURVE_STEPS, degree + 1] at the ends of the pieces, of which the last is the curve's."""
    t = (np.arange(1, CURVE_STEPS + 1) / CURVE_STEPS)[:, None]
    k = np.arange(degree + 1)
    binomials = np.array([math.comb(degree, i) for i in k])
    return np.asarray(binomials * t**k * (1 - t) ** (degree - k), dtype=np.float64)


_WEIGHTS = {degree: _weights(degree) for degree in (2, 3)}
