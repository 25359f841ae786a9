from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.write_json import document_from_json, document_to_json
from scanpage.document import (
    Alternative,
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

numbers = st.floats(0, 5000, allow_nan=False)
shares = st.floats(0, 1)
words = st.text(min_size=1).filter(str.strip)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), numbers, numbers, numbers, numbers)
regions = st.builds(Region, boxes, st.sampled_from(RegionKind), shares)
others = st.lists(st.builds(Alternative, st.text(), shares), max_size=2).map(tuple)
formulas = st.builds(Formula, regions, st.text(), shares, others, check=st.booleans())
text_lines = st.builds(lambda box, text, f, score: TextLine(box, (f, text, f), score), boxes, words, formulas, shares)
rows = st.builds(DisplayRow, st.lists(formulas, min_size=1, max_size=2).map(tuple), st.none() | words)
blocks = st.builds(Paragraph, st.lists(text_lines, min_size=1, max_size=2).map(tuple)) | st.builds(
    Display, st.lists(rows, min_size=1, max_size=2).map(tuple)
)
pages = st.builds(Page, st.text(), st.integers(1, 99), st.integers(0, 5000), st.integers(0, 5000), st.floats(1, 600))
scanned = st.builds(ScannedPage, pages, st.lists(blocks, max_size=3).map(tuple)) | st.builds(
    lambda page, reason: ScannedPage(page, failure=reason), pages, words
)
documents = st.builds(
    Document, st.lists(scanned, max_size=2).map(tuple), st.builds(Versions, st.text(), st.text(), st.text(), st.text())
)


@given(documents)
def test_every_document_comes_back_from_json(document: Document) -> None:
    text = json.dumps(document_to_json(document))
    assert document_from_json(json.loads(text)) == document


def test_boxes_are_given_in_pixels_and_in_points() -> None:
    region = Region(Box(20, 40, 200, 100), RegionKind.ISOLATED, 0.5)
    formula = Formula(region, "x", 0.25, (Alternative("y", 0.125),), check=True)
    page = ScannedPage(Page("a.pdf", 3, 1000, 2000, 200.0), (Display((DisplayRow((formula,), "7"),)),))
    value = document_to_json(Document((page,), Versions("1.2", "det", "rec", "ocr")))
    assert value["made_by"] == {"scanpage": "1.2", "detector": "det", "recognizer": "rec", "prose": "ocr"}
    assert value["pages"][0]["size_pt"] == [360, 720]
    assert value["pages"][0]["blocks"][0]["rows"][0] == {
        "tag": "7",
        "formulas": [
            {
                "kind": "isolated",
                "box_px": [20, 40, 200, 100],
                "box_pt": [7.2, 14.4, 72, 36],
                "latex": "x",
                "score": 0.25,
                "check": True,
                "alternatives": [{"latex": "y", "score": 0.125}],
                "detection_score": 0.5,
            }
        ],
    }


def test_documents_of_older_versions_are_read() -> None:
    formula = Formula(Region(Box(0, 0, 2, 1), RegionKind.ISOLATED, 0.5), "x", 0.25)
    document = Document((ScannedPage(Page("a", 1, 9, 9, 72.0), (Display((DisplayRow((formula,)),)),)),), Versions("1"))
    value = document_to_json(document)
    written = value["pages"][0]["blocks"][0]["rows"][0]["formulas"][0]
    del written["check"], written["alternatives"]
    assert document_from_json(value) == document


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value.update(format="another"),
        lambda value: value.update(version=99),
        lambda value: value.pop("pages"),
        lambda value: value["pages"][0].pop("size_px"),
        lambda value: value["pages"][0].update(number=0),
        lambda value: value["pages"][0].update(blocks=[{"type": "poem"}]),
    ],
)
def test_other_json_is_refused(spoil: object) -> None:
    value = document_to_json(Document((ScannedPage(Page("a", 1, 1, 1, 72.0)),), Versions("1")))
    spoil(value)  # type: ignore[operator]
    with pytest.raises(ValueError, match=r"."):
        document_from_json(value)
