import numpy as np
import pytest

from recognizer.augment import augmented_crop, clean_crop


def square() -> np.ndarray:
    alpha = np.zeros((40, 120), np.uint8)
    alpha[10:30, 50:70] = 255
    return alpha


def test_a_clean_crop_is_black_on_white_with_a_margin() -> None:
    crop = clean_crop(square())
    assert crop.shape == (50, 130)
    assert crop[0, 0] == 255
    assert crop[25, 65] == 0


@pytest.mark.parametrize("by_hand", [False, True])
def test_points_stay_on_their_ink(by_hand: bool) -> None:
    for seed in range(40):
        crop, points = augmented_crop(
            square(), np.array([[60.0, 20.0]], np.float32), np.random.default_rng(seed), by_hand=by_hand
        )
        x, y = points[0].round().astype(int)
        around = crop[max(y - 3, 0) : y + 4, max(x - 3, 0) : x + 4].astype(float)
        # Ink is darker than paper, unless the crop was turned to white on black: the point differs from the corner.
        assert abs(around.mean() - np.median(crop[0])) > 15, seed


def test_the_same_seed_gives_the_same_crop() -> None:
    points = np.zeros((0, 2), np.float32)
    first, second = (augmented_crop(square(), points, np.random.default_rng(7), by_hand=True)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_small_crops_are_augmented_too() -> None:
    tiny = np.full((6, 5), 255, np.uint8)
    for seed in range(60):
        crop, _ = augmented_crop(tiny, np.zeros((0, 2), np.float32), np.random.default_rng(seed), by_hand=True)
        assert crop.ndim == 2
        assert crop.size > 0
