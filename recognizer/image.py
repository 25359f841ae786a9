"""From a crop of a page to the model's input: even paper, dark ink, one size for one shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.polynomial.polynomial import polygrid2d, polyvander2d
from numpy.typing import NDArray
from PIL import Image

from recognizer.config import ImageConfig

Grey = NDArray[np.uint8]

# In an evened picture. The thin strokes of a sign at low resolution are grey all over: were they lost, a sign would be
# many pieces, and a bar at the edge would be cut off.
INK_BELOW, SIGN_BELOW = 150, 170
SPECK_PX = 4
"""Smaller pieces of ink are dirt."""
MARGIN_PX = 2
"""Least paper around the ink in a picture."""

MEASURED_PX = 98_304
"""Signs are measured in a picture of this area whatever the crop's resolution, so that they come out alike."""
STEP = 0.2
"""Steps of the picture's size, as logarithms.

One size for all measurements that differ by less gives one formula the same picture, to fractions of a pixel, at nearly
every resolution; how large a picture is within a step matters much less to a model than what stays the same.
"""

PALE = 0.4
"""Pictures with nothing so much darker than the brightest paper around it may be noise."""
STROKE_PX, NOISE_SKEW, MOST_NOISE = 11, 1.4, 0.1
"""A short stroke; how many times as dark as bright noise may be along one; and how dark, of the paper's brightness.

Of crops of noise, 95 % are no more skewed than that; the faintest of thousands of painted inks were 1.7.
"""


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
    left, top, right, bottom = _around_ink(grey, config)
    grey = grey[top:bottom, left:right]
    bounded = _bounded(grey, config)
    shrunk = np.array(bounded.shape[::-1], np.float32) / np.array(grey.shape[::-1], np.float32)
    even = flattened(bounded)
    frame = frame_of(even, config)
    moved = ((points - np.array([left, top], np.float32)) * shrunk - np.array([frame.left, frame.top])) * frame.scale
    return frame.cut(even), moved.astype(np.float32)


@dataclass(frozen=True, slots=True)
class Frame:
    """What of a crop becomes a picture of `height` x `width` pixels.

    Attributes:
        left, top: where the picture's corner is, in pixels of the crop.
        scale: pixels of the picture to one of the crop.
    """

    left: float
    top: float
    scale: float
    height: int
    width: int

    def cut(self, even: Grey) -> Grey:
        """The picture [height, width]; paper is added where its rounded sides go beyond the crop."""
        right, bottom = self.left + self.width / self.scale, self.top + self.height / self.scale
        beyond = max(0, math.ceil(max(-self.left, -self.top, right - even.shape[1], bottom - even.shape[0])))
        box = (self.left + beyond, self.top + beyond, right + beyond, bottom + beyond)
        # OpenCV cuts at whole pixels only, and its filters for shrinking and for enlarging blur unlike.
        paper = Image.fromarray(np.pad(even, beyond, constant_values=255))
        return np.array(paper.resize((self.width, self.height), Image.Resampling.BICUBIC, box))


def frame_of(even: Grey, config: ImageConfig) -> Frame:
    """The model's picture of an evened crop.

    The ink begins at one place of it, where the crop has paper enough, and its scale is one of few: so the picture is
    the same at any resolution.
    """
    x0, y0, x1, y1 = ink_box(even)
    height, width = max(y1 - y0, 1.0), max(x1 - x0, 1.0)
    scale = math.sqrt(MEASURED_PX / (height * width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    sign = sign_height(Frame(x0, y0, scale, *size).cut(even)) / scale
    signs_around = math.log((height + width) / sign)
    sign = (height + width) / math.exp(STEP * round(signs_around / STEP))
    margin = height / 24 + MARGIN_PX / zoom(height, width, sign, config)
    # Not beyond the crop: paper that is added meets what the crop cuts in an edge, which is read as a stroke.
    left, right = max(0.0, x0 - margin), min(float(even.shape[1]), x1 + margin)
    top, bottom = max(0.0, y0 - margin), min(float(even.shape[0]), y1 + margin)
    height, width = bottom - top, right - left
    return Frame(left, top, zoom(height, width, sign, config), *scaled_size(height, width, sign, config))


def scaled_size(height: float, width: float, sign: float, config: ImageConfig) -> tuple[int, int]:
    """Height and width in pixels of the model's picture of a crop of `height` x `width` with signs `sign` high."""
    scale = zoom(height, width, sign, config)
    return max(8, round(height * scale)), max(8, round(width * scale))


def zoom(height: float, width: float, sign: float, config: ImageConfig) -> float:
    """Factor from a crop of `height` x `width`, in any unit, with signs `sign` high, to pixels of its picture."""
    root = math.sqrt(height * width)
    scale = min(max(config.sign_px / sign, config.min_area_px**0.5 / root), config.max_area_px**0.5 / root)
    return float(min(scale, config.max_height_px / height, config.max_width_px / width))


def sign_height(even: Grey) -> float:
    """Height in pixels of the typical sign of an evened picture: the median of its connected pieces by their widths.

    By width, as specks and tall brackets are narrow. Bars, minus signs and ruled lines are left out. A picture without
    a sign that counts is one sign.
    """
    height, width = even.shape
    pieces = _pieces(_without_lines((even < SIGN_BELOW).astype(np.uint8)))
    heights, widths = pieces[:, cv2.CC_STAT_HEIGHT], pieces[:, cv2.CC_STAT_WIDTH]
    signs = (heights >= 3) & (widths < 4 * heights)
    heights, widths = heights[signs], widths[signs]
    if heights.size == 0:
        return float(max(height, width / 2.0))
    order = np.argsort(heights)
    middle = np.searchsorted(np.cumsum(widths[order]), widths.sum() / 2.0)
    return float(heights[order[middle]])


def _without_lines(ink: Grey) -> Grey:
    """Ink without level strokes as long as the picture is high: ruled lines join the signs that they touch."""
    reach = max(9, min(ink.shape))
    thick = cv2.dilate(ink, np.ones((3, 1), np.uint8))  # a line that leans goes down a step here and there
    lines = cv2.morphologyEx(thick, cv2.MORPH_OPEN, np.ones((1, reach), np.uint8))
    rest: Grey = ink & (1 - lines)
    return rest


def _pieces(ink: Grey) -> NDArray[np.int32]:
    """Statistics of the connected pieces of a mask, as OpenCV gives them, without the paper's."""
    found: NDArray[np.int32] = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    return found


def flattened(grey: Grey) -> Grey:
    """Even out the light: each pixel over the paper around it, so that paper is 255 and the darkest ink near 0.

    White on black is turned over first. Where there is but noise, all is 255.
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
    if 1.0 - darkest < PALE and is_noise(grey):
        return np.full_like(grey, 255)
    # Faint pencil is stretched, but never so far that noise becomes ink.
    span = max(1.0 - darkest, 0.25)
    even: Grey = np.clip(255.0 * (1.0 - (1.0 - ratio) / span), 0, 255).astype(np.uint8)
    return even


def is_noise(grey: Grey) -> bool:
    """Whether a picture of paper shows noise alone: that goes both ways, and ink is darker than the paper only.

    Along any line as long as a short stroke, noise is about as much darker as it is brighter along another.
    """
    rest = (grey - _light(grey)).astype(np.float32)
    diagonal = np.eye(STROKE_PX, dtype=np.float32) / STROKE_PX
    level = np.full((1, STROKE_PX), 1.0 / STROKE_PX, np.float32)
    along = [cv2.filter2D(rest, -1, line) for line in (level, level.T, diagonal, diagonal[::-1])]
    paper = float(np.median(rest))
    darker = paper - min(float(lines.min()) for lines in along)
    brighter = max(float(lines.max()) for lines in along) - paper
    return darker < min(NOISE_SKEW * max(brighter, 0.5), MOST_NOISE * float(np.median(grey)))


def _light(grey: Grey) -> NDArray[np.float64]:
    """The light on paper [h, w], quadratic in x and in y."""
    coarse = cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA)
    y, x = np.meshgrid(_centres(16), _centres(16), indexing="ij")
    terms = polyvander2d(y.ravel(), x.ravel(), [2, 2])
    found = np.linalg.lstsq(terms, coarse.ravel().astype(np.float64), rcond=None)[0]
    light: NDArray[np.float64] = polygrid2d(_centres(grey.shape[0]), _centres(grey.shape[1]), found.reshape(3, 3))
    return light


def _centres(count: int) -> NDArray[np.float64]:
    """Where the middles of so many pixels are, in (-1, 1)."""
    return (2.0 * np.arange(count) + 1.0) / count - 1.0


def ink_box(grey: Grey) -> tuple[float, float, float, float]:
    """Box (x0, y0, x1, y1) of the ink, to fractions of a pixel; the whole picture where there is none."""
    pieces = _pieces((grey < INK_BELOW).astype(np.uint8))
    pieces = pieces[pieces[:, cv2.CC_STAT_AREA] >= SPECK_PX]
    height, width = grey.shape
    if len(pieces) == 0:
        return 0.0, 0.0, float(width), float(height)
    lefts, tops = pieces[:, cv2.CC_STAT_LEFT], pieces[:, cv2.CC_STAT_TOP]
    left, right = int(lefts.min()), int((lefts + pieces[:, cv2.CC_STAT_WIDTH]).max())
    top, bottom = int(tops.min()), int((tops + pieces[:, cv2.CC_STAT_HEIGHT]).max())
    columns, rows = grey[top:bottom].min(0), grey[:, left:right].min(1)
    x1, y1 = width - _edge(columns[::-1], width - right), height - _edge(rows[::-1], height - bottom)
    return _edge(columns, left), _edge(rows, top), x1, y1


def _edge(darkest: Grey, first: int) -> float:
    """Where the ink of a profile begins, whose pixel `first` is the first dark one: between its middle and the last."""
    inside, outside = float(darkest[first]), float(darkest[first - 1]) if first else 255.0
    return first + 0.5 - (INK_BELOW - inside) / (max(outside, INK_BELOW) - inside)


def batch(pictures: Sequence[Grey], config: ImageConfig) -> NDArray[np.uint8]:
    """Pictures [H_i, W_i] to one array [N, 1, H, W], padded with paper at the right and the bottom."""
    stride = config.stride_px
    height = -(-max(p.shape[0] for p in pictures) // stride) * stride
    width = -(-max(p.shape[1] for p in pictures) // stride) * stride
    out = np.full((len(pictures), 1, height, width), 255, np.uint8)
    for row, picture in zip(out, pictures, strict=True):
        row[0, : picture.shape[0], : picture.shape[1]] = picture
    return out


def _around_ink(grey: Grey, config: ImageConfig) -> tuple[int, int, int, int]:
    """Box (x0, y0, x1, y1) of what holds ink in a very large crop; of others all.

    A formula on a sheet of paper would lose its signs, were the paper shrunk with it.
    """
    height, width = grey.shape
    coarse = _bounded(grey, config)
    if coarse is grey:
        return 0, 0, width, height
    x0, y0, x1, y1 = ink_box(flattened(coarse))
    # Signs that are specks by now, at the ends of the line, are further out.
    margin = y1 - y0
    x_scale, y_scale = width / coarse.shape[1], height / coarse.shape[0]
    left, top = max(0, int((x0 - margin) * x_scale)), max(0, int((y0 - margin) * y_scale))
    return left, top, min(width, math.ceil((x1 + margin) * x_scale)), min(height, math.ceil((y1 + margin) * y_scale))


def _bounded(grey: Grey, config: ImageConfig) -> Grey:
    """Shrink a very large crop first, to twice the largest picture's sides: time does not grow with the scan."""
    scale = 2.0 * math.sqrt(config.max_area_px / grey.size)
    if scale >= 1.0:
        return grey
    size = (max(8, round(grey.shape[1] * scale)), max(8, round(grey.shape[0] * scale)))
    bounded: Grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    return bounded
