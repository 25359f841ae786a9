"""Rules: thin straight lines on a page, those of tables and those of the paper."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from scanpage.geometry import Box

RUN = 0.02
"""Shortest straight run of a rule, in shares of the longer side: letters have none, and a slight tilt leaves it."""
BREAK = 0.012
"""Longest break of a faint rule, in shares of the longer side."""
THICK = 0.003
"""Rules are no thicker, in shares of the longer side."""

Mask = NDArray[np.uint8]


def rules_across(ink: Mask) -> Mask:
    """The thin straight runs of ink from left to right; `ink` is 1 where there is some, uint8 [H, W]."""
    side = max(ink.shape)
    # A tilted rule is a stair; its steps are joined before runs are looked for.
    runs = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, 1), np.uint8))
    runs = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((1, max(8, round(RUN * side))), np.uint8))
    thick = cv2.morphologyEx(runs, cv2.MORPH_OPEN, np.ones((max(3, round(THICK * side)) + 1, 1), np.uint8))
    return np.asarray(runs & (1 - thick))


def rules_down(ink: Mask) -> Mask:
    """The same from top to bottom."""
    return np.ascontiguousarray(rules_across(np.ascontiguousarray(ink.T)).T)


def joined_across(across: Mask) -> Mask:
    """Rules from left to right, the steps and short breaks of each joined."""
    return np.asarray(
        cv2.morphologyEx(across, cv2.MORPH_CLOSE, np.ones((3, max(1, round(BREAK * max(across.shape)))), np.uint8))
    )


def each_across(across: Mask) -> list[Box]:
    """The box of each rule from left to right."""
    _, _, blobs, _ = cv2.connectedComponentsWithStats(joined_across(across))
    return [Box(x, y, x + width, y + height) for x, y, width, height, _ in blobs[1:].tolist()]
