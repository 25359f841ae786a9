from __future__ import annotations

import pytest

from scanpage.document import (
    Display,
    DisplayRow,
    Document,
    Formula,
    Page,
    Paragraph,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

BOX = Box(0, 0, 10, 10)
PAGE = Page("a.pdf", 1, 1000, 2000, 144.0)
FORMULA = Formula(Region(BOX, RegionKind.INLINE), "x", 0.5)
UNREAD = Formula(Region(BOX, RegionKind.INLINE), " ", 0.0)


def test_points_are_seventy_two_to_the_inch() -> None:
    assert PAGE.to_points(Box(0, 144, 288, 1000)) == Box(0, 72, 144, 500)


@pytest.mark.parametrize(
    "build",
    [
        lambda: Page("a", 0, 1, 1, 72.0),
        lambda: Page("a", 1, -1, 1, 72.0),
        lambda: Page("a", 1, 1, 1, 0.0),
        lambda: Page("a", 1, 1, 1, float("nan")),
        lambda: Formula(FORMULA.region, "x", 1.5),
        lambda: TextLine(BOX, ()),
        lambda: TextLine(BOX, ("a", " ")),
        lambda: TextLine(BOX, ("a", "b")),  # neighbours must be one piece
        lambda: TextLine(BOX, ("a",), -0.1),
        lambda: Paragraph(()),
        lambda: DisplayRow(()),
        lambda: DisplayRow((FORMULA,), " "),
        lambda: Display(()),
        lambda: ScannedPage(PAGE, (Paragraph((TextLine(BOX, ("a",)),)),), "failed"),
        lambda: ScannedPage(PAGE, failure=" "),
    ],
)
def test_what_makes_no_sense_cannot_be_built(build: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        build()  # type: ignore[operator]


def test_formulas_are_found_in_reading_order() -> None:
    line = TextLine(BOX, ("if", FORMULA, "then"))
    display = Display((DisplayRow((UNREAD, FORMULA)),))
    assert ScannedPage(PAGE, (Paragraph((line,)), display)).formulas == (FORMULA, UNREAD, FORMULA)
    assert line.text == "if $x$ then"


def document_of(*lines: str) -> Document:
    """A document of one paragraph."""
    paragraph = Paragraph(tuple(TextLine(BOX, (line,)) for line in lines))
    return Document((ScannedPage(PAGE, (paragraph,)),), Versions("1"))


def joined(*lines: str) -> str:
    document = document_of(*lines)
    (paragraph,) = document.pages[0].blocks
    assert isinstance(paragraph, Paragraph)
    return paragraph.joined(str, compounds=document.compounds)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (("the func-", "tion"), "the function"),
        (("a semi-", "locally compact space"), "a semilocally compact space"),
        (("Semi-locally, and semi-", "locally, too"), "Semi-locally, and semi-locally, too"),
        (("a state-of-the-", "art proof", "is state-of-the-art"), "a state-of-the-art proof\nis state-of-the-art"),
        (("a func-tionless func-", "tion"), "a func-tionless function"),  # another word
        (("the Navier-", "Stokes equation"), "the Navier-Stokes equation"),
        (("in COVID-", "19 models"), "in COVID-19 models"),
        (("a 3-", "fold cover"), "a 3-fold cover"),
        (("an n-", "dimensional space"), "an n-dimensional space"),  # no division leaves a letter alone
        (("THE FUNC-", "TIONS OF", "FUNC-tional"), "THE FUNCTIONS OF\nFUNC-tional"),
        (
            ("well-known² facts, well-", "known ones"),
            "well-known² facts, well-known ones",
        ),  # a note's mark is no letter
        (("for all -", "or none"), "for all -\nor none"),
    ],
)
def test_a_hyphen_at_the_end_of_a_line_goes_unless_it_is_the_words_own(lines: tuple[str, ...], text: str) -> None:
    assert joined(*lines) == text


def test_compounds_are_known_by_each_two_parts_and_not_by_the_ends_of_lines() -> None:
    assert document_of("a State-of-the-art proof, self-", "evident").compounds == {"state-of", "of-the", "the-art"}


def test_a_line_without_an_end_to_its_word_is_joined_at_once() -> None:
    word = "a" * 100_000
    assert joined(word, word) == f"{word}\n{word}"  # a search that is square in its length would take five minutes


def test_failures_name_pages_and_count_unread_formulas() -> None:
    display = Display((DisplayRow((UNREAD, FORMULA)),))
    pages = (ScannedPage(PAGE, (display,)), ScannedPage(PAGE, failure="b.pdf is damaged"), ScannedPage(PAGE))
    document = Document(pages, Versions("1"))
    assert document.failures == ("a.pdf page 1: 1 of 2 formulas could not be read", "b.pdf is damaged")


def test_documents_are_joined_page_by_page() -> None:
    one = Document((ScannedPage(PAGE),), Versions("1"))
    assert Document.joined([one, one]).pages == (ScannedPage(PAGE), ScannedPage(PAGE))
    with pytest.raises(ValueError, match="at least one"):
        Document.joined([])
