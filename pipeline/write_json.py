"""Documents as JSON and back: boxes in page pixels and in PDF points, scores, LaTeX, text, versions."""

from __future__ import annotations

from typing import Any

from scanpage.document import (
    Alternative,
    Block,
    Display,
    DisplayRow,
    Document,
    Formula,
    Page,
    Paragraph,
    Piece,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

FORMAT = "scanpage-document"
VERSION = 1

Json = dict[str, Any]


def document_to_json(document: Document) -> Json:
    """A value for `json.dumps`; `document_from_json` gives the same document back."""
    versions = document.versions
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_by": {
            "scanpage": versions.scanpage,
            "detector": versions.detector,
            "recognizer": versions.recognizer,
            "prose": versions.prose,
        },
        "pages": [_page_to_json(scanned) for scanned in document.pages],
    }


def document_from_json(value: Json) -> Document:
    """The document that `document_to_json` wrote.

    Raises:
        ValueError: another format, another version, or a field is missing or out of range.
    """
    if value.get("format") != FORMAT or value.get("version") != VERSION:
        raise ValueError(f"not a {FORMAT} of version {VERSION}")
    try:
        return Document(tuple(_page_from_json(page) for page in value["pages"]), Versions(**value["made_by"]))
    except (KeyError, TypeError) as error:
        raise ValueError(f"a field of the {FORMAT} is missing or of the wrong type: {error}") from error


def _page_to_json(scanned: ScannedPage) -> Json:
    page = scanned.page
    whole = page.to_points(Box(0, 0, page.width_px, page.height_px))
    return {
        "source": page.source,
        "number": page.number,
        "size_px": [page.width_px, page.height_px],
        "size_pt": [_rounded(whole.x1), _rounded(whole.y1)],
        "dpi": page.dpi,
        "quarter_turns": page.quarter_turns,
        "failure": scanned.failure,
        "blocks": [_block_to_json(block, page) for block in scanned.blocks],
    }


def _page_from_json(value: Json) -> ScannedPage:
    width, height = value["size_px"]
    # Documents of older versions say nothing of turns.
    page = Page(value["source"], value["number"], width, height, value["dpi"], value.get("quarter_turns", 0))
    return ScannedPage(page, tuple(_block_from_json(block) for block in value["blocks"]), value["failure"])


def _block_to_json(block: Block, page: Page) -> Json:
    if isinstance(block, Paragraph):
        return {
            "type": "paragraph",
            "heading": block.heading,
            **_box_to_json(block.box, page),
            "lines": [_line_to_json(line, page) for line in block.lines],
        }
    rows = [{"tag": row.tag, "formulas": [_formula_to_json(f, page) for f in row.formulas]} for row in block.rows]
    return {"type": "display", **_box_to_json(block.box, page), "rows": rows}


def _block_from_json(value: Json) -> Block:
    if value["type"] == "paragraph":
        # Documents of older versions know no headings.
        return Paragraph(tuple(_line_from_json(line) for line in value["lines"]), value.get("heading", 0))
    if value["type"] == "display":
        rows = (DisplayRow(tuple(map(_formula_from_json, row["formulas"])), row["tag"]) for row in value["rows"])
        return Display(tuple(rows))
    raise ValueError(f"unknown type of block {value['type']!r}")


def _line_to_json(line: TextLine, page: Page) -> Json:
    pieces = [{"text": piece} if isinstance(piece, str) else _formula_to_json(piece, page) for piece in line.pieces]
    said = {"score": line.score, "letter_px": line.letter_px, "text": line.text, "pieces": pieces}
    return {**_box_to_json(line.box, page), **said}


def _line_from_json(value: Json) -> TextLine:
    pieces: list[Piece] = [piece["text"] if "text" in piece else _formula_from_json(piece) for piece in value["pieces"]]
    return TextLine(Box(*value["box_px"]), tuple(pieces), value["score"], value.get("letter_px"))


def _formula_to_json(formula: Formula, page: Page) -> Json:
    return {
        "kind": formula.region.kind.value,
        **_box_to_json(formula.box, page),
        "latex": formula.latex,
        "score": formula.score,
        "check": formula.check,
        "alternatives": [{"latex": other.latex, "score": other.score} for other in formula.alternatives],
        "detection_score": formula.region.score,
    }


def _formula_from_json(value: Json) -> Formula:
    region = Region(Box(*value["box_px"]), RegionKind(value["kind"]), value["detection_score"])
    # Documents of older versions have neither.
    others = tuple(Alternative(other["latex"], other["score"]) for other in value.get("alternatives", ()))
    return Formula(region, value["latex"], value["score"], others, check=value.get("check", False))


def _box_to_json(box: Box, page: Page) -> Json:
    return {"box_px": list(box.xyxy), "box_pt": [_rounded(v) for v in page.to_points(box).xyxy]}


def _rounded(value: float) -> float:
    return round(value, 2)
