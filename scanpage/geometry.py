"""Boxes in the image frame: x to the right, y down, origin at the top left corner, half-open."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """Axis-aligned box `[x0, x1) x [y0, y1)` in pixels (or any unit that the caller keeps to).

    Raises:
        ValueError: a corner is not finite, or the box has negative width or height.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        finite = math.isfinite
        if not (finite(self.x0) and finite(self.y0) and finite(self.x1) and finite(self.y1)):
            raise ValueError(f"box corners must be finite, got {self.xyxy}")
        if self.x1 < self.x0 or self.y1 < self.y0:
            raise ValueError(f"box must have x0 <= x1 and y0 <= y1, got {self.xyxy}")

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        return (self.x0, self.y0, self.x1, self.y1)

    @property
    def xywh(self) -> tuple[float, float, float, float]:
        """COCO's order: left, top, width, height."""
        return (self.x0, self.y0, self.width, self.height)

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        return ((self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2)

    def intersection(self, other: Box) -> float:
        """Area shared with `other`."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 where both are empty."""
        shared = self.intersection(other)
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def scaled(self, sx: float, sy: float | None = None) -> Box:
        sy = sx if sy is None else sy
        return Box(self.x0 * sx, self.y0 * sy, self.x1 * sx, self.y1 * sy)

    def translated(self, dx: float, dy: float) -> Box:
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def padded(self, margin: float) -> Box:
        return Box(self.x0 - margin, self.y0 - margin, self.x1 + margin, self.y1 + margin)

    def clipped(self, width: float, height: float) -> Box:
        """The part inside an image of `width` x `height`; empty at the nearest edge if none is."""
        x0, x1 = (min(max(v, 0.0), width) for v in (self.x0, self.x1))
        y0, y1 = (min(max(v, 0.0), height) for v in (self.y0, self.y1))
        return Box(x0, y0, x1, y1)

    def pixels(self) -> tuple[int, int, int, int]:
        """The smallest whole-pixel box around this one, for slicing an array."""
        return (math.floor(self.x0), math.floor(self.y0), math.ceil(self.x1), math.ceil(self.y1))

    @staticmethod
    def around(boxes: Iterable[Box]) -> Box:
        """The smallest box that holds all `boxes`.

        Raises:
            ValueError: `boxes` is empty.
        """
        corners = [box.xyxy for box in boxes]
        if not corners:
            raise ValueError("Box.around needs at least one box")
        x0, y0, x1, y1 = zip(*corners, strict=True)
        return Box(min(x0), min(y0), max(x1), max(y1))
