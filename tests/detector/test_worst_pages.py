"""The pages with most errors are drawn first, each line in its colour."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.coco import CocoPage
from detector.worst_pages import (
    CAPTION_PX,
    FALSE,
    FOUND,
    LINE_PX,
    LONG_SIDE_PX,
    MISSED,
    MISSED_LINE_PX,
    TRUTH,
    draw,
    draw_worst,
    judge,
)
from scanpage.errors import OutputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

ISOLATED, INLINE = RegionKind.ISOLATED, RegionKind.INLINE
FORMULA = Region(Box(40, 60, 160, 100), ISOLATED)
SYMBOL = Region(Box(200, 60, 240, 80), INLINE)
LOST = Region(Box(60, 160, 120, 190), INLINE)
NOTHING = Region(Box(180, 160, 260, 190), ISOLATED, 0.8)


def _page(folder: Path, name: str, *regions: Region, width: int = 300, height: int = 240) -> CocoPage:
    path = folder / name
    cv2.imwrite(str(path), np.full((height, width, 3), 255, np.uint8))
    return CocoPage(path, width, height, regions)


def _near(colour: np.ndarray, expected: tuple[int, int, int]) -> bool:
    return bool(np.abs(colour.astype(int) - expected).max() < 40)  # JPEG is not exact


def test_detections_are_told_right_from_false_and_truth_found_from_missed(tmp_path: Path) -> None:
    page = _page(tmp_path, "page.png", FORMULA, SYMBOL, LOST)
    doubtful = Region(LOST.box, INLINE, 0.2)
    twice = Region(FORMULA.box.padded(2), ISOLATED, 0.6)
    judged = judge([doubtful, twice, FORMULA, SYMBOL, NOTHING], page, threshold=0.3)
    assert set(judged.right) == {FORMULA, SYMBOL}
    assert set(judged.false) == {twice, NOTHING}
    assert judged.missed == (LOST,)
    assert judged.errors == 3


def test_a_formula_taken_for_the_other_kind_is_both_missed_and_false(tmp_path: Path) -> None:
    wrong = Region(FORMULA.box, INLINE, 0.9)
    judged = judge([wrong], _page(tmp_path, "page.png", FORMULA), threshold=0.5)
    assert (judged.right, judged.false, judged.missed) == ((), (wrong,), (FORMULA,))


def test_the_worst_page_comes_first_and_pages_without_errors_are_left_out(tmp_path: Path) -> None:
    pages = [
        _page(tmp_path, "good.png", FORMULA),
        _page(tmp_path, "one-error-some-right.png", FORMULA, LOST),
        _page(tmp_path, "one-error.png", LOST),
        _page(tmp_path, "worst.png", FORMULA, SYMBOL),
    ]
    found = [[FORMULA], [FORMULA], [], [NOTHING]]
    worst = draw_worst(tmp_path / "worst", found, pages, threshold=0.5)
    assert [judged.page.path.name for judged in worst] == ["worst.png", "one-error.png", "one-error-some-right.png"]
    assert sorted(path.name for path in (tmp_path / "worst").iterdir()) == ["01.jpg", "02.jpg", "03.jpg"]


def test_pictures_drawn_before_are_replaced(tmp_path: Path) -> None:
    pages = [_page(tmp_path, f"{index}.png", *[LOST, FORMULA][: index + 1]) for index in range(2)]
    folder = tmp_path / "worst"
    draw_worst(folder, [[], []], pages, threshold=0.5)
    (folder / "notes.txt").write_text("mine")
    first = (folder / "01.jpg").read_bytes()
    draw_worst(folder, [[], [FORMULA, LOST]], pages, threshold=0.5)
    assert sorted(path.name for path in folder.iterdir()) == ["01.jpg", "notes.txt"]
    assert (folder / "01.jpg").read_bytes() != first


def test_each_line_has_the_colour_of_what_it_says(tmp_path: Path) -> None:
    page = _page(tmp_path, "page.png", FORMULA, SYMBOL, LOST)
    draw_worst(tmp_path / "worst", [[FORMULA, SYMBOL, NOTHING]], [page], threshold=0.5)
    picture = cv2.imread(str(tmp_path / "worst" / "01.jpg"))[CAPTION_PX:, :, ::-1]
    assert picture.shape == (240, 300, 3)

    def above(region: Region, away_px: int) -> np.ndarray:
        """The pixel over the middle of the upper edge, so many pixels outside (below 0: inside)."""
        return picture[round(region.box.y0) - away_px, round(region.box.center[0])]

    inside, outside = -1, LINE_PX // 2
    for region in (FORMULA, SYMBOL):
        assert _near(above(region, inside), FOUND[region.kind])
        assert _near(above(region, outside), TRUTH)
    assert _near(above(NOTHING, inside), FALSE)
    for away in range(2, MISSED_LINE_PX):
        assert _near(above(LOST, away), MISSED)
    assert _near(picture[220, 20], (255, 255, 255))


def test_a_caption_stands_above_the_page(tmp_path: Path) -> None:
    page = _page(tmp_path, "page.png", LOST)
    captions = [
        np.asarray(draw(judge(found, page, threshold=0.5)))[:CAPTION_PX] for found in ([], [NOTHING], [NOTHING, SYMBOL])
    ]
    assert all(caption.min() < 60 for caption in captions)
    assert not np.array_equal(captions[0], captions[1])
    assert not np.array_equal(captions[1], captions[2])


def test_large_pages_are_reduced_and_small_ones_left_alone(tmp_path: Path) -> None:
    for size in ((2800, 700), (700, 2800)):
        page = _page(tmp_path, "large.png", Region(Box(0, 0, 50, 50), ISOLATED), width=size[0], height=size[1])
        picture = draw(judge([], page, threshold=0.5))
        assert max(picture.size) == LONG_SIDE_PX
        assert picture.width / (picture.height - CAPTION_PX) == pytest.approx(size[0] / size[1], rel=0.02)
    assert draw(judge([], _page(tmp_path, "small.png"), threshold=0.5)).size == (300, 240 + CAPTION_PX)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "worst").write_text("a file")
    with pytest.raises(OutputError, match="worst"):
        draw_worst(tmp_path / "worst", [[]], [_page(tmp_path, "page.png", LOST)], threshold=0.5)
