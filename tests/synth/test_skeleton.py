import numpy as np

from synth.layout import Shape
from synth.mathtext import typeset_mathtext
from synth.skeleton import skeleton, thin


def test_thinning_leaves_the_middle_line_of_a_bar():
    ink = np.zeros((9, 30), dtype=bool)
    ink[2:7, 2:28] = True
    ys, xs = np.nonzero(thin(ink))
    assert set(ys.tolist()) <= {3, 4, 5}
    assert np.ptp(xs) > 18
    assert len(xs) < 30


def test_skeleton_of_a_colon_has_two_dots():
    dot = np.array([[0, 0], [200, 0], [200, -200], [0, -200]], dtype=np.int16)
    strokes = skeleton(Shape("f", "colon", (dot, (dot - [0, 800]).astype(np.int16))))
    assert len(strokes) == 2
    low, high = sorted(float(stroke[:, 1].mean()) for stroke in strokes)
    assert abs(low + 0.45) < 0.03
    assert abs(high + 0.05) < 0.03


def test_skeleton_stays_inside_the_glyph():
    for glyph in typeset_mathtext([r"A\omega\partial 8"])[0].glyphs:
        points = np.concatenate(skeleton(glyph.shape))
        box = glyph.shape.ink.padded(0.03)
        assert box.x0 <= points[:, 0].min() <= points[:, 0].max() <= box.x1
        assert box.y0 <= points[:, 1].min() <= points[:, 1].max() <= box.y1


def test_skeleton_runs_smoothly():
    (glyph,) = typeset_mathtext(["0"])[0].glyphs
    for stroke in skeleton(glyph.shape):
        steps = np.diff(stroke, axis=0)
        steps = steps[np.hypot(*steps.T) > 0.02]  # where a ring closes, a tiny step may lead back
        turns = np.abs(np.angle(np.exp(1j * np.diff(np.arctan2(steps[:, 1], steps[:, 0])))))
        assert turns.max() < np.pi / 3  # steps from pixel to pixel would turn by up to a right angle
