"""Training windows: boxes stay on their ink, samples are repeatable."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from detector.coco import read_pages
from detector.config import DetectorConfig
from detector.dataset import PageWindows, cut_window

CONFIG = DetectorConfig(long_side_px=(384, 384))


def test_boxes_hold_ink_and_lie_in_the_window(coco_folder: Path) -> None:
    page = read_pages(coco_folder)[0]
    seen = 0
    for seed in range(20):
        window, boxes, labels = cut_window(page, page.read(), 1.0, np.random.default_rng(seed), window_px=200)
        assert max(window.shape[:2]) <= 202
        assert len(boxes) == len(labels)
        for x0, y0, x1, y1 in boxes:
            assert 0 <= x0 < x1 <= window.shape[1]
            assert 0 <= y0 < y1 <= window.shape[0]
            inside = window[int(y0) : int(np.ceil(y1)), int(x0) : int(np.ceil(x1))]
            assert inside.min() < 140  # dark strokes on paper of 245
            seen += 1
    assert seen > 10


def test_a_sample_is_the_same_each_time_and_others_differ(coco_folder: Path) -> None:
    windows = PageWindows(read_pages(coco_folder), CONFIG, window_px=200, seed=5)
    image, target = windows[7]
    again, target_again = windows[7]
    assert torch.equal(image, again)
    assert torch.equal(target["boxes"], target_again["boxes"])
    other, _ = windows[8]
    assert image.shape != other.shape or not torch.equal(image, other)
    assert 0.0 <= float(image.min()) <= float(image.max()) <= 1.0


def test_an_epoch_sees_every_page(coco_folder: Path) -> None:
    pages = read_pages(coco_folder)
    order = np.random.default_rng([5, 0, 1]).permutation(len(pages))
    assert sorted(order.tolist()) == [0, 1, 2, 3]
    # whole pages of four different drawings give four different pictures
    windows = PageWindows(pages, CONFIG, window_px=0, seed=5)
    assert len({float(windows[index][0].mean()) for index in range(4)}) == 4
