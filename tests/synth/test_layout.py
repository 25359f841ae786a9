import numpy as np
import pytest

from scanpage.geometry import Box
from synth.layout import UNITS_PER_EM, Glyph, Layout, Rule, Shape

# A square of half an em that stands on the baseline, a tenth of an em right of its origin.
SQUARE = Shape("font", "square", (np.array([[200, 0], [1200, 0], [1200, -1000], [200, -1000]], dtype=np.int16),))


def test_ink_of_a_shape_is_in_em():
    assert UNITS_PER_EM == 2000
    assert SQUARE.ink.xyxy == pytest.approx((0.1, -0.5, 0.6, 0.0))


def test_a_blank_shape_has_an_empty_box():
    assert Shape("font", "space", ()).ink.area == 0


def test_glyph_box_follows_position_and_size():
    assert Glyph(SQUARE, 1.0, 2.0, 2.0).box.xyxy == pytest.approx((1.2, 1.0, 2.2, 2.0))


def test_shapes_are_compared_by_name_and_outline():
    same = Shape("font", "square", tuple(contour.copy() for contour in SQUARE.contours))
    assert same == SQUARE and hash(same) == hash(SQUARE)
    assert Shape("font", "circle", SQUARE.contours) != SQUARE
    assert Shape("font", "square", ()) != SQUARE


def test_layout_box_holds_glyphs_and_rules():
    layout = Layout("x", (Glyph(SQUARE, 0.0, 0.0, 1.0),), (Rule(Box(-1.0, 0.1, 3.0, 0.2)),))
    assert layout.box.xyxy == pytest.approx((-1.0, -0.5, 3.0, 0.2))
