"""The corners of a sheet of paper, from a mask that says where in the picture it lies."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Mask = NDArray[np.float32]

WHOLE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
"""The picture's own corners."""

FINER = 4
"""The mask is enlarged so many times before its outline is followed, which then is true to fractions of a cell."""
LEAST_SHARE = 0.15
"""Smaller pieces of a picture are no page that someone wanted to show."""
BORDER_CELLS = 1.0
"""An outline so near to the picture's edge is that of the picture."""
LEAST_SEEN = 0.2
"""A side of which less is seen is cut off by the picture's edge."""
NEAR_SHARE = 0.12
"""What lies further from a side than this share of the picture is no part of it."""
ROUNDS = 4
FURTHEST = 0.8
"""No corner lies further than this from the middle of the picture, in shares of its width or height."""
LEAST_BEND = 0.5
"""Sine of the least angle at a corner."""
MOST_FORESHORTENED = 2.5
"""The far side of a sheet is not seen so many times shorter than the near one."""


def corners_of(mask: Mask) -> Points | None:
    """Corners of the sheet, top left first, clockwise as seen, in shares of the picture's width and height.

    Sides that are seen are extended to meet, so corners may lie outside the picture; where a side is cut off by the
    picture's edge, that edge takes its place.

    Args:
        mask: float32 [h, w], the probability that a cell shows the sheet.

    Returns:
        float64 [4, 2] (x, y); None where no sheet is seen, or no side of it.
    """
    height, width = mask.shape
    fine = cv2.resize(mask, (width * FINER, height * FINER), interpolation=cv2.INTER_CUBIC)
    outline = _outline(fine)
    if outline is None:
        return None
    lines, seen = _sides(outline, fine.shape[1], fine.shape[0])
    if not any(seen):
        return None
    corners = np.array([meeting(lines[k - 1], lines[k]) for k in range(4)])
    return np.asarray(corners / [fine.shape[1], fine.shape[0]])


def could_be_sheet(corners: Points, size: tuple[int, int]) -> bool:
    """Whether a camera could see a sheet with these corners, [4, 2] in shares, clockwise from the top left.

    They are finite and not far outside the picture (`size` is its width and height), no corner is flat or turned
    inwards, and no side is much longer than the one across, as that would be seen from within the sheet.
    """
    if not (np.isfinite(corners).all() and (np.abs(corners - 0.5) <= FURTHEST).all()):
        return False
    sides = (np.roll(corners, -1, axis=0) - corners) * size
    following = np.roll(sides, -1, axis=0)
    lengths = np.linalg.norm(sides, axis=1)
    turns = sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]
    bent = (turns > LEAST_BEND * lengths * np.roll(lengths, -1)).all()
    return bool(bent and (lengths < MOST_FORESHORTENED * np.roll(lengths, 2)).all())


def corner_error(found: Points | None, truth: Points, size: Sequence[int]) -> float:
    """Distance of the worst corner in shares of the diagonal of a picture of `size`, 1 where no sheet was found.

    Corners are [4, 2], in shares of the size; which of them is called the first does not matter.
    """
    if found is None:
        return 1.0
    turned = (np.roll(found, turn, axis=0) for turn in range(4))
    worst = min(np.linalg.norm((corners - truth) * size, axis=1).max() for corners in turned)
    return float(worst / np.linalg.norm(size))


def _outline(fine: Mask) -> Points | None:
    """The outline [n, 2] of the largest piece, in pixels of the fine mask, its holes left out; None if it is small."""
    found, _ = cv2.findContours((fine > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not found:
        return None
    largest = max(found, key=cv2.contourArea)
    if cv2.contourArea(largest) < LEAST_SHARE * fine.size:
        return None
    # Pixel k covers [k, k + 1); the outline runs through the middles of the outermost ones.
    return np.asarray(largest[:, 0] + 0.5, np.float64)


def _sides(outline: Points, width: int, height: int) -> tuple[list[Points], list[bool]]:
    """Top, right, bottom and left side as homogeneous lines [3], and whether each is seen."""
    border = BORDER_CELLS * FINER
    inner = (outline > border).all(1) & (outline < np.array([width, height]) - border).all(1)
    rectangle = _ordered(cv2.boxPoints(cv2.minAreaRect(outline.astype(np.float32))).astype(np.float64))
    ends = [(rectangle[k], rectangle[(k + 1) % 4]) for k in range(4)]
    lines = [line_through(*pair) for pair in ends]
    lengths = [float(np.linalg.norm(b - a)) for a, b in ends]
    points = outline[inner]
    seen = [False] * 4
    if len(points) < 2:
        return lines, seen
    first = list(lines)
    for _ in range(ROUNDS):
        distances = np.abs(np.stack([points @ line[:2] + line[2] for line in lines]))
        nearest = distances.argmin(0)
        fitted = []
        for k in range(4):
            own = points[(nearest == k) & (distances[k] < NEAR_SHARE * min(width, height))]
            seen[k] = len(own) > LEAST_SEEN * lengths[k]
            fitted.append(_fit(own) if seen[k] else first[k])
        lines = fitted
    return lines, seen


def _ordered(corners: Points) -> Points:
    """Corners from the top left one clockwise (y down)."""
    middle = corners.mean(0)
    turned = corners[np.argsort(np.arctan2(corners[:, 1] - middle[1], corners[:, 0] - middle[0]))]
    return np.roll(turned, -int(np.argmin(turned.sum(1))), axis=0)


def line_through(a: Points, b: Points) -> Points:
    """The line through two points, homogeneous, its normal of length 1."""
    normal = np.array([b[1] - a[1], a[0] - b[0]])
    normal /= max(float(np.linalg.norm(normal)), 1e-9)
    return np.array([*normal, -normal @ a])


def _fit(points: Points) -> Points:
    """The line through most of the points (M-estimator of Huber)."""
    dx, dy, x, y = cv2.fitLine(points.astype(np.float32), cv2.DIST_HUBER, 0, 0.01, 0.01).ravel().astype(np.float64)
    return np.array([-dy, dx, dy * x - dx * y])


def meeting(a: Points, b: Points) -> Points:
    """Where two lines meet; far away where they are parallel."""
    x, y, w = np.cross(a, b)
    w = w if abs(w) > 1e-9 else 1e-9
    return np.array([x / w, y / w])
