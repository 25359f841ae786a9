"""Pages to the detector's size and boxes back again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.text_height import text_height

# Below this an axis would vanish; a page of one pixel's height is still a page.
SMALLEST_SIDE_PX = 4


@dataclass(frozen=True, slots=True)
class Resize:
    """Maps a page of one size to another size, pixels and boxes together.

    Attributes:
        source: (width, height) of the page in pixels.
        target: (width, height) that the network sees.
    """

    source: tuple[int, int]
    target: tuple[int, int]

    @classmethod
    def to_fit(cls, image: NDArray[np.uint8], config: DetectorConfig) -> Self:
        """The map that gives the writing on a page, uint8 RGB [H, W, 3], the height that `config` asks for."""
        height, width = image.shape[:2]
        scale = scale_to_fit(image, config)
        target = (max(SMALLEST_SIDE_PX, round(width * scale)), max(SMALLEST_SIDE_PX, round(height * scale)))
        return cls((width, height), target)

    @property
    def factors(self) -> tuple[float, float]:
        """Target pixels per source pixel in x and y."""
        return (self.target[0] / self.source[0], self.target[1] / self.source[1])

    def image(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The page [H, W, 3] in the target size. Shrinking averages areas, so that thin strokes fade but stay."""
        import cv2

        shrinks = self.target[0] < self.source[0] or self.target[1] < self.source[1]
        resized: NDArray[np.uint8] = cv2.resize(
            image, self.target, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        )
        return resized

    def boxes(self, boxes: NDArray[Any]) -> NDArray[np.float32]:
        """Boxes [n, 4] xyxy of the source frame in the target frame."""
        scaled: NDArray[np.float32] = (boxes * np.array(self.factors * 2)).astype(np.float32)
        return scaled

    def boxes_back(self, boxes: NDArray[Any]) -> NDArray[np.float32]:
        """Boxes [n, 4] xyxy of the target frame in the source frame, clipped to the page."""
        limits = np.array(self.source * 2)
        clipped: NDArray[np.float32] = np.clip(boxes / np.array(self.factors * 2), 0, limits).astype(np.float32)
        return clipped


def scale_to_fit(image: NDArray[np.uint8], config: DetectorConfig) -> float:
    """Pixels that the network sees per pixel of a page, uint8 RGB [H, W, 3]."""
    least, greatest = config.long_side_px
    longest = max(int(side) for side in image.shape[:2])
    written = text_height(image) if least < greatest else None
    # Where hardly anything is written, any size will do.
    side = math.sqrt(least * greatest) if written is None else config.text_height_px / written * longest
    return min(float(np.clip(side, least, greatest)) / longest, config.max_upscale)
