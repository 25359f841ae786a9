"""Drawn pages with known formulas, so that no test needs data."""

import json
from pathlib import Path

import numpy as np
import pytest


def draw_page(rng: np.random.Generator, width: int = 320, height: int = 384) -> tuple[np.ndarray, list[dict]]:
    """A page of dashes (prose), crosses among them (inline formulas), and rings in rows (isolated formulas)."""
    import cv2

    page = np.full((height, width, 3), 245, np.uint8)
    annotations = []
    for top in range(24, height - 40, 48):
        if rng.random() < 0.4:
            left = int(rng.integers(40, 120))
            count = int(rng.integers(3, 6))
            for index in range(count):
                cv2.circle(page, (left + 12 + 28 * index, top + 12), 10, (20, 20, 20), 3, cv2.LINE_AA)
            annotations.append({"category_id": 1, "bbox": [left, top, 28 * count - 4, 25]})
            continue
        inline = int(rng.integers(2, 8))
        for index, left in enumerate(range(20, width - 40, 28)):
            if index == inline:
                cv2.line(page, (left, top + 4), (left + 18, top + 20), (20, 20, 20), 2, cv2.LINE_AA)
                cv2.line(page, (left + 18, top + 4), (left, top + 20), (20, 20, 20), 2, cv2.LINE_AA)
                annotations.append({"category_id": 2, "bbox": [left - 1, top + 3, 20, 18]})
            else:
                cv2.rectangle(page, (left, top + 10), (left + 20, top + 14), (60, 60, 60), -1)
    return page, annotations


def write_coco(folder: Path, pages: list[tuple[np.ndarray, list[dict]]]) -> Path:
    """A COCO folder of drawn pages."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for index, (page, boxes) in enumerate(pages):
        name = f"page{index}.png"
        cv2.imwrite(str(folder / name), page)
        images.append({"id": index, "file_name": name, "width": page.shape[1], "height": page.shape[0]})
        for box in boxes:
            annotations.append({"id": len(annotations), "image_id": index, **box})
    categories = [{"id": 1, "name": "isolated"}, {"id": 2, "name": "inline"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations.json").write_text(json.dumps(content))
    return folder


@pytest.fixture
def page() -> np.ndarray:
    """A drawn page, uint8 [384, 320, 3]."""
    return draw_page(np.random.default_rng(1))[0]


@pytest.fixture
def coco_folder(tmp_path: Path) -> Path:
    """Four drawn pages."""
    rng = np.random.default_rng(3)
    return write_coco(tmp_path / "pages", [draw_page(rng, 256, 224) for _ in range(4)])
