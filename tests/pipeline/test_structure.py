"""Running heads and page numbers go, headings and items of lists are told from prose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.assemble import assemble
from pipeline.structure import UsualLetters, begins_item, heading_level
from scanpage.document import Figure, Formula, Page, Paragraph, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

PAGE = Page("a.png", 1, 600, 800, 200.0)


USUAL = UsualLetters(10.0, 2.0)


def text(
    x0: float, y0: float, x1: float, content: str, *, letter: float | None = 10, stroke: float | None = 2
) -> TextLine:
    return TextLine(Box(x0, y0, x1, y0 + 16), (content,), 0.9, letter, stroke)


BODY = [text(50, 100 + 20 * k, 550, f"line {k} of some plain prose") for k in range(6)]


def said(*lines: TextLine) -> list[tuple[int, str]]:
    blocks = assemble(PAGE, [*BODY, *lines], []).blocks
    return [(b.heading, " / ".join(line.text for line in b.lines)) for b in blocks if isinstance(b, Paragraph)]


PROSE = (0, " / ".join(line.text for line in BODY))


@pytest.mark.parametrize(
    "lines",
    [
        [text(290, 770, 310, "12")],
        [text(270, 770, 330, "– xiv –")],
        [text(250, 770, 330, "Page 3 of 10")],
        [text(500, 30, 550, "169")],
        [text(50, 30, 200, "On plain curves"), text(520, 30, 550, "169")],
        [text(50, 30, 80, "170"), text(300, 30, 550, "A. Author")],
        [text(290, 690, 310, "12")],  # where articles of LaTeX have it
    ],
)
def test_heads_and_page_numbers_are_left_out(lines: list[TextLine]) -> None:
    assert said(*lines) == [PROSE]


SMALL_PRINT = text(50, 30, 300, "On plain curves", letter=8.5)


def test_small_print_alone_above_all_else_is_left_out() -> None:
    assert said(SMALL_PRINT) == [PROSE]


@pytest.mark.parametrize(
    "lines",
    [
        [text(50, 30, 300, "On plain curves", letter=9.5)],
        [text(50, 30, 300, "Curves are plain.", letter=8.5)],
        [text(50, 30, 300, "(a) Plain curves", letter=8.5)],
        [text(50, 30, 300, "Table 3: Plain curves", letter=8.5)],
        [text(50, 30, 100, "can one", letter=8.5)],  # too few letters to tell
        [text(50, 30, 300, "Now our means are near one", letter=6.8)],  # hardly one of them tall
        [text(50, 30, 300, "that began on the last page", letter=8.5)],
        [text(50, 30, 300, "Abb. 3 Plain curves that bend", letter=8.5)],
        [text(50, 75, 300, "On plain curves", letter=8.5)],  # too near to the prose
        [text(50, 50, 300, "and others", letter=8.5), SMALL_PRINT],
        [text(50, 5, 300, "Curves", letter=14), SMALL_PRINT],  # not the first
        [text(50, 770, 300, "On plain curves", letter=8.5)],  # a footnote
    ],
)
def test_other_small_print_stays(lines: list[TextLine]) -> None:
    found = " / ".join(content for _, content in said(*lines))
    assert all(line.text in found for line in lines)


def test_small_print_right_above_a_picture_is_its_caption() -> None:
    picture = Figure(Box(50, 50, 550, 95), b"\xff\xd8\xff")
    blocks = assemble(PAGE, [*BODY, SMALL_PRINT], [], [picture]).blocks
    assert [type(block).__name__ for block in blocks] == ["Paragraph", "Figure", "Paragraph"]


@pytest.mark.parametrize(
    "line",
    [
        text(50, 30, 70, "3"),  # at the left: a question's number
        text(50, 30, 300, "On plain curves"),  # a title
        text(290, 300, 310, "12"),  # in the middle of the page
        text(500, 770, 530, "(12)"),  # an equation's number
        text(290, 222, 310, "12"),  # right under the prose
        text(290, 30, 310, "C"),  # no number
    ],
)
def test_what_may_be_more_than_that_stays(line: TextLine) -> None:
    assert any(line.text in content for _, content in said(line))


def test_a_row_of_a_table_near_the_top_stays_unless_it_goes_across_the_page() -> None:
    body = [replace(line, box=line.box.translated(0, 60)) for line in BODY]
    for x0, stays in ((180, True), (500, False)):
        row = [text(50, 88, 120, "Homework"), text(x0, 88, x0 + 10, "3")]
        blocks = assemble(PAGE, [*body, *row], []).blocks
        assert any("Homework" in line.text for b in blocks if isinstance(b, Paragraph) for line in b.lines) == stays


def test_a_running_head_over_two_columns_is_left_out() -> None:
    lines = [text(x, 100 + 20 * k, x + 240, f"line {k} of plain prose") for x in (50, 310) for k in range(9)]
    head = [text(50, 30, 200, "On plain curves"), text(520, 30, 550, "169")]
    blocks = assemble(PAGE, [*lines, *head], []).blocks
    assert [b.lines[0].text for b in blocks if isinstance(b, Paragraph)] == ["line 0 of plain prose"]


def test_a_question_alone_at_the_top_stays() -> None:
    assert said(text(50, 30, 70, "3)"), text(90, 30, 300, "Draw plain curves"))[0] == (0, "3) Draw plain curves")


def test_a_formula_that_is_a_number_at_the_foot_is_left_out_too() -> None:
    number = Formula(Region(Box(290, 770, 310, 786), RegionKind.ISOLATED), "1 2", 0.9)
    assert len(assemble(PAGE, BODY, [number]).blocks) == 1


def test_large_letters_make_a_heading() -> None:
    assert said(text(50, 60, 300, "Plain curves", letter=13)) == [(1, "Plain curves"), PROSE]


def test_a_numbered_line_is_a_heading_of_a_part() -> None:
    assert said(text(50, 60, 300, "2.1 Plain curves")) == [(2, "2.1 Plain curves"), PROSE]


def test_cells_side_by_side_are_no_heading() -> None:
    cells = [text(50, 300, 120, "Plain", letter=14), text(300, 300, 370, "Curved", letter=14)]
    assert said(*cells)[-1] == (0, "Plain Curved")


def test_a_heading_may_have_two_lines() -> None:
    lines = [text(50, 40, 300, "Plain curves", letter=13), text(50, 57, 300, "and others", letter=13)]
    assert said(*lines)[:2] == [(1, "Plain curves"), (1, "and others")]


@pytest.mark.parametrize(("letter", "level"), [(12, 0), (14, 1)])
def test_a_line_within_a_paragraph_is_no_heading_unless_it_is_much_larger(letter: float, level: int) -> None:
    within = TextLine(Box(50, 98, 300, 118), ("Of plain curves",), 0.9, letter)
    assert heading_level(within, USUAL, above=BODY[0]) == level
    assert heading_level(within, USUAL) == 1


@pytest.mark.parametrize(
    ("content", "letter"),
    [
        ("Plain curves", 10),  # no larger than the rest
        ("are all of them plain.", 13),  # ends a sentence
        ("Figure 3 Plain curves", 13),  # a caption
        ("(b) Plain", 13),  # brackets are higher than letters
        ("3.141 592", 13),  # a number
        ("of plain curves", 13),  # goes on
        ("2.1. Plain curves. They are", 13),  # the text begins on the same line
        ("Plain curves", None),  # of unknown size
    ],
)
def test_other_lines_are_no_headings(content: str, letter: float | None) -> None:
    assert heading_level(text(0, 0, 100, content, letter=letter), USUAL) == 0


def test_a_line_that_ends_with_its_neighbours_is_no_heading_unless_it_is_much_larger() -> None:
    line = text(50, 100, 550, "Plain Curves", letter=12)
    for near in ({"above": text(50, 70, 550, "prose")}, {"below": text(50, 130, 550, "prose")}):
        assert heading_level(line, USUAL, **near) == 0
        assert heading_level(replace(line, letter_px=14.0), USUAL, **near) == 1
    assert heading_level(line, USUAL, below=text(50, 130, 600, "prose")) == 1
    assert heading_level(line, USUAL, below=text(50, 130, 550, "And Others", letter=12)) == 1


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (text(50, 0, 200, "Plain curves", stroke=3), 1),
        (text(50, 0, 200, "3.1 Plain curves", stroke=3), 2),
        (text(50, 0, 200, "Plain curves", letter=11, stroke=2.3), 1),  # a little larger, and thicker
        (text(50, 0, 200, "Plain curves", stroke=2.2), 0),
        (text(50, 0, 200, "Plain curves", letter=9, stroke=3), 0),  # smaller
        (text(50, 0, 200, "Plain curves", stroke=9), 0),  # in a shadow
        (text(50, 0, 200, "Plain curves", stroke=None), 0),
        (text(50, 0, 200, "Plain curves:", stroke=3), 0),
    ],
)
def test_bold_lines_of_usual_size_are_headings(line: TextLine, level: int) -> None:
    assert heading_level(line, USUAL, below=text(50, 20, 550, "and some plain prose")) == level


@pytest.mark.parametrize(
    ("content", "letter", "level"),
    [
        ("PLAIN CURVES", 10, 1),
        ("III. PLAIN CURVES", 10, 1),
        ("PLAIN CURVES", 8, 1),
        ("PLAIN CURVES", 7, 0),
        ("NATO", 10, 0),
        ("PLAIN Curves", 10, 0),
        ("AB = CD, EF = GH", 10, 0),
        ("WXYZ ABCD", 10, 0),  # names of points
        ("设AB与BC为可逆矩阵", 10, 0),
    ],
)
def test_lines_in_capitals_are_headings(content: str, letter: float, level: int) -> None:
    line = text(50, 0, 200, content, letter=letter)
    assert heading_level(line, USUAL, below=text(50, 20, 550, "and some plain prose")) == level
    assert heading_level(line, USUAL, below=text(50, 20, 200, "AND SO ON")) == 0


def test_where_all_is_in_capitals_they_make_no_headings() -> None:
    lines = [replace(line, pieces=(line.text.upper(),)) for line in BODY]
    blocks = assemble(PAGE, [*lines, text(50, 60, 200, "PLAIN CURVES")], []).blocks
    assert [block.heading for block in blocks if isinstance(block, Paragraph)] == [0, 0]


def test_a_bold_paragraph_is_no_heading() -> None:
    line = text(50, 0, 500, "Plain curves", stroke=3)
    assert heading_level(line, USUAL, below=text(50, 20, 550, "are bold", stroke=3)) == 0
    assert heading_level(line, USUAL, below=text(50, 20, 550, "1.1 Bold", stroke=3)) == 1


def test_a_bold_heading_parts_paragraphs() -> None:
    lines = [text(50, 250, 200, "Plain curves", stroke=3), text(50, 270, 550, "and more prose")]
    assert said(*lines) == [PROSE, (1, "Plain curves"), (0, "and more prose")]


def test_in_handwriting_there_are_no_headings() -> None:
    uneven = [text(50, 100 + 20 * k, 550, f"line {k} of some written prose", letter=8 + 3 * (k % 4)) for k in range(8)]
    blocks = assemble(PAGE, [*uneven, text(50, 60, 300, "Plain curves", letter=20)], []).blocks
    assert all(block.heading == 0 for block in blocks if isinstance(block, Paragraph))


@pytest.mark.parametrize("content", ["1. one", "(a) one", "b) one", "iv. one", "[3] A. Author", "• one", "- one"])
def test_items_of_lists_begin_paragraphs(content: str) -> None:
    assert begins_item(text(0, 0, 100, content))


@pytest.mark.parametrize("content", ["1.5 metres", "e.g. one", "2020. In", "one", "-5 is", "a plain"])
def test_other_lines_begin_no_item(content: str) -> None:
    assert not begins_item(text(0, 0, 100, content))


def test_each_item_is_a_paragraph_of_its_own() -> None:
    lines = [text(50, 300, 540, "There are:"), text(50, 320, 540, "(a) the first"), text(50, 340, 540, "and its rest")]
    lines += [text(50, 360, 540, "(b) the second")]
    assert said(*lines)[1:] == [(0, "There are:"), (0, "(a) the first / and its rest"), (0, "(b) the second")]
