"""From a crop of a page to the model's input: even paper, dark ink, one size for one shape."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.config import ImageConfig

Grey = NDArray[np.uint8]


def prepare(crop: NDArray[np.uint8], config: ImageConfig) -> Grey:
    """Crop [h, w] or [h, w, 3] (RGB), any size, to grey [H, W]: paper 255, ink towards 0, sides as `scaled_size` says.

    Raises:
        ValueError: the crop is empty or has another shape.
    """
    return prepare_with_points(crop, np.zeros((0, 2), np.float32), config)[0]


def prepare_with_points(
    crop: NDArray[np.uint8], points: NDArray[np.float32], config: ImageConfig
) -> tuple[Grey, NDArray[np.float32]]:
    """As `prepare`, and where `points` of the crop ([n, 2], x and y in pixels) went in the picture."""
    if crop.ndim not in (2, 3) or 0 in crop.shape:
        raise ValueError(f"a crop must be [h, w] or [h, w, 3] and not empty, got {crop.shape}")
    grey = crop if crop.ndim == 2 else cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    bounded = _bounded(grey, config)
    shrunk = np.array(bounded.shape[::-1], np.float32) / np.array(grey.shape[::-1], np.float32)
    even = flattened(bounded)
    x0, y0, x1, y1 = ink_box(even)
    even = even[y0:y1, x0:x1]
    height, width = scaled_size(even.shape[0], even.shape[1], config)
    interpolation = cv2.INTER_AREA if height < even.shape[0] else cv2.INTER_LINEAR
    picture = cv2.resize(even, (width, height), interpolation=interpolation)
    scale = np.array([width / (x1 - x0), height / (y1 - y0)], np.float32)
    moved = (points * shrunk - np.array([x0, y0], np.float32)) * scale
    return picture, moved.astype(np.float32)


def scaled_size(height: int, width: int, config: ImageConfig) -> tuple[int, int]:
    """Height and width in pixels of the model's picture of a crop of `height` x `width`."""
    aspect = width / height
    target = math.sqrt(config.area_px / aspect)
    target = min(max(target, config.min_height_px), config.max_height_px)
    target = min(target, config.max_width_px / aspect)
    return max(8, round(target)), max(8, min(config.max_width_px, round(target * aspect)))


def flattened(grey: Grey) -> Grey:
    """Even out the light: each pixel over the paper around it, so that paper is 255 and the darkest ink near 0.

    White on black is turned over first.
    """
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    if float(np.median(border)) < 80 and float(grey.mean()) < 110:
        grey = cv2.bitwise_not(grey)
    # The paper: the brightest values near by, smoothed over more than a stroke's width.
    reach = max(3, min(grey.shape) // 4) | 1
    paper = cv2.dilate(grey, np.ones((reach, reach), np.uint8))
    paper = cv2.blur(paper, (reach, reach)).astype(np.float32)
    ratio = grey / np.maximum(paper, 1.0)
    darkest = float(np.quantile(ratio, 0.01))
    # Faint pencil is stretched, but never so far that noise becomes ink.
    span = max(1.0 - darkest, 0.25)
    even: Grey = np.clip(255.0 * (1.0 - (1.0 - ratio) / span), 0, 255).astype(np.uint8)
    return even


def ink_box(grey: Grey) -> tuple[int, int, int, int]:
    """Box (x0, y0, x1, y1) of the ink with a narrow margin; the whole picture where there is none."""
    ink = cv2.blur(grey, (3, 3)) < 150
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    height, width = grey.shape
    if rows.size == 0:
        return 0, 0, width, height
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    margin = 2 + (bottom - top) // 24
    return max(left - margin, 0), max(top - margin, 0), min(right + margin, width), min(bottom + margin, height)


def batch(pictures: Sequence[Grey], config: ImageConfig) -> NDArray[np.uint8]:
    """Pictures [H_i, W_i] to one array [N, 1, H, W], padded with paper at the right and the bottom."""
    stride = config.stride_px
    height = -(-max(p.shape[0] for p in pictures) // stride) * stride
    width = -(-max(p.shape[1] for p in pictures) // stride) * stride
    out = np.full((len(pictures), 1, height, width), 255, np.uint8)
    for row, picture in zip(out, pictures, strict=True):
        row[0, : picture.shape[0], : picture.shape[1]] = picture
    return out


def _bounded(grey: Grey, config: ImageConfig) -> Grey:
    """Shrink a very large crop first, to four times the picture's sides, so that time does not grow with the scan."""
    scale = 4.0 * math.sqrt(config.area_px / grey.size)
    if scale >= 1.0:
        return grey
    size = (max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale)))
    bounded: Grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return bounded
