import itertools

import numpy as np
import pytest

from scanpage.geometry import Box
from synth import radical
from synth.bank import Form
from synth.handwrite import Hand, SymbolBank, paint_by_hand, writer_of
from synth.layout import Glyph, Layout, Shape
from synth.letterforms import blackboard, bold, form_of
from synth.marks import Mark, MarkKind
from synth.mathtext import typeset_mathtext
from synth.pen import Ink, Pen


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


def script(name: str, **letters: list[list[list[float]]]) -> Ink:
    """An ink with one symbol a keyword, none of them a mere line."""
    strokes = [np.array(s, np.float32) for parts in letters.values() for s in parts]
    ends = np.cumsum([len(parts) for parts in letters.values()]).tolist()
    symbols = [(label, tuple(range(start, end))) for label, start, end in zip(letters, [0, *ends], ends, strict=False)]
    return Ink(name, "", tuple(strokes), tuple(symbols))


def test_fragments_of_symbols_are_left_out():
    whole = [script(f"w{k}-1", x=[[[0, 0], [10, 10]], [[10, 0], [0, 10]]]) for k in range(30)]
    left = SymbolBank.from_inks([*whole, script("w30-1", x=[[[0, 0], [10, 10]]])]).samples["x"]
    assert len(left) == 30
    assert all(len(sample.form.counts) == 2 for sample in left)
    sticks = [script(f"w{k}-1", l=[[[0, 0], [0, 10]]]) for k in range(30)]  # what all are like stays
    assert len(SymbolBank.from_inks(sticks).samples["l"]) == 30


def test_straight_brackets_are_left_out_unless_there_are_no_others():
    straight = [Ink(f"w{k}-1", "", (np.array([[0, 0], [1, 10]], np.float32),), (("(", (0,)),)) for k in range(9)]
    bent = Ink("w9-1", "", (np.array([[5, 0], [0, 10], [5, 20]], np.float32),), (("(", (0,)),))
    assert [sample.writer for sample in SymbolBank.from_inks([*straight, bent]).samples["("]] == ["w9"]
    assert len(SymbolBank.from_inks(straight).samples["("]) == 9


def test_where_nobody_wrote_many_symbols_several_lend_theirs():
    shape = [[0, 0], [4, 9]]
    wrote = {"a": "xyzabc", "b": "xyzab", "c": "xyza", "d": "x"}
    bank = SymbolBank.from_inks(script(f"{name}-1", **{s: [shape] for s in signs}) for name, signs in wrote.items())
    assert set(bank.fluent) == {"a", "b", "c"}


def test_a_hand_writes_a_symbol_in_two_ways_at_most_and_borrows_from_one_writer():
    zigzag = [[0, 0], [4, 9], [7, 1], [10, 9]]
    writers = {name: [[x * wide, y] for x, y in zigzag] for name, wide in (("b", 1.0), ("c", 2.0), ("d", 3.0))}
    inks = [script(f"{name}-{k}", y=[shape], z=[shape]) for name, shape in writers.items() for k in range(4)]
    bank = SymbolBank.from_inks([*inks, script("a-1", x=[zigzag])])
    marks = [
        Mark(MarkKind.SYMBOL, label, Box(0, -1, 1, 0), Glyph(square("cmmi10", label), 0.0, 0.0, 1.0)) for label in "yz"
    ]
    for seed in range(20):
        hand = Hand(bank, np.random.default_rng(seed))
        chosen = [[hand.choose(mark) for _ in range(12)] for mark in marks]
        assert all(len({id(choice) for choice in choices}) <= 2 for choices in chosen)
        assert len({choice.form.width for choices in chosen for choice in choices}) == 1


def test_one_hand_writes_several_formulas_alike():
    (layout,) = typeset_mathtext(["y"])
    rng = np.random.default_rng(0)
    inks = [script(f"w{k}-1", y=[[[0, 0], [4, 9], [5 + k, 1], [10 + 3 * k, 9]]]) for k in range(12)]
    bank = SymbolBank.from_inks(inks)
    plain = Pen(2.0, 0.0, 0.0, 0.0)

    def widths(hand: Hand | None) -> list[float]:
        painted = [paint_by_hand(layout, bank, 40.0, rng, pen=plain, hand=hand) for _ in range(40)]
        return [p.alpha.shape[1] / p.alpha.shape[0] for p in painted]

    assert np.std(widths(Hand(bank, rng))) < 0.8 * np.std(widths(None))


@pytest.mark.parametrize("formula", [r"f'(x).", r"\dot{a},\ddot{b}", r"x\cdot y:z!"])
def test_primes_dots_and_commas_are_seen_at_small_sizes(bank, formula):
    (layout,) = typeset_mathtext([formula])
    for seed in range(10):
        painted = paint_by_hand(layout, bank, 14.0, np.random.default_rng(seed), pen=Pen(1.2))
        assert len(painted.glyphs) == len(layout.glyphs)
        for name, box in painted.glyphs:
            x0, y0, x1, y1 = box.padded(0.5).clipped(painted.alpha.shape[1], painted.alpha.shape[0]).pixels()
            assert painted.alpha[y0:y1, x0:x1].max() > 90, name


@pytest.mark.parametrize("formula", ["x", "(", r"\sqrt{x}", r"\Omega", r"\int", r"\overline{x}", "K"])
def test_boxes_are_tight(bank, formula):
    (layout,) = typeset_mathtext([formula])
    painted = paint_by_hand(layout, bank, 60.0, np.random.default_rng(1), pen=Pen(2.0, 0.0, 0.0, 0.0))
    height, width = painted.alpha.shape
    around = Box.around(box for _, box in painted.glyphs)
    assert around.xyxy == pytest.approx((0, 0, width, height), abs=2)


def test_stretched_delimiters_span_what_they_enclose(bank):
    pieces = [Glyph(square("cmex10", f"parenleft{part}"), 0.0, y, 1.0) for y, part in enumerate(("tp", "ex", "bt"))]
    rows = [Glyph(square("cmmi10", "x"), 1.0, y, 1.0) for y in (0.2, 1.9)]
    for seed in range(20):
        painted = paint_by_hand(Layout("", (*pieces, *rows), ()), bank, 40.0, np.random.default_rng(seed), pen=Pen(2.0))
        (name, opening), (_, first), (_, second) = painted.glyphs
        assert name == "("
        assert opening.y0 < first.center[1]
        assert opening.y1 > second.center[1]
        assert opening.x1 < first.center[0]


def test_bars_span_what_they_belong_to(bank):
    (layout,) = typeset_mathtext([r"\frac{xx}{x}\sqrt{xxx}"])
    for seed in range(20):
        painted = paint_by_hand(layout, bank, 40.0, np.random.default_rng(seed), pen=Pen(2.0))
        letters = [box for name, box in painted.glyphs if name == "x"]
        (bar,) = (box for name, box in painted.glyphs if name == "rule")
        assert bar.x0 < letters[0].center[0] < letters[1].center[0] < bar.x1
        assert letters[0].y1 - 6 < bar.center[1] < letters[2].y0 + 6
        (radical,) = (box for name, box in painted.glyphs if name == r"\sqrt")
        assert radical.x0 < letters[-3].x0
        assert radical.x1 > letters[-1].center[0]
        assert radical.y0 < min(box.y0 for box in letters[-3:]) + 3


def test_neighbours_do_not_write_over_each_other(bank):
    (layout,) = typeset_mathtext(["x-(x-x)-x"])
    for seed in range(30):
        boxes = [box for _, box in paint_by_hand(layout, bank, 40.0, np.random.default_rng(seed), pen=Pen(2.0)).glyphs]
        for left, right in itertools.pairwise(boxes):
            assert left.center[0] < right.center[0]
            assert left.x1 - right.x0 < 0.35 * min(left.width, right.width) + 4


@pytest.mark.parametrize(
    "sign", [r"\Omega", r"\partial", r"\nabla", "D", "Q", r"\equiv", r"\otimes", r"\langle", r"\ell"]
)
def test_signs_that_the_bank_lacks_are_painted_under_their_printed_name(bank, sign):
    (layout,) = typeset_mathtext([sign])
    painted = paint_by_hand(layout, bank, 50.0, np.random.default_rng(3), pen=Pen(3.0))
    (glyph,) = layout.glyphs
    assert [name for name, _ in painted.glyphs] == [f"{glyph.font}:{glyph.name}"]
    printed = glyph.box.scaled(50.0)
    assert painted.alpha.shape[0] == pytest.approx(printed.height, rel=0.5, abs=6)
    assert painted.alpha.max() > 150


def test_bold_is_heavier_and_blackboard_has_a_line_more():
    letter = Form.of([np.array([[0, 0], [10, 10]]), np.array([[10, 0], [0, 10]])])
    assert len(blackboard(letter, "X").counts) == 3
    assert blackboard(letter, "X").width > 1.1 * blackboard(letter, "X").height
    assert len(bold(letter).counts) == 6
    assert bold(letter).width == pytest.approx(letter.width, rel=0.15)


def test_signs_are_put_together_from_the_hands_own():
    plus = Form.of([np.array([[0, 5], [10, 5]]), np.array([[5, 0], [5, 10]])])
    ring = Form.of([np.array([[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]])])
    both = form_of("circleplus", 0.0, {"+": plus, "o": ring}.get)
    assert both is not None
    assert both.counts == (5, 2, 2)
    assert form_of("circleplus", 0.0, {"o": ring}.get) is None
    assert form_of("arrowright", 0.0, {}.get) is None


def test_a_written_radical_keeps_its_hook_and_lengthens_its_bar():
    form = Form.of([np.array([[0, 60], [10, 50], [20, 100], [35, 2], [60, 0], [100, 3]])])
    longer = radical.fitted(form, width=500.0, height=80.0, hook=40.0)
    corner = longer.points[3] + [250.0, 40.0]
    assert corner == pytest.approx([40.0, 1.6], abs=0.5)
    assert (longer.width, longer.height) == (500.0, 80.0)
    assert longer.points[:, 0].max() == pytest.approx(250.0)
    assert radical.corner(Form.of([np.array([[0, 0], [10, 10]])])) is None
