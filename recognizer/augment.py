"""From clean ink to a crop as scans, photos and detectors give it: training must see worse than users send.

All pictures are grey uint8 [h, w]; alpha is 255 where ink is full. Points are (x, y) in pixels, y down.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Points = NDArray[np.float32]


def clean_crop(alpha: Grey) -> Grey:
    """Black ink on white paper with a margin."""
    margin = max(2, alpha.shape[0] // 8)
    return np.pad(255 - alpha, margin, constant_values=255)


def augmented_crop(alpha: Grey, points: Points, rng: np.random.Generator, *, by_hand: bool) -> tuple[Grey, Points]:
    """A crop with `alpha` as its ink, and where `points` of alpha [n, 2] went in it."""
    alpha = _weight(alpha, rng)
    alpha, points = _place(alpha, points, rng, by_hand=by_hand)
    if rng.random() < (0.4 if by_hand else 0.2):
        alpha = _neighbours(alpha, rng)
    crop = _on_paper(alpha, rng, by_hand=by_hand)
    return _capture(crop, rng), points


def _weight(alpha: Grey, rng: np.random.Generator) -> Grey:
    """Heavier or lighter printing."""
    draw = rng.random()
    if draw < 0.12:
        alpha = cv2.dilate(alpha, np.ones((2, 2), np.uint8))
    elif draw < 0.2 and min(alpha.shape) > 40:
        alpha = cv2.max(cv2.erode(alpha, np.ones((2, 2), np.uint8)), alpha // 3)
    return alpha


def _place(alpha: Grey, points: Points, rng: np.random.Generator, *, by_hand: bool) -> tuple[Grey, Points]:
    """Turn, slant and stretch a little, on a canvas with uneven margins."""
    height, width = alpha.shape
    spread = 1.0 if by_hand or rng.random() < 0.4 else 0.3
    angle = np.deg2rad(rng.normal(0.0, 1.3 * spread)) * min(1.0, 6.0 * height / width)
    shear = rng.normal(0.0, 0.08 * spread)
    sx, sy = np.exp(rng.normal(0.0, 0.06 * spread, 2))
    cos, sin = np.cos(angle), np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]]) @ np.array([[sx, shear], [0.0, sy]])
    corners = np.array([[0, 0], [width, 0], [0, height], [width, height]]) @ linear.T
    left, top, right, bottom = height * rng.uniform(0.02, 0.35, 4)
    shift = np.array([left, top]) - corners.min(0)
    size = np.ceil(np.ptp(corners, axis=0) + np.array([left + right, top + bottom])).astype(int)
    matrix = np.concatenate([linear, shift[:, None]], 1)
    placed = cv2.warpAffine(alpha, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    if by_hand and rng.random() < 0.25:
        placed = _ripple(placed, rng)
    return placed, (points @ linear.T + shift).astype(np.float32)


def _ripple(alpha: Grey, rng: np.random.Generator) -> Grey:
    """A gentle smooth distortion."""
    height, width = alpha.shape
    cells = (max(2, height // 24), max(2, width // 24))
    field = [
        cv2.resize(
            rng.normal(0.0, 0.02 * height, cells).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for _ in range(2)
    ]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rippled: Grey = cv2.remap(alpha, x + field[0], y + field[1], cv2.INTER_LINEAR)
    return rippled


def _neighbours(alpha: Grey, rng: np.random.Generator) -> Grey:
    """Strokes of the lines around, or of a number before this one, that reach into the crop: pieces of this line."""
    side = int(rng.integers(4))
    turned = np.rot90(alpha, side % 2).copy()
    height, width = turned.shape
    reach = min(max(2, int(min(alpha.shape) * rng.uniform(0.04, 0.18))), height // 2)
    start = int(rng.integers(max(1, width - 8)))
    stop = start + 4 + int(width * (rng.uniform(0.1, 0.4) if rng.random() < 0.6 else 1.0))
    rows = slice(0, reach) if side < 2 else slice(height - reach, height)
    source = np.roll(turned, int(rng.integers(width)), axis=1)[height // 2 : height // 2 + reach]
    turned[rows, start:stop] = np.maximum(turned[rows, start:stop], source[: rows.stop - rows.start, start:stop])
    return np.ascontiguousarray(np.rot90(turned, -(side % 2)))


def _on_paper(alpha: Grey, rng: np.random.Generator, *, by_hand: bool) -> Grey:
    """Ink of some darkness on paper of some lightness, perhaps ruled or squared."""
    height, width = alpha.shape
    paper = np.full((height, width), rng.uniform(185, 255), np.float32)
    if rng.random() < (0.5 if by_hand else 0.08):
        _rule(paper, rng)
    # Some pencils and pale pens leave little more than a shade.
    ink = paper.max() * (rng.uniform(0.4, 0.75) if rng.random() < (0.35 if by_hand else 0.05) else rng.uniform(0, 0.45))
    cover = alpha.astype(np.float32) * (rng.uniform(0.75, 1.0) / 255)
    crop = paper * (1 - cover) + ink * cover
    if rng.random() < 0.35:
        ramp_y = np.linspace(0, rng.uniform(-0.3, 0.3), height, dtype=np.float32)[:, None]
        ramp_x = np.linspace(0, rng.uniform(-0.3, 0.3), width, dtype=np.float32)[None]
        crop *= np.clip(1 + ramp_y + ramp_x, 0.4, 1.05)
    seen: Grey = np.clip(crop, 0, 255).astype(np.uint8)
    return seen


def _rule(paper: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Lines of the paper, a little askew, some as dark as a pencil."""
    height, width = paper.shape
    pitch = height * rng.uniform(0.3, 1.2)
    shade = float(rng.uniform(0.4, 0.72) if rng.random() < 0.35 else rng.uniform(0.72, 0.93))
    thickness = max(1, round(height * rng.uniform(0.008, 0.025)))
    slope = float(rng.normal(0.0, 0.02))
    lines = np.ones_like(paper)
    for y in np.arange(rng.uniform(0, pitch) - abs(slope) * width, height + abs(slope) * width, pitch):
        cv2.line(lines, (0, round(y)), (width, round(y + slope * width)), shade, thickness)
    if rng.random() < 0.3:
        for x in np.arange(rng.uniform(0, pitch), width, pitch):
            cv2.line(lines, (round(x), 0), (round(x - slope * height), height), shade, thickness)
    paper *= lines


def _capture(crop: Grey, rng: np.random.Generator) -> Grey:
    """Blur, low resolution, noise, JPEG, fax threshold."""
    height, width = crop.shape
    if rng.random() < 0.3:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.3, 0.9))
    if rng.random() < 0.2 and height > 30:
        factor = rng.uniform(0.45, 0.9)
        small = cv2.resize(
            crop, (max(8, round(width * factor)), max(8, round(height * factor))), interpolation=cv2.INTER_AREA
        )
        crop = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.4:
        noise = rng.standard_normal(crop.shape, np.float32) * rng.uniform(1, 9)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = int(rng.integers(25, 80))
        encoded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        crop = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if rng.random() < 0.06:
        paper, ink = np.median(crop), np.quantile(crop, 0.01)
        crop = np.where(crop > ink + (paper - ink) * rng.uniform(0.55, 0.8), 255, 0).astype(np.uint8)
    if rng.random() < 0.02:
        crop = 255 - crop
    return crop
