"""The height of writing is found in print of any size, on ruled and on dark paper."""

import cv2
import numpy as np
import pytest

from detector.text_height import text_height


def written(size: float, paper: int = 255, ink: int = 30) -> np.ndarray:
    """A page of writing whose capitals are about `size` pixels high."""
    page = np.full((900, 700, 3), paper, np.uint8)
    scale = size / 21
    for y in range(60, 860, round(2.5 * size)):
        cv2.putText(page, "A given number of quick dogs", (30, y), cv2.FONT_HERSHEY_SIMPLEX, scale, (ink,) * 3, 1)
    return page


@pytest.mark.parametrize("size", [9, 14, 22, 34])
def test_capitals_and_small_letters_decide(size: int) -> None:
    height = text_height(written(size))
    assert height is not None
    assert 0.6 * size <= height <= 1.25 * size


def test_a_larger_picture_of_the_same_page_is_written_larger() -> None:
    page = written(14)
    small, large = text_height(page), text_height(cv2.resize(page, None, fx=3, fy=3))
    assert small is not None and large is not None
    assert large / small == pytest.approx(3, rel=0.2)


def test_ruled_lines_and_grey_paper_change_little() -> None:
    plain, ruled = written(22), written(22, paper=190)
    ruled[20::36] = 160
    ruled[:, 20::36] = 160
    ruled[written(22)[..., 0] < 128] = 30
    assert text_height(ruled) == pytest.approx(text_height(plain), rel=0.2)


@pytest.mark.parametrize("size", [(1, 1), (40, 3), (500, 400)])
def test_blank_paper_tells_nothing(size: tuple[int, int]) -> None:
    assert text_height(np.full((*size, 3), 255, np.uint8)) is None


def test_a_few_marks_tell_nothing() -> None:
    page = np.full((500, 400, 3), 255, np.uint8)
    page[100:120, 100:110] = page[100:120, 200:210] = 0
    assert text_height(page) is None
