"""Maps of the plane that keep straight lines straight: between a page as it was photographed and as it lies flat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from scanpage.geometry import Box

Points = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Homography:
    """A projective map between two image frames (Hartley and Zisserman 2004, chapter 2).

    Attributes:
        matrix: float64 [3, 3]; takes homogeneous points (x, y, 1) of the first frame to those of the second.
    """

    matrix: Points

    @classmethod
    def identity(cls) -> Self:
        return cls(np.eye(3))

    @classmethod
    def from_corners(cls, source: Points, target: Points) -> Self:
        """The map that takes four points [4, 2] to four others, no three of them in a line."""
        import cv2

        matrix = cv2.getPerspectiveTransform(source.astype(np.float32), target.astype(np.float32))
        return cls(np.array(matrix, np.float64))

    @classmethod
    def quarter_turns(cls, count: int, width: float, height: float) -> Self:
        """From a picture of `width` x `height` pixels to what `numpy.rot90(picture, count)` makes of it."""
        matrix = np.eye(3)
        for _ in range(count % 4):
            # Anticlockwise: what was at the right edge comes to the top.
            matrix = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, width], [0.0, 0.0, 1.0]]) @ matrix
            width, height = height, width
        return cls(matrix)

    def then(self, following: Homography) -> Homography:
        """This map and then `following`."""
        return Homography(following.matrix @ self.matrix)

    def inverse(self) -> Homography:
        return Homography(np.array(np.linalg.inv(self.matrix), np.float64))

    def points(self, points: Points) -> Points:
        """Where points [n, 2] go."""
        mapped = np.column_stack([points, np.ones(len(points))]) @ self.matrix.T
        return np.asarray(mapped[:, :2] / mapped[:, 2:])

    def box(self, box: Box) -> Box:
        """The smallest upright box around the image of `box`."""
        corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
        mapped = self.points(corners)
        return Box(*mapped.min(0).tolist(), *mapped.max(0).tolist())
