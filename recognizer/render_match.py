"""Whether readings compile, and whether they look like the truth: two spellings of one picture are both right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
"""Of the ink, as 2 |A and B| / (|A| + |B|): one different full stop in a line of thirty signs is seen."""


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
    return overlap(paint_print(first, EM_PX).alpha, paint_print(second, EM_PX).alpha) > LEAST_OVERLAP


def overlap(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Share of ink that two pictures [h, w] (255 is ink, tight) have in common at the best shift, in [0, 1].

    0 where their sizes differ by more than `SIZE_TOLERANCE_PX`.
    """
    difference = np.abs(np.array(first.shape) - np.array(second.shape))
    if difference.max() > SIZE_TOLERANCE_PX:
        return 0.0
    reach = SIZE_TOLERANCE_PX
    height, width = np.maximum(first.shape, second.shape) + 2 * reach
    fixed = _placed(first, (height, width), reach, reach)
    total = float(first.sum()) + float(second.sum())
    best = 0.0
    for top in range(2 * reach + 1):
        for left in range(2 * reach + 1):
            moved = _placed(second, (height, width), top, left)
            best = max(best, 2.0 * float(np.minimum(fixed, moved).sum()) / total)
    return best


def _placed(picture: NDArray[np.uint8], shape: tuple[int, int], top: int, left: int) -> NDArray[np.uint8]:
    canvas = np.zeros(shape, np.uint8)
    canvas[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return canvas
