import numpy as np
import pytest

from recognizer.augment import _neighbours, augmented_crop, clean_crop


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


def crops(by_hand: bool, count: int = 300) -> list[np.ndarray]:
    points = np.zeros((0, 2), np.float32)
    return [augmented_crop(square(), points, np.random.default_rng(k), by_hand=by_hand)[0] for k in range(count)]


def test_some_crops_are_white_on_black_and_some_have_two_shades_only() -> None:
    seen = crops(by_hand=False)
    assert 1 <= sum(np.median(crop) < 80 for crop in seen) <= 20
    assert any(len(np.unique(crop)) == 2 for crop in seen)


def test_handwriting_is_seen_in_pale_pencil_and_print_in_ink() -> None:
    def contrast(crop: np.ndarray) -> float:
        return abs(float(np.median(crop)) - float(crop[crop.shape[0] // 2].astype(int).min()))

    pale = [np.mean([contrast(crop) < 110 for crop in crops(by_hand)]) for by_hand in (True, False)]
    assert pale[0] > pale[1] + 0.05


@pytest.mark.parametrize("side", range(4))
def test_neighbours_reach_in_from_every_side_but_not_far(side: int) -> None:
    alpha = np.zeros((60, 60), np.uint8)
    alpha[20:40, 20:40] = 255
    grown = [_neighbours(alpha, np.random.default_rng(seed)) for seed in range(80)]
    assert all((new >= alpha).all() for new in grown)
    strips = [np.rot90(new, side)[:12] for new in grown]
    assert any(strip.any() for strip in strips)
    assert not any((new != alpha)[12:-12, 12:-12].any() for new in grown)
