from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.read_json import document_from_json, read_document
from pipeline.write_json import document_to_json
from scanpage.document import Display, DisplayRow, Document, Formula, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

FORMULA = Formula(Region(Box(0, 0, 2, 1), RegionKind.ISOLATED, 0.5), "x", 0.25)
BLOCKS = (Display((DisplayRow((FORMULA,)),)), Paragraph((TextLine(Box(0, 0, 2, 1), ("so", FORMULA)),)))
DOCUMENT = Document((ScannedPage(Page("a", 1, 9, 9, 72.0), BLOCKS),), Versions("1"))


def test_documents_of_older_versions_are_read() -> None:
    value = document_to_json(DOCUMENT)
    del value["pages"][0]["quarter_turns"]
    for written in (
        value["pages"][0]["blocks"][0]["rows"][0]["formulas"][0],
        value["pages"][0]["blocks"][1]["lines"][0]["pieces"][1],
    ):
        del written["check"], written["alternatives"]
    assert document_from_json(value) == DOCUMENT


def test_lines_keep_what_their_letters_look_like() -> None:
    line = TextLine(Box(0, 0, 2, 1), ("so",), 0.5, 12.5, 1.75)
    document = Document((ScannedPage(Page("a", 1, 9, 9, 72.0), (Paragraph((line,)),)),), Versions("1"))
    assert document_from_json(document_to_json(document)) == document


def _formula(value: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = value["pages"][0]["blocks"][0]["rows"][0]["formulas"][0]
    return found


SPOILS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda value: value.update(format="another"), "format is not 'scanpage-document'"),
    (lambda value: value.update(version=99), "version is 99, this scanpage reads 1"),
    (lambda value: value.pop("pages"), "pages is missing"),
    (lambda value: value.update(pages={}), "pages is not a list"),
    (lambda value: value["made_by"].update(prose=1), "made_by.prose is not a text"),
    (lambda value: value["pages"][0].pop("size_px"), r"pages\[0\].size_px is missing"),
    (lambda value: value["pages"][0].update(size_px=[1]), r"pages\[0\].size_px is not a width and a height"),
    (lambda value: value["pages"][0].update(number=0), r"pages\[0\]: pages are numbered from 1, got 0"),
    (lambda value: value["pages"][0].update(number=True), r"pages\[0\].number is not a whole number"),
    (lambda value: value["pages"][0].update(failure="lost"), r"pages\[0\]: a failed page has"),
    (lambda value: value["pages"][0].update(blocks=[{"type": "poem"}]), r"pages\[0\].blocks\[0\].type is 'poem'"),
    (
        lambda value: value["pages"][0]["blocks"][1]["lines"][0].update(pieces=[]),
        r"blocks\[1\].lines\[0\]: a text line",
    ),
    (lambda value: _formula(value).update(score=1.5), r"rows\[0\].formulas\[0\]: score must lie"),
    (lambda value: _formula(value).update(score=float("nan")), r"formulas\[0\].score is too large a number, or none"),
    (lambda value: _formula(value).update(score="1"), r"formulas\[0\].score is not a number"),
    (lambda value: _formula(value).update(check=1), r"formulas\[0\].check is not true or false"),
    (lambda value: _formula(value).update(kind="odd"), r"formulas\[0\].kind: 'odd' is not a valid"),
    (lambda value: _formula(value).update(box_px=[1, 2]), r"formulas\[0\].box_px has 2 numbers, not 4"),
    (lambda value: _formula(value).update(box_px=[0, 0, 10**400, 1]), r"box_px\[2\] is too large a number"),
]


@pytest.mark.parametrize(("spoil", "message"), SPOILS)
def test_a_broken_document_is_refused_by_file_and_field(
    spoil: Callable[[dict[str, Any]], object], message: str, tmp_path: Path
) -> None:
    value = document_to_json(DOCUMENT)
    spoil(value)
    path = tmp_path / "notes.json"
    path.write_text(json.dumps(value), "utf-8")
    with pytest.raises(InputError, match=message) as error:
        read_document(path)
    assert str(error.value).startswith(f"{path} is no document of scanpage: ")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "the whole is not an object"),
        (b"[" * 200_000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_document_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_document(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_document(tmp_path / "notes.json")
