import numpy as np
import pytest

from scanpage.geometry import Box
from synth.handwrite import SymbolBank, paint_by_hand, writer_of
from synth.layout import Glyph, Layout, Rule, Shape
from synth.marks import MarkKind, marks_of
from synth.mathtext import typeset_mathtext
from synth.pen import Ink, Pen
from synth.skeleton import skeleton, thin


def square(font: str, name: str, width: int = 1000, height: int = 1000) -> Shape:
    corners = np.array([[0, 0], [width, 0], [width, -height], [0, -height]], dtype=np.int16)
    return Shape(font, name, (corners,))


@pytest.fixture
def bank() -> SymbolBank:
    def ink(name: str, letter: str, *strokes: list[list[float]]) -> Ink:
        return Ink(
            name, letter, tuple(np.array(s, np.float32) for s in strokes), ((letter, tuple(range(len(strokes)))),)
        )

    return SymbolBank.from_inks(
        [
            ink("formulaire001-equation001", "x", [[0, 0], [10, 10]], [[10, 0], [0, 10]]),
            ink("formulaire002-equation001", "x", [[0, 0], [5, 9], [10, 0]], [[5, 9], [3, 20]]),
            ink("formulaire001-equation002", "-", [[0, 0], [30, 1]]),
            ink("101_Ann", "(", [[5, 0], [0, 10], [5, 20]]),
        ]
    )


@pytest.mark.parametrize(
    ("ink_id", "writer"),
    [
        ("formulaire012-equation034", "formulaire012"),
        ("101_Ann", "Ann"),
        ("200922-949-183", "200922-949"),
        ("KME2G3_9_sub_38", "KME2G3_9_sub"),
        ("MfrDB1440", "MfrDB1440"),
    ],
)
def test_writers_are_told_by_file_names(ink_id, writer):
    assert writer_of(ink_id) == writer


def test_bank_prefers_the_writer_and_falls_back_on_everyone(bank):
    assert {s.writer for s in bank.by("x", "formulaire002")} == {"formulaire002"}
    assert {s.writer for s in bank.by("x", "Ann")} == {"formulaire001", "formulaire002"}
    assert bank.by("y", "Ann") == ()


def test_extensible_pieces_become_one_delimiter():
    pieces = [Glyph(square("cmex10", f"parenleft{part}"), 1.0, y, 1.0) for y, part in enumerate(("tp", "ex", "bt"))]
    letter = Glyph(square("cmmi10", "x"), 2.0, 0.0, 1.0)
    delimiter, x = marks_of(Layout("", (*pieces, letter), ()))
    assert delimiter.label == "("
    assert delimiter.box.xyxy == pytest.approx((1.0, -0.5, 1.5, 2.0))
    assert x.label == "x"


def test_radicals_take_their_bar():
    sign = Glyph(square("cmsy10", "radical"), 0.0, 1.0, 1.0)
    bar, other = Rule(Box(0.5, 0.5, 2.0, 0.54)), Rule(Box(3.0, 0.0, 4.0, 0.04))
    radical, fraction = marks_of(Layout("", (sign,), (other, bar)))
    assert radical.kind is MarkKind.RADICAL
    assert radical.box.xyxy == pytest.approx((0.0, 0.5, 2.0, 1.0))
    assert radical.hook == pytest.approx(0.5)
    assert fraction.kind is MarkKind.RULE
    assert fraction.box == other.box


def test_calligraphic_letters_are_not_plain_ones():
    marks = marks_of(Layout("", (Glyph(square("cmsy10", "F"), 0, 0, 1), Glyph(square("cmmi10", "F"), 1, 0, 1)), ()))
    assert [m.label for m in marks] == ["", "F"]


def test_written_symbols_fill_the_places_of_the_printed_ones(bank):
    layout = Layout("x - x", tuple(Glyph(square("cmmi10", "x"), x, 0.0, 1.0) for x in (0.0, 2.0)), ())
    for seed in range(10):
        painted = paint_by_hand(layout, bank, 40.0, np.random.default_rng(seed), pen=Pen(2.0))
        first, second = (box for _, box in painted.glyphs)
        assert [name for name, _ in painted.glyphs] == ["x", "x"]
        assert first.x1 < second.x0
        assert 12 < first.height < 36
        assert painted.baseline_px == pytest.approx(painted.alpha.shape[0], abs=12)


def test_boxes_hold_the_ink(bank):
    (layout,) = typeset_mathtext([r"\frac{x-1}{\sqrt{y}} = (\omega)"])
    for seed in range(10):
        painted = paint_by_hand(layout, bank, 40.0, np.random.default_rng(seed))
        rest = painted.alpha.copy()
        for _, box in painted.glyphs:
            x0, y0, x1, y1 = box.padded(2).clipped(rest.shape[1], rest.shape[0]).pixels()
            rest[y0:y1, x0:x1] = 0
        assert rest.max() == 0


def test_an_empty_bank_copies_everything_from_print():
    (layout,) = typeset_mathtext(["a+b"])
    painted = paint_by_hand(layout, SymbolBank({}), 40.0, np.random.default_rng(0))
    assert [name for name, _ in painted.glyphs] == [f"{g.font}:{g.name}" for g in layout.glyphs]
    assert painted.alpha.max() > 100


def test_same_seed_same_pixels(bank):
    (layout,) = typeset_mathtext(["x-(x)"])
    first, again = (paint_by_hand(layout, bank, 30.0, np.random.default_rng(5)).alpha for _ in range(2))
    assert np.array_equal(first, again)


def test_thinning_leaves_the_middle_line_of_a_bar():
    ink = np.zeros((9, 30), dtype=bool)
    ink[2:7, 2:28] = True
    ys, xs = np.nonzero(thin(ink))
    assert set(ys.tolist()) <= {3, 4, 5}
    assert np.ptp(xs) > 18
    assert len(xs) < 30


def test_skeleton_of_a_colon_has_two_dots():
    dots = (square("f", "d", 200, 200).contours[0], square("f", "d", 200, 200).contours[0] + np.int16(0) - [0, 800])
    strokes = skeleton(Shape("f", "colon", tuple(d.astype(np.int16) for d in dots)))
    assert len(strokes) == 2
    assert sorted(float(s[:, 1].mean()) for s in strokes) == pytest.approx([-0.45, -0.05], abs=0.03)


def test_skeleton_stays_inside_the_glyph():
    for glyph in typeset_mathtext([r"A\omega\partial 8"])[0].glyphs:
        points = np.concatenate(skeleton(glyph.shape))
        box = glyph.shape.ink.padded(0.03)
        assert box.x0 <= points[:, 0].min() <= points[:, 0].max() <= box.x1
        assert box.y0 <= points[:, 1].min() <= points[:, 1].max() <= box.y1
