"""Whether readings compile, and whether they look like the truth: two spellings of one picture are both right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanpage.latex import to_latex
from synth.layout import Layout
from synth.paint import paint_print
from synth.typeset import typeset

EM_PX = 40.0
SIZE_TOLERANCE_PX = 2
"""Pictures may differ by so much in height and width, and are shifted by so much to find the best overlap."""

LEAST_OVERLAP = 0.97
"""Of the ink, as 2 |A and B| / (|A| + |B|)."""

MOST_LONELY_PX = 3.0
"""Ink, in whole pixels, further than a pixel from any ink of the other picture: half the tail of a comma."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """What LaTeX makes of one reading: whether it compiles, and whether it looks like the truth."""

    compiles: bool
    matches: bool


def render(predictions: Sequence[Sequence[str]], labels: Sequence[Sequence[str]]) -> list[Rendering]:
    """Typesets readings and labels (canonical tokens), in Computer Modern and display style, and compares their ink.

    A label that does not typeset itself is matched by nothing; nor is an empty reading, which does not compile either.
    """
    sources = [to_latex(tokens) for tokens in [*predictions, *labels]]
    outcomes = typeset(sources)
    read, true = outcomes[: len(predictions)], outcomes[len(predictions) :]
    return [Rendering(isinstance(a, Layout), _match(a, b)) for a, b in zip(read, true, strict=True)]


def _match(first: object, second: object) -> bool:
    if not isinstance(first, Layout) or not isinstance(second, Layout):
        return False
    if first.latex == second.latex:
        return True
    return same_picture(paint_print(first, EM_PX).alpha, paint_print(second, EM_PX).alpha)


def same_picture(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> bool:
    """Whether two pictures [h, w] (255 is ink, tight) look the same.

    They do where, at the best shift, they share `LEAST_OVERLAP` of their ink and neither has more than
    `MOST_LONELY_PX` of ink that the other lacks: in a long formula a wrong full stop is little ink, but it is alone.
    Their sizes may differ by `SIZE_TOLERANCE_PX`.
    """
    difference = np.abs(np.array(first.shape) - np.array(second.shape))
    if difference.max() > SIZE_TOLERANCE_PX:
        return False
    reach = SIZE_TOLERANCE_PX
    shape = np.maximum(first.shape, second.shape) + 2 * reach
    fixed = _placed(first, shape, reach, reach)
    shifts = [(top, left) for top in range(2 * reach + 1) for left in range(2 * reach + 1)]
    moved = max((_placed(second, shape, *shift) for shift in shifts), key=lambda other: overlap(fixed, other))
    lonely = max(_lonely(fixed, moved), _lonely(moved, fixed))
    return overlap(fixed, moved) > LEAST_OVERLAP and lonely <= MOST_LONELY_PX


def overlap(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Share of ink that two pictures of one size have in common, in [0, 1]."""
    total = float(first.sum()) + float(second.sum())
    return 2.0 * float(np.minimum(first, second).sum()) / total


def _lonely(picture: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Ink, in whole pixels, with no ink of the other picture on it or beside it."""
    near = cv2.dilate(other, np.ones((3, 3), np.uint8))
    return float(picture[near < 64].sum()) / 255.0


def _placed(picture: NDArray[np.uint8], shape: NDArray[np.int64], top: int, left: int) -> NDArray[np.uint8]:
    canvas = np.zeros(tuple(shape), np.uint8)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas
