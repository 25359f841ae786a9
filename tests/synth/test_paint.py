import dataclasses

import numpy as np
import pytest

from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule, Shape
from synth.mathtext import typeset_mathtext
from synth.paint import paint_print, paint_rectangle, trimmed

FORMULAS = [r"\frac{a+b}{\sqrt{x}} = \sum_{i=0}^{n} \alpha_i", "x", r"\int f(x) \, dx", "-"]


@pytest.fixture(params=FORMULAS)
def layout(request) -> Layout:
    (result,) = typeset_mathtext([request.param])
    assert isinstance(result, Layout)
    return result


def ink_box(alpha: np.ndarray) -> Box:
    ys, xs = np.nonzero(alpha >= 32)
    return Box(xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)


@pytest.mark.parametrize("em_px", [14.0, 27.3, 60.0])
def test_each_box_holds_its_glyph(layout, em_px):
    whole = paint_print(layout, em_px)
    left = [name for name, _ in whole.glyphs]
    assert left == [f"{g.font}:{g.name}" for g in layout.glyphs]
    for glyph, (_, box) in zip(layout.glyphs, whole.glyphs, strict=True):
        alone = ink_box(paint_print(Layout("", (glyph,), ()), em_px).alpha)
        assert (box.width, box.height) == pytest.approx((alone.width, alone.height), abs=2)
        x0, y0, x1, y1 = box.padded(1).clipped(whole.alpha.shape[1], whole.alpha.shape[0]).pixels()
        assert whole.alpha[y0:y1, x0:x1].max() > 64


def test_no_ink_outside_the_boxes(layout):
    painted = paint_print(dataclasses.replace(layout, rules=()), 40.0)
    rest = painted.alpha.copy()
    for _, box in painted.glyphs:
        x0, y0, x1, y1 = box.padded(2).clipped(rest.shape[1], rest.shape[0]).pixels()
        rest[y0:y1, x0:x1] = 0
    assert rest.max() == 0


def test_picture_is_tight(layout):
    alpha = paint_print(layout, 30.0, shift=(0.4, 0.7)).alpha
    assert all(edge.max() >= 16 for edge in (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1]))


def test_size_and_baseline_scale_with_em(layout):
    painted = paint_print(layout, 50.0)
    box = layout.box
    assert painted.alpha.shape == pytest.approx((box.height * 50, box.width * 50), abs=3)
    assert painted.baseline_px == pytest.approx(-box.y0 * 50, abs=2)


def test_ink_area_is_the_outline_area():
    square = Layout("", (), (Rule(Box(0.0, 0.0, 1.0, 1.0)),))
    assert paint_print(square, 20.5).alpha.sum() / 255 == pytest.approx(20.5**2, rel=0.01)


def test_weight_makes_bolder_and_lighter(layout):
    light, plain, bold = (paint_print(layout, 40.0, weight=w).alpha.sum() for w in (-0.01, 0.0, 0.02))
    assert light < plain < bold


def test_shift_moves_edges_not_the_picture(layout):
    here, there = (paint_print(layout, 30.0, shift=s).alpha for s in ((0.0, 0.0), (0.5, 0.5)))
    assert np.abs(np.array(here.shape) - there.shape).max() <= 1
    assert here.sum() == pytest.approx(float(there.sum()), rel=0.06)


def test_painting_twice_gives_the_same_pixels(layout):
    assert np.array_equal(paint_print(layout, 25.0).alpha, paint_print(layout, 25.0).alpha)


def test_rectangles_cover_pixels_by_their_share():
    canvas = np.zeros((3, 3), dtype=np.uint8)
    paint_rectangle(canvas, Box(0.5, 1.0, 2.0, 1.5))
    assert canvas.tolist() == [[0, 0, 0], [63, 127, 0], [0, 0, 0]]


def test_a_glyph_that_leaves_the_canvas_is_not_an_error():
    (layout,) = typeset_mathtext(["j"])
    big = Glyph(layout.glyphs[0].shape, 0.0, 0.0, 3.0)
    assert paint_print(Layout("", (big,), ()), 4.0).alpha.max() > 0


def test_blank_canvas_stays_as_it_is():
    blank = trimmed(np.zeros((4, 5), dtype=np.uint8), [], np.zeros((0, 4)), 2.0)
    assert blank.alpha.shape == (4, 5)
    assert blank.baseline_px == 2.0


def test_fonts_of_one_name_are_told_apart() -> None:
    wide = Shape("cmr10", "x", (np.array([[0, 0], [2000, 0], [2000, -1000], [0, -1000]], np.int16),))
    narrow = Shape("cmr10", "x", (np.array([[0, 0], [500, 0], [500, -1000], [0, -1000]], np.int16),))
    widths = [paint_print(Layout("x", (Glyph(s, 0.0, 0.0, 1.0),), ()), 40.0).alpha.shape[1] for s in (wide, narrow)]
    assert widths[0] > 3 * widths[1]
