from dataclasses import replace

import numpy as np
import pytest
import torch

from recognizer.config import ImageConfig, TrainConfig
from recognizer.dataset import NO_SIGN, Sample, draw, ink_source, packed, print_source, sign_class, sign_grid
from synth.layout import Layout
from synth.mathtext import typeset_mathtext
from synth.pen import Ink

IMAGE = ImageConfig()


@pytest.fixture(scope="module")
def layouts() -> list[Layout]:
    return [layout for layout in typeset_mathtext(["x ^ { 2 }", "\\frac { a } { b }"]) if isinstance(layout, Layout)]


def blank(height: int, width: int) -> Sample:
    return Sample(np.zeros((height, width), np.uint8), ("x",), np.zeros((0, 2), np.float32), np.zeros(0, np.int64))


def test_print_samples_carry_their_label_and_signs(layouts: list[Layout]) -> None:
    source = print_source(layouts, [layout.latex for layout in layouts], ImageConfig(), share=1.0)
    sample = draw(source, 0, ImageConfig(), np.random.default_rng(0))
    assert sample.tokens == ("x", "^", "{", "2", "}")
    assert len(sample.sign_points) == len(sample.sign_classes) == 2
    height, width = sample.picture.shape
    assert (sample.sign_points >= 0).all()
    assert (sample.sign_points < [width, height]).all()


def test_signs_stand_on_dark_pixels(layouts: list[Layout]) -> None:
    source = print_source(layouts, [layout.latex for layout in layouts], ImageConfig(), share=1.0)
    sample = draw(source, 0, ImageConfig(), np.random.default_rng(3), augment=False)
    for x, y in sample.sign_points.astype(int):
        assert sample.picture[max(y - 5, 0) : y + 6, max(x - 5, 0) : x + 6].min() < 100


def cross(unit: float) -> Ink:
    """Three plus signs in a row, each ten units high."""
    strokes = []
    for x in (0, 20, 40):
        strokes += [[[x, 5], [x + 10, 5]], [[x + 5, 0], [x + 5, 10]]]
    arrays = tuple(unit * np.array(stroke, np.float32) for stroke in strokes)
    return Ink("a", "+ + +", arrays, ())


@pytest.mark.parametrize("unit", [0.01, 1.0, 300.0])
def test_inks_are_painted_at_about_the_models_size_whatever_their_unit(unit: float) -> None:
    source = ink_source([cross(unit)], [("+", "+", "+")], IMAGE, share=1.0)
    for seed in range(8):
        painted = source.paint(0, np.random.default_rng(seed)).alpha.shape
        picture = draw(source, 0, IMAGE, np.random.default_rng(seed), augment=False).picture.shape
        assert 0.4 < painted[1] / picture[1] < 2.0


def test_a_dot_alone_is_an_ink_too() -> None:
    ink = Ink("a", ".", (np.array([[7.0, 7.0]], np.float32),), ())
    sample = draw(ink_source([ink], [(".",)], IMAGE, share=1.0), 0, IMAGE, np.random.default_rng(0))
    assert min(sample.picture.shape) >= 8


def test_training_shows_one_formula_at_several_sizes(layouts: list[Layout]) -> None:
    source = print_source(layouts, [layout.latex for layout in layouts], IMAGE, share=1.0)
    long = replace(IMAGE, min_area_px=1)  # else short formulas are as large as may be
    heights = [draw(source, 1, long, np.random.default_rng(seed)).picture.shape[0] for seed in range(12)]
    assert max(heights) > 1.3 * min(heights)


def test_packed_keeps_every_sample_and_the_pixel_budget() -> None:
    rng = np.random.default_rng(0)
    samples = [blank(int(h), int(w)) for h, w in rng.integers(16, 200, (100, 2))]
    train = TrainConfig(batch_px=60_000, max_batch=8)
    batches = list(packed(samples, train))
    assert sorted(id(s) for b in batches for s in b) == sorted(id(s) for s in samples)
    for batch in batches:
        height, width = (max(s.picture.shape[side] for s in batch) for side in (0, 1))
        assert len(batch) <= 8
        assert len(batch) == 1 or len(batch) * height * width <= 60_000


def test_a_sample_over_the_budget_still_gets_its_batch() -> None:
    assert len(list(packed([blank(100, 100)], TrainConfig(batch_px=10)))) == 1


def test_design_sizes_of_a_font_are_one_class() -> None:
    assert sign_class("cmmi7:x") == sign_class("cmmi10:x")
    assert sign_class("cmmi10:x") != sign_class("cmr10:x")


def test_the_sign_grid_names_the_cell_that_holds_the_centre() -> None:
    sample = Sample(np.zeros((32, 24), np.uint8), ("x",), np.array([[17.0, 20.0]], np.float32), np.array([5]))
    grid = sign_grid([sample], 2, 3)
    expected = torch.full((1, 2, 3), NO_SIGN)
    expected[0, 1, 2] = 5
    assert torch.equal(grid, expected)
