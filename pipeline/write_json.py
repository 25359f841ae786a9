"""Documents as JSON: boxes in page pixels and in PDF points, scores, LaTeX, text, versions.

`document.schema.json` beside this file describes the format; `read_json` reads it.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from scanpage.document import Block, Document, Figure, Formula, Page, Paragraph, ScannedPage, TextLine
from scanpage.geometry import Box

FORMAT = "scanpage-document"
VERSION = 1

Json = dict[str, Any]

_SURROGATE = re.compile("[\ud800-\udfff]")


def document_to_json(document: Document) -> Json:
    """A value for `json.dumps`; `read_json.document_from_json` gives the same document back."""
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


def json_text(document: Document) -> str:
    """The whole `.json` file, ending in a newline."""
    text = json.dumps(document_to_json(document), ensure_ascii=False, indent=1) + "\n"
    # Names of files may hold bytes that are no UTF-8, and Python's stand-ins for them neither.
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


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


def _block_to_json(block: Block, page: Page) -> Json:
    if isinstance(block, Paragraph):
        return {
            "type": "paragraph",
            "heading": block.heading,
            **_box_to_json(block.box, page),
            "lines": [_line_to_json(line, page) for line in block.lines],
        }
    if isinstance(block, Figure):
        jpeg = base64.b64encode(block.jpeg).decode("ascii")
        return {"type": "figure", **_box_to_json(block.box, page), "jpeg": jpeg}
    rows = [{"tag": row.tag, "formulas": [_formula_to_json(f, page) for f in row.formulas]} for row in block.rows]
    return {"type": "display", **_box_to_json(block.box, page), "rows": rows}


def _line_to_json(line: TextLine, page: Page) -> Json:
    pieces = [{"text": piece} if isinstance(piece, str) else _formula_to_json(piece, page) for piece in line.pieces]
    letters = {"letter_px": line.letter_px, "stroke_px": line.stroke_px}
    return {**_box_to_json(line.box, page), "score": line.score, **letters, "text": line.text, "pieces": pieces}


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


def _box_to_json(box: Box, page: Page) -> Json:
    return {"box_px": list(box.xyxy), "box_pt": [_rounded(v) for v in page.to_points(box).xyxy]}


def _rounded(value: float) -> float:
    return round(value, 2)
