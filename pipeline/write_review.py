"""The review page: one HTML file with the pages as given, what was read, and all that is needed to correct and save it.

It loads nothing from anywhere. Its own script and style are the only ones that its policy lets run, and what was read
is in it as data, never as markup.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from html import escape
from io import BytesIO
from pathlib import Path
from string import Template

import numpy as np
from PIL import Image

from pipeline import formula_tex, review_tables
from pipeline.places import upright, upright_page
from pipeline.tex_form import Slot, slots_of, tex_form
from pipeline.write_json import document_to_json
from pipeline.write_tex import mark, marker
from scanpage.document import Document, Formula, Page, ScannedPage
from scanpage.files import atomic_path
from scanpage.geometry import Box

PAGE_SIDE_PX = 1600
"""Long side of the page pictures: prose stays legible, and ten pages take some megabytes."""
JPEG_QUALITY = 80
_FOLDER = Path(__file__).parent / "review"

Json = dict[str, object]


Pictures = Callable[[int], bytes | None]
"""The picture of each page of a document, from 0, as `page_picture` made it; None where there is none."""


def page_picture(scanned: ScannedPage, image: np.ndarray) -> bytes:
    """The picture (uint8 RGB `[H, W, 3]`) of a page for its review, upright, as a JPEG file."""
    picture = Image.fromarray(upright(scanned, image)[1])
    picture.thumbnail((PAGE_SIDE_PX, PAGE_SIDE_PX), Image.Resampling.LANCZOS)
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def write_review(path: Path, document: Document, pictures: Pictures) -> None:
    """Write the review page of a document, holding one picture at a time. Raises `OutputError`."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(_html(document, path.stem, pictures))


def _html(document: Document, name: str, pictures: Pictures) -> Iterator[str]:
    title = escape(_title(document))
    style, script = _read("page.css"), "".join(map(_read, ("latex.js", "export.js", "page.js")))
    yield Template(_read("page.html")).substitute(title=title, style=style, policy=_policy(style, script))
    for index, scanned in enumerate(document.pages):
        yield from _figure(index, scanned, pictures(index))
    data = _script_safe(json.dumps(_data(document, name), ensure_ascii=False, separators=(",", ":")))
    yield Template(_read("page_end.html")).substitute(data=data, script=script)


def _figure(index: int, scanned: ScannedPage, picture: bytes | None) -> Iterator[str]:
    name = escape(scanned.page.name)
    yield f'<figure class="page" id="page-{index}">\n<figcaption>{name}</figcaption>\n'
    if scanned.failure is not None:
        yield f'<p class="failure">Page not read: {escape(scanned.failure)}</p>\n'
    if picture is not None:
        width_px, height_px = Image.open(BytesIO(picture)).size
        yield f'<div class="boxes"><img alt="{name}" width="{width_px}" height="{height_px}" '
        yield f'src="data:image/jpeg;base64,{base64.b64encode(picture).decode()}"></div>\n'
    yield "</figure>\n"


def _data(document: Document, name: str) -> Json:
    value = document_to_json(document)
    form = tex_form(document)
    # What is shown is the upright page, what is saved has its places in the picture as it was given.
    shown = Document(tuple(map(upright_page, document.pages)), document.versions)
    pairs = zip(slots_of(document), slots_of(shown), strict=True)
    slots = [{**_slot(slot), **_places(place, shown)} for slot, place in pairs]
    return {
        "name": name,
        "fingerprint": hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16],
        "document": value,
        "slots": slots,
        "form": {"head": form.head, "parts": form.parts},
        "language": review_tables.language(),
        "prose": review_tables.prose(),
    }


def _slot(slot: Slot) -> Json:
    line = None if slot.line is None else ".".join(map(str, slot.path[:-2]))
    common: Json = {"path": slot.path, "page": slot.page, "line": line}
    if isinstance(slot.content, str):
        return {**common, "kind": "text", "content": slot.content}
    formula = slot.content
    tokens = formula_tex.usable_tokens(formula.latex)
    source = formula_tex.tidy(tokens)
    return {
        **common,
        "kind": "formula",
        "inline": slot.line is not None,
        "content": source or formula.latex,
        "source": source or None,
        "aligned": _halves(tokens),
        "score": formula.score,
        "check": formula.check,
        "doubtful": formula.check or not tokens,
        "mark": mark(formula),
        "marker": marker(formula),
        "alternatives": [formula_tex.tidy(other) for other in _alternatives(formula)],
    }


def _halves(tokens: list[str]) -> list[str] | None:
    """A formula before and from the relation that it is aligned at."""
    place = formula_tex.alignment_point(tokens)
    return None if place is None else [formula_tex.tidy(tokens[:place]), formula_tex.tidy(tokens[place:])]


def _alternatives(formula: Formula) -> Iterator[list[str]]:
    for other in formula.alternatives:
        tokens = formula_tex.usable_tokens(other.latex)
        if tokens:
            yield tokens


def _places(slot: Slot, document: Document) -> Json:
    page = document.pages[slot.page].page
    line = None if slot.line is None else slot.line.box
    box = slot.content.box if isinstance(slot.content, Formula) else line
    return {"place": box and _shares(box, page), "linePlace": line and _shares(line, page)}


def _shares(box: Box, page: Page) -> list[float]:
    """The box in shares of the page's width and height."""
    width, height = max(1, page.width_px), max(1, page.height_px)
    return [round(value, 5) for value in (box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height)]


def _title(document: Document) -> str:
    sources = list(dict.fromkeys(Path(scanned.page.source).name for scanned in document.pages))
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return f"Review of {sources[0] if sources else 'nothing'}{more}"


def _policy(style: str, script: str) -> str:
    """The page may run its own script and style and show pictures that it holds, and nothing else."""
    return f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; img-src data:; base-uri 'none'"


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}'"


def _script_safe(source: str) -> str:
    """JSON in which nothing ends the script element that holds it, nor begins a comment there."""
    return source.replace("<", "\\u003c")


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
