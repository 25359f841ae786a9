from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import pipeline
from pipeline.read_json import document_from_json
from pipeline.write_json import VERSION, document_to_json, json_text
from scanpage.document import Alternative, Display, DisplayRow, Document, Formula, Page, ScannedPage, Versions
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

SCHEMA = json.loads((Path(pipeline.__file__).parent / "document.schema.json").read_text("utf-8"))


def test_the_schema_is_one_and_of_the_version_that_is_written() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == VERSION


@pytest.mark.parametrize("place", ["document", "page"])
def test_a_field_that_the_schema_does_not_describe_is_found(place: str) -> None:
    value = document_to_json(Document((ScannedPage(Page("a", 1, 1, 1, 72.0)),), Versions("1")))
    (value if place == "document" else value["pages"][0])["extra"] = 1
    assert not Draft202012Validator(SCHEMA).is_valid(value)


def test_names_of_files_that_are_no_utf8_can_be_written() -> None:
    document = Document((ScannedPage(Page("caf\udce9.png", 1, 1, 1, 72.0)),), Versions("1"))
    data = json_text(document).encode("utf-8")
    assert document_from_json(json.loads(data)) == document


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
