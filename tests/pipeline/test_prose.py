from __future__ import annotations

import logging
import socket
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.prose import Letters, RapidProse, TextPiece, join_lines, letters_of, paint_over, split_at, straightened
from scanpage.document import Formula
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


def formula(box: Box, latex: str = "x", kind: RegionKind = RegionKind.INLINE) -> Formula:
    return Formula(Region(box, kind), latex, 0.9)


def quad(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def spans(parts: Sequence[np.ndarray]) -> list[tuple[int, int]]:
    return [(round(float(part[:, 0].min())), round(float(part[:, 0].max()))) for part in parts]


@pytest.mark.parametrize(
    ("holes", "expected"),
    [
        ([], [(0, 200)]),
        ([(50, 2, 80, 18)], [(0, 50), (80, 200)]),
        ([(0, 0, 30, 20), (170, 0, 200, 20)], [(30, 170)]),  # at both ends
        ([(50, 0, 80, 20), (82, 0, 100, 20)], [(0, 50), (100, 200)]),  # nothing fits between the two
        ([(50, 0, 120, 20), (70, 0, 90, 20)], [(0, 50), (120, 200)]),  # one inside the other
        ([(50, 40, 80, 60)], [(0, 200)]),  # of the next line
        ([(-10, -5, 300, 25)], []),  # all of it
    ],
)
def test_split_at(holes: list[tuple[float, float, float, float]], expected: list[tuple[int, int]]) -> None:
    assert spans(split_at(quad(0, 0, 200, 20), [Box(*hole) for hole in holes])) == expected


def test_split_follows_a_slanted_line() -> None:
    slanted = np.array([[0, 0], [200, 40], [200, 60], [0, 20]], np.float32)
    on_it, below_it = Box(150, 32, 180, 52), Box(10, 40, 40, 58)
    assert spans(split_at(slanted, [on_it, below_it])) == [(0, 150), (180, 200)]


def test_lines_are_joined_around_formulas_on_their_baseline() -> None:
    pieces = [
        TextPiece(Box(0, 0, 50, 20), "where", 0.9),
        TextPiece(Box(80, 1, 120, 21), "and", 0.8),
        TextPiece(Box(0, 30, 50, 50), "below", 0.7),
        TextPiece(Box(400, 0, 450, 20), "far", 0.6),
    ]
    first, second, = formula(Box(55, 4, 76, 18), "a"), formula(Box(125, 2, 150, 20), "b")  # fmt: skip
    lines = join_lines(pieces, [second, first])
    texts = [line.text for line in lines]
    assert sorted(texts) == ["below", "far", "where $a$ and $b$"]
    assert next(line for line in lines if line.text.startswith("where")).score == 0.8


def test_sloping_lines_are_joined_where_they_meet() -> None:
    """Pieces of two lines that fall by more than their height over the page."""
    falling = [("a", 0, 10, 20), ("b", 102, 20, 30), ("A", 0, 30, 40), ("B", 102, 40, 50)]
    pieces = [
        TextPiece(Box(x, left - 9, x + 100, right + 9), name, 0.9, (left, right, 18))
        for name, x, left, right in falling
    ]
    assert sorted(line.text for line in join_lines(pieces, [])) == ["A B", "a b"]


def test_lines_are_not_joined_across_a_gutter() -> None:
    pieces = [TextPiece(Box(0, 0, 50, 20), "left", 0.9), TextPiece(Box(70, 0, 120, 20), "right", 0.9)]
    assert [line.text for line in join_lines(pieces, [])] == ["left right"]
    assert sorted(line.text for line in join_lines(pieces, [], gutters=[60.0])) == ["left", "right"]


def test_the_longest_piece_tells_the_size_of_a_lines_letters() -> None:
    pieces = [
        TextPiece(Box(0, 0, 20, 20), "1)", 0.9, letters=Letters(7.0, 1.0)),
        TextPiece(Box(25, 0, 120, 20), "plain prose", 0.9, letters=Letters(11.0, 2.0)),
    ]
    assert [(line.letter_px, line.stroke_px) for line in join_lines(pieces, [])] == [(11.0, 2.0)]
    assert [line.letter_px for line in join_lines([], [formula(Box(0, 0, 10, 10))])] == [None]


def test_letters_are_as_high_as_their_tall_ones() -> None:
    strip = np.full((30, 200, 3), 250, np.uint8)
    for k in range(12):
        strip[(6 if k % 3 == 0 else 12) : 24, 10 + 15 * k : 18 + 15 * k] = 20
    letters = letters_of(strip)
    assert letters is not None and letters.height_px == 18
    assert letters_of(np.full((30, 200, 3), 250, np.uint8)) is None


@pytest.mark.parametrize("thickness", [2, 3, 5])
def test_strokes_are_as_thick_as_they_were_drawn(thickness: int) -> None:
    y, x = np.mgrid[0:60, 0:400]
    rings = abs(np.hypot(x % 40 - 20, y - 30) - 12) < thickness / 2
    letters = letters_of(np.where(rings[..., None], 20, 250).repeat(3, axis=2).astype(np.uint8))
    assert letters is not None and letters.stroke_px == pytest.approx(thickness, rel=0.15)


def test_formula_alone_is_a_line_of_its_own() -> None:
    (line,) = join_lines([], [formula(Box(0, 0, 10, 10))])
    assert line.text == "$x$" and line.score == 1.0


def test_paint_over_takes_the_colour_of_the_paper() -> None:
    page = np.full((60, 100, 3), (240, 230, 200), np.uint8)
    page[20:40, 30:60] = 10
    painted = paint_over(page, [Box(30, 20, 60, 40)])
    assert (painted == (240, 230, 200)).all()
    assert (page[20:40, 30:60] == 10).all()


def test_straightened_turns_a_slanted_strip_upright() -> None:
    page = np.zeros((100, 200, 3), np.uint8)
    page[:, 100:] = 255
    strip = straightened(page, np.array([[50, 20], [150, 40], [146, 60], [46, 40]], np.float32))
    assert strip.shape == (20, 102, 3)
    assert strip[:, :40].max() == 0 and strip[:, 70:].min() == 255


def draw_text_page(*lines: tuple[str, int, int], size: tuple[int, int] = (900, 400)) -> np.ndarray:
    """A page with lines of print at given places, uint8 RGB `[H, W, 3]`."""
    page = Image.new("RGB", size, "white")
    font = ImageFont.load_default(30)
    for text, x, y in lines:
        ImageDraw.Draw(page).text((x, y), text, fill="black", font=font)
    return np.asarray(page)


@pytest.fixture(scope="module")
def reader() -> RapidProse:
    return RapidProse(1)


def test_print_is_read_around_its_formulas_without_any_network(
    reader: RapidProse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    page = draw_text_page(
        ("Let the number XXXX be positive.", 40, 40), ("QQQQQQQQQQQQQQ", 300, 150), ("Then it is done", 40, 260)
    )
    inline = formula(Box(250, 42, 335, 75), "n")
    isolated = formula(Box(290, 140, 620, 195), "q", RegionKind.ISOLATED)
    lines = sorted(reader.read(page, [inline, isolated]), key=lambda line: line.box.y0)
    assert [line.text for line in lines] == ["Let the number $n$ be positive.", "Then it is done"]
    assert lines[0].formulas == (inline,)


def test_a_glance_reads_each_box(reader: RapidProse) -> None:
    page = draw_text_page(("Divide by two", 40, 40), ("and bring it over", 300, 200))
    readings = reader.glance(page, [Box(35, 38, 240, 80), Box(295, 195, 560, 240)])
    assert [text for text, _ in readings] == ["Divide by two", "and bring it over"]
    assert all(0.8 < score <= 1 for _, score in readings)


def test_what_is_left_out_is_told_of(
    reader: RapidProse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pipeline.prose.MIN_SCORE", 1.1)
    with caplog.at_level(logging.DEBUG, "pipeline"):
        assert reader.read(draw_text_page(("Then it is done", 40, 260)), []) == []
    assert "left out as no text: 'Then it is done'" in caplog.text


def test_an_empty_page_holds_no_prose(reader: RapidProse) -> None:
    assert reader.read(np.full((200, 300, 3), 255, np.uint8), []) == []


def test_version_names_the_package(reader: RapidProse) -> None:
    assert reader.version.startswith("rapidocr 3.")
