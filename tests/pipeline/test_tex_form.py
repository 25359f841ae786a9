from __future__ import annotations

from documents import BOX, paragraph

from pipeline.tex_form import slots_of, tex_form
from pipeline.write_json import document_to_json
from scanpage.document import (
    Block,
    Display,
    DisplayRow,
    Document,
    Formula,
    Page,
    ScannedPage,
    Versions,
)
from scanpage.region import Region, RegionKind


def formula(latex: str) -> Formula:
    return Formula(Region(BOX, RegionKind.ISOLATED), latex, 0.4, check=True)


def row(*latex: str, tag: str | None = None) -> DisplayRow:
    return DisplayRow(tuple(map(formula, latex)), tag)


def document(*blocks: Block) -> Document:
    return Document((ScannedPage(Page("a.pdf", 1, 100, 100, 200.0), blocks),), Versions("1.2.3"))


def parts(*blocks: Block) -> list[object]:
    """The parts of the form between the page's name and the end of the document."""
    begin, *middle, end = tex_form(document(*blocks)).parts
    assert begin == "\n\\begin{document}\n\n% a.pdf page 1\n\\noindent\n"
    assert end == "\n\n\\end{document}\n"
    return list(middle)


def test_texts_and_formulas_are_slots_without_blanks_beside_text() -> None:
    form = parts(paragraph(("see (", formula("x"), "), and", formula("y"), formula("z")), ("50% of it",)))
    inner = [{"text": 0}, {"inline": 1}, {"text": 2}, {"inline": 3}, " ", {"inline": 4}, "\n", {"text": 5}]
    assert form == inner


def test_rows_come_in_both_ways_that_they_may_be_written() -> None:
    *_, rows = parts(paragraph(("so",)), Display((row("a"), row("b", tag="1"))))
    assert rows == {
        "aligned": ["\\begin{align*}\n  ", {"display": 1}, " \\\\\n  ", {"display": 2}, " \\tag{1}\n\\end{align*}"],
        "gathered": ["\\begin{gather*}\n  ", {"display": 1}, " \\\\\n  ", {"display": 2}, " \\tag{1}\n\\end{gather*}"],
        "slots": [1, 2],
    }  # fmt: skip


def test_rows_side_by_side_are_never_aligned() -> None:
    form = parts(paragraph(("so",)), Display((row("a = 1", "b = 2"), row("c = 3"))))
    assert form[3:] == [{"display": 1}, " \\qquad ", {"display": 2}, " \\\\\n  ", {"display": 3}, "\n\\end{gather*}"]


def test_text_that_looks_like_a_keyword_stays_text() -> None:
    form = parts(paragraph((")slota(",)), Display((row("x", tag=")slotxa("),)))
    assert [part for part in form if isinstance(part, dict)] == [{"text": 0}, {"display": 1}]
    assert ")slotxa(" in "".join(part for part in form if isinstance(part, str))


def test_the_head_has_no_declarations() -> None:
    head = tex_form(document(Display((row("x", tag="½"),)))).head
    assert head.endswith("\\emergencystretch=3em\n")


def test_slots_lead_into_the_json() -> None:
    whole = document(paragraph(("see", formula("x")), ("now",)), Display((row("a"), row("b", "c"))))
    for slot in slots_of(whole):
        place = document_to_json(whole)
        for key in slot.path:
            place = place[key]
        assert place["text" if isinstance(slot.content, str) else "latex"] == (
            slot.content if isinstance(slot.content, str) else slot.content.latex
        )
