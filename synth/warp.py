"""The one map between a flat page and its picture, and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box
from synth.sheet import Pixels, Points

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Warp:
    """A page that waves (rows shift up and down along x), seen in perspective.

    Points are (x, y) in pixels, a pixel's area being [i, i + 1): its centre lies at i + 0.5.

    Attributes:
        homography: float64[3, 3], from the waved page to the picture.
        wave_px, wave_length_px, phase: the wave `y + wave_px * sin(2 pi x / wave_length_px + phase)`.
    """

    homography: Matrix
    wave_px: float = 0.0
    wave_length_px: float = 1.0
    phase: float = 0.0

    @property
    def is_identity(self) -> bool:
        return not self.wave_px and np.array_equal(self.homography, np.eye(3))

    def points(self, points: Points) -> Points:
        """Where page points (float32[n, 2]) stand in the picture."""
        x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        y = y + self._wave(x)
        moved = self.homography @ np.stack([x, y, np.ones_like(x)])
        seen: Points = (moved[:2] / moved[2]).T.astype(np.float32)
        return seen

    def inverse(self, points: Points) -> Points:
        """Which page points picture points show."""
        u, v = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
        moved = np.linalg.inv(self.homography) @ np.stack([u, v, np.ones_like(u)])
        x, y = moved[:2] / moved[2]
        return np.stack([x, y - self._wave(x)], axis=1).astype(np.float32)

    def picture(self, pixels: Pixels, width: int, height: int, *, border: Sequence[int]) -> Pixels:
        """Picture of a page.

        Args:
            pixels: uint8[h, w] or uint8[h, w, channels].
            border: value of each channel outside the page.

        Returns:
            uint8 of `height` x `width`.
        """
        if not self.wave_px:
            # OpenCV counts from the middle of the first pixel, not from its corner.
            corner = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
            flat: Pixels = cv2.warpPerspective(
                pixels, corner @ self.homography @ np.linalg.inv(corner), (width, height), borderValue=tuple(border)
            )
            return flat
        a = np.linalg.inv(self.homography).astype(np.float32)
        u = np.arange(width, dtype=np.float32)[None, :] + np.float32(0.5)
        v = np.arange(height, dtype=np.float32)[:, None] + np.float32(0.5)
        depth = 1.0 / (a[2, 0] * u + a[2, 1] * v + a[2, 2])
        x = (a[0, 0] * u + a[0, 1] * v + a[0, 2]) * depth
        y = (a[1, 0] * u + a[1, 1] * v + a[1, 2]) * depth
        y -= self._wave(x).astype(np.float32)
        half = np.float32(0.5)
        picture: Pixels = cv2.remap(pixels, x - half, y - half, cv2.INTER_LINEAR, borderValue=tuple(border))
        return picture

    def after(self, matrix: Matrix) -> Warp:
        """This warp followed by another homography."""
        return Warp(matrix @ self.homography, self.wave_px, self.wave_length_px, self.phase)

    def towards(self, other: Warp, share: float) -> Warp:
        """A warp between this one (`share` 0) and a flat `other` (1): homographies are blended, the wave fades."""
        first, second = self.homography / self.homography[2, 2], other.homography / other.homography[2, 2]
        blend = (1 - share) * first + share * second
        return Warp(blend, (1 - share) * self.wave_px, self.wave_length_px, self.phase)

    def keeping(self, content: Box, width: int, height: int, *, margin: float) -> Warp:
        """This warp, shrunk and shifted as far as needed so that `content` stays `margin` inside the picture."""
        xs, ys = np.linspace(content.x0, content.x1, 9), np.linspace(content.y0, content.y1, 9)
        edges = [(x, y) for x in xs for y in (content.y0, content.y1)] + [
            (x, y) for y in ys for x in (content.x0, content.x1)
        ]
        moved = self.points(np.array(edges, np.float32))
        (x0, y0), (x1, y1) = moved.min(axis=0), moved.max(axis=0)
        scale = min(1.0, (width - 2 * margin) / max(x1 - x0, 1e-6), (height - 2 * margin) / max(y1 - y0, 1e-6))
        dx = min(max(0.0, margin - scale * x0), width - margin - scale * x0) if scale * x0 < margin else 0.0
        dy = min(max(0.0, margin - scale * y0), height - margin - scale * y0) if scale * y0 < margin else 0.0
        dx += min(0.0, width - margin - (scale * x1 + dx))
        dy += min(0.0, height - margin - (scale * y1 + dy))
        return self.after(np.array([[scale, 0, dx], [0, scale, dy], [0, 0, 1]]))

    def _wave(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        wave: npt.NDArray[np.float64] = self.wave_px * np.sin(2 * np.pi / self.wave_length_px * x + self.phase)
        return wave
