from __future__ import annotations

from pipeline.assemble import assemble
from scanpage.document import Block, Display, Formula, Page, Paragraph, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

PAGE = Page("a.png", 1, 600, 800, 200.0)


def text(x0: float, y0: float, x1: float, content: str, *, height: float = 20) -> TextLine:
    return TextLine(Box(x0, y0, x1, y0 + height), (content,), 0.9)


def formula(x0: float, y0: float, x1: float, latex: str = "x = 1", *, height: float = 24) -> Formula:
    return Formula(Region(Box(x0, y0, x1, y0 + height), RegionKind.ISOLATED), latex, 0.8)


def blocks(lines: list[TextLine], isolated: list[Formula]) -> list[str]:
    """A short word for each block: `P:` and its lines, `D:` and its rows with tags."""
    return [_short(block) for block in assemble(PAGE, lines, isolated).blocks]


def _short(block: Block) -> str:
    if isinstance(block, Paragraph):
        return "P: " + " / ".join(line.text for line in block.lines)
    assert isinstance(block, Display)
    rows = (", ".join(f.latex for f in row.formulas) + (f" ({row.tag})" if row.tag else "") for row in block.rows)
    return "D: " + " / ".join(rows)


def test_display_between_paragraphs() -> None:
    lines = [text(0, 0, 500, "Let us see"), text(0, 30, 480, "whether"), text(0, 120, 500, "holds.")]
    assert blocks(lines, [formula(100, 70, 300)]) == ["P: Let us see / whether", "D: x = 1", "P: holds."]


def test_equation_number_goes_to_its_row() -> None:
    numbers = [text(460, 2, 500, "(3)"), text(460, 42, 500, "(2.4 a)")]
    assert blocks(numbers, [formula(100, 0, 300, "a"), formula(100, 40, 300, "b")]) == ["D: a (3) / b (2.4a)"]


def test_equation_number_found_as_a_formula_goes_to_its_row_too() -> None:
    assert blocks([], [formula(100, 0, 300, "a"), formula(460, 2, 500, "( 1 )")]) == ["D: a (1)"]
    assert blocks([], [formula(100, 0, 300, "a"), formula(460, 80, 500, "( 1 )")]) == ["D: a", "D: ( 1 )"]


def test_number_without_a_formula_beside_it_is_prose() -> None:
    assert blocks([text(460, 200, 500, "(3)")], [formula(100, 0, 300)]) == ["D: x = 1", "P: (3)"]
    assert blocks([text(10, 2, 40, "(3)")], [formula(100, 0, 300)]) == ["P: (3)", "D: x = 1"]  # to the left: a label


def test_derivation_is_one_display_and_a_wide_gap_ends_it() -> None:
    rows = [formula(100, 0, 300, "a"), formula(120, 40, 320, "b"), formula(100, 200, 300, "c")]
    assert blocks([], rows) == ["D: a / b", "D: c"]


def test_formulas_side_by_side_share_a_row() -> None:
    assert blocks([], [formula(300, 2, 400, "b"), formula(0, 0, 100, "a")]) == ["D: a, b"]


def test_formula_beside_words_is_part_of_the_sentence() -> None:
    lines = [text(0, 0, 80, "Hence"), text(320, 0, 400, "holds")]
    assert blocks(lines, [formula(100, 0, 300)]) == ["P: Hence $x = 1$ holds"]


def test_number_of_an_exercise_stands_before_its_calculation() -> None:
    rows = [formula(40, 0, 200, "a"), formula(40, 40, 200, "b")]
    assert blocks([text(0, 0, 25, "2)")], rows) == ["P: 2)", "D: a / b"]


def test_indent_gap_and_short_line_part_paragraphs() -> None:
    lines = [
        text(0, 0, 500, "one"),
        text(0, 25, 500, "one again"),
        text(40, 50, 500, "two is indented"),
        text(0, 75, 250, "two ends short"),
        text(0, 100, 500, "three"),
        text(0, 160, 500, "four stands apart"),
    ]
    expected = ["P: one / one again", "P: two is indented / two ends short", "P: three", "P: four stands apart"]
    assert blocks(lines, []) == expected


def test_a_divided_word_keeps_its_paragraph_together() -> None:
    assert blocks([text(0, 0, 500, "[1] A hyphen-"), text(40, 25, 500, "ated word")], []) == [
        "P: [1] A hyphen- / ated word"
    ]


def test_a_sentence_goes_on_in_the_next_column() -> None:
    left = [text(0, 25 * k, 250, "one") for k in range(10)]
    right = [text(300, 25 * k, 550, "two") for k in range(10)]
    last, first = text(0, 250, 250, "is not"), text(300, -25, 550, "ended here")
    assert blocks([*left, last, first, *right], [])[0].endswith("one / is not / ended here / two" + 9 * " / two")
    ended, capital = text(0, 250, 250, "is ended."), text(300, -25, 550, "Another")
    assert len(blocks([*left, ended, first, *right], [])) == len(blocks([*left, last, capital, *right], [])) == 2


def test_an_empty_page_has_no_blocks() -> None:
    assert blocks([], []) == []
