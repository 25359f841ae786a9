"""Pages as training samples: random windows of COCO pages at random scale, with light and ink jittered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from detector.coco import CocoPage
from detector.config import DetectorConfig
from detector.resize import scale_to_fit
from scanpage.light import flatten

Image = NDArray[np.uint8]

# A formula cut by the window's edge still counts if this share of it is visible; less of it is painted over.
VISIBLE = 0.35
# Scale of the text against the size that detection uses, which is not always measured right.
SCALES = (0.7, 1.4)
SMALLEST_BOX_PX = 2.0
FLATTENED = 0.5
"""Share of windows shown as normalisation leaves them; the others as the camera saw them."""


class PageWindows(Dataset[tuple[Tensor, dict[str, Tensor]]]):
    """An endless list of samples: sample k of a seed is always the same, and each epoch sees every page once.

    Args:
        pages: the pages to draw from.
        config: tells the size at which pages are detected.
        window_px: height and width of the windows, in pixels of the network's input; 0 is whole pages.
        seed: of all randomness.
    """

    def __init__(self, pages: Sequence[CocoPage], config: DetectorConfig, *, window_px: int, seed: int) -> None:
        self._pages = pages
        self._config = config
        self._window_px = window_px
        self._seed = seed
        self._scales: dict[int, float] = {}
        """Of the pages seen so far, as detection would show them."""

    def __getitem__(self, index: int) -> tuple[Tensor, dict[str, Tensor]]:
        """Page [3, h, w] in [0, 1], and its targets: `boxes` [n, 4] and `labels` [n]."""
        epoch, position = divmod(index, len(self._pages))
        order = np.random.default_rng([self._seed, 0, epoch]).permutation(len(self._pages))
        rng = np.random.default_rng([self._seed, 1, index])
        number = int(order[position])
        page = self._pages[number]
        picture = page.read()
        if number not in self._scales:
            self._scales[number] = scale_to_fit(picture, self._config)
        image, boxes, labels = cut_window(page, picture, self._scales[number], rng, window_px=self._window_px)
        return to_tensor(jitter(image, rng)), {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(labels)}


def to_tensor(image: Image) -> Tensor:
    """RGB uint8 [H, W, 3] to float [3, H, W] in [0, 1]."""
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


def collate(samples: list[tuple[Tensor, dict[str, Tensor]]]) -> tuple[list[Tensor], list[dict[str, Tensor]]]:
    """Samples as the two lists that Faster R-CNN takes."""
    images, targets = zip(*samples, strict=True)
    return list(images), list(targets)


def cut_window(
    page: CocoPage, image: Image, scale: float, rng: np.random.Generator, *, window_px: int
) -> tuple[Image, NDArray[np.float32], NDArray[np.int64]]:
    """A random window of the page at about `scale`: image, boxes [n, 4] in its pixels, labels [n]."""
    scale *= float(np.exp(rng.uniform(*np.log(SCALES))))
    side = window_px / scale if window_px else max(page.width, page.height)
    x, width = _span(page.width, side, rng)
    y, height = _span(page.height, side, rng)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    window = np.ascontiguousarray(image[y : y + height, x : x + width])
    window = cv2.resize(window, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    factors = np.array([size[0] / width, size[1] / height] * 2)
    boxes = ((page.boxes() - [x, y, x, y]) * factors).astype(np.float32)
    visible = np.clip(boxes, 0, np.array(size * 2, np.float32))
    share = _areas(visible) / _areas(boxes)
    sides = np.minimum(visible[:, 2] - visible[:, 0], visible[:, 3] - visible[:, 1])
    keep = (share >= VISIBLE) & (sides >= SMALLEST_BOX_PX)
    _paint_over(window, visible[~keep & (share > 0)], visible[keep])
    return window, visible[keep], page.labels()[keep]


def _span(length: int, side: float, rng: np.random.Generator) -> tuple[int, int]:
    """Start and length of a random stretch of `side` within `length`."""
    extent = min(length, max(1, round(side)))
    return int(rng.integers(0, length - extent + 1)), extent


def _areas(boxes: NDArray[np.float32]) -> NDArray[np.float32]:
    areas: NDArray[np.float32] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return areas


def _paint_over(window: Image, slivers: NDArray[np.float32], kept: NDArray[np.float32]) -> None:
    """Cover ends of formulas that are too short to be told from text, but nothing of a formula that counts."""
    paper = np.median(window[::8, ::8].reshape(-1, 3), axis=0).astype(np.uint8)
    for box in slivers:
        overlaps = (np.minimum(kept[:, 2:], box[2:]) > np.maximum(kept[:, :2], box[:2])).all(axis=1)
        if not overlaps.any():
            x0, y0, x1, y1 = (int(v) for v in (*np.floor(box[:2]), *np.ceil(box[2:])))
            window[y0:y1, x0:x1] = paper


def jitter(image: Image, rng: np.random.Generator) -> Image:
    """Change light, colour, sharpness and noise as cameras and scanners do; never black for white."""
    if rng.random() < FLATTENED:
        image = flatten(image)
    values: Any = image.astype(np.float32) / 255
    values = values ** np.exp(rng.uniform(-0.4, 0.4))
    values = (values - 0.5) * rng.uniform(0.7, 1.2) + 0.5 + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.4:
        values = np.repeat(values.mean(axis=2, keepdims=True), 3, axis=2)
    elif rng.random() < 0.4:
        values = values * rng.uniform(0.85, 1.1, 3)
    if rng.random() < 0.2:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.4, 1.1))
    if rng.random() < 0.25:
        values = values + rng.normal(0, rng.uniform(0.01, 0.06), values.shape[:2])[..., None]
    jittered: Image = (np.clip(values, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.2:
        jittered = _as_jpeg(jittered, int(rng.integers(25, 80)))
    return jittered


def _as_jpeg(image: Image, quality: int) -> Image:
    _, code = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded: Any = cv2.imdecode(code, cv2.IMREAD_COLOR)
    return np.asarray(decoded, np.uint8)
