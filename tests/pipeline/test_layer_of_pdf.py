"""The text layer of a PDF page: how it is had of the file, and what a run makes of it."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from text_layers import said

from pipeline import isolate, load_pdf
from pipeline.engines import Engines
from pipeline.layer_agreement import trusted
from pipeline.limits import Limits
from pipeline.normalise import NormalPage
from pipeline.scan import ScanOptions, scan
from pipeline.text_layer import TextLayer, TextLayerUse
from scanpage.document import Document, Formula, Paragraph, TextLine
from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.homography import Homography


def pdf_of(content: str, *, page: str = "") -> bytes:
    """A PDF of one page, 300 x 200 points, in Helvetica; `page` are more entries of the page's dictionary."""
    stream = content.encode("cp1252")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] {page} /Contents 4 0 R "
        f"/Resources << /Font << /F1 {font} >> >> >>".encode(),
        f"<< /Length {len(stream)} >> stream\n".encode() + stream + b"\nendstream",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += f"{number} 0 obj ".encode() + part + b" endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"xref\n0 5\n0000000000 65535 f \n{table}trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + trailer.encode()


TEXT = "BT /F1 18 Tf 60 120 Td (Größe und fließen) Tj 0 -40 Td (below it) Tj ET"


@pytest.mark.parametrize("drawn_by", ["poppler", "pdfium"])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", ["", "/CropBox [40 50 260 170]", "/CropBox [0 50 260 200]"])
def test_letters_lie_where_the_page_is_drawn(
    drawn_by: str, rotate: int, crop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if drawn_by == "pdfium":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not installed")
    content = pdf_of(TEXT, page=f"/Rotate {rotate} {crop}")
    image, _ = load_pdf.load_page(content, "a.pdf", 1, 144)
    height, width = image.shape[:2]
    layer = TextLayer.of_letters(load_pdf.load_letters(content, "a.pdf", 1, (width, height)))
    assert set(np.round(layer.directions) % 360) == {rotate}
    upright = layer.seen_through(Homography.quarter_turns(rotate // 90, width, height))
    page = np.rot90(image, rotate // 90).copy()
    assert sorted(said(trusted(upright, page, [], [])[0])) == ["Größe und fließen", "below it"]


def test_text_in_the_colour_of_the_paper_and_invisible_text_are_not_seen() -> None:
    hidden = "BT 1 g /F1 9 Tf 60 40 Td (we) Tj ET BT 0 g 3 Tr /F1 9 Tf 160 40 Td (no) Tj ET"
    content = pdf_of(f"{TEXT} {hidden}")
    image, _ = load_pdf.load_page(content, "a.pdf", 1, 144)
    layer = TextLayer.of_letters(load_pdf.load_letters(content, "a.pdf", 1, (image.shape[1], image.shape[0])))
    assert said(layer) == ["Größe und fließen", "below it", "we", "no"]
    assert said(trusted(layer, image, [], [])[0]) == ["Größe und fließen", "below it"]


def test_letters_come_from_the_process_that_opens_files(tmp_path: Path) -> None:
    content = pdf_of(TEXT)
    near = load_pdf.load_letters(content, "a.pdf", 1, (300, 200))
    assert near[0][0].strip() == "G" and len(near) == 22
    assert isolate.load_letters(content, "a.pdf", 1, size_px=(300, 200), limits=Limits()) == near
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    assert isolate.load_letters(path, "a.pdf", 1, size_px=(300, 200), limits=Limits()) == near
    with pytest.raises(InputError):
        isolate.load_letters(content, "a.pdf", 2, size_px=(300, 200), limits=Limits())


class Listener:
    """A stand-in for a reader of prose that keeps the layers it is given."""

    version = "listener"

    def __init__(self) -> None:
        self.layers: list[TextLayer | None] = []

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: TextLayer | None = None) -> list[TextLine]:
        self.layers.append(layer)
        return []

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [("", 0.0)] * len(boxes)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.pdf"
    path.write_bytes(pdf_of(TEXT))
    return path


def test_the_reader_gets_the_layer_unless_it_is_to_be_ignored(
    notes: Path, engines: Engines, listener: Listener
) -> None:
    engines = replace(engines, prose=listener)
    scan([notes], engines=engines)
    scan([notes], engines=engines, options=ScanOptions(text_layer=TextLayerUse.IGNORE))
    first, second = listener.layers
    assert first is not None and said(first) == ["Größe und fließen", "below it"]
    assert second is None


def test_pages_without_a_layer_have_none(
    pdf: Callable[..., Path], picture: Callable[..., Path], engines: Engines, listener: Listener
) -> None:
    scan([pdf(pages=1), picture("a.png")], engines=replace(engines, prose=listener))
    assert listener.layers == [None, None]


def test_the_layer_lies_on_the_page_as_it_is_read(notes: Path, engines: Engines, listener: Listener) -> None:
    class Turner:
        def normalise(self, image: np.ndarray) -> NormalPage:
            way = Homography.quarter_turns(1, image.shape[1], image.shape[0])
            return NormalPage(np.ascontiguousarray(np.rot90(image)), way.inverse(), 1)

    scan([notes], engines=replace(engines, prose=listener, normaliser=Turner()), options=ScanOptions(dpi=72))
    (layer,) = listener.layers
    assert layer is not None and set(layer.directions) == {-90.0}
    assert layer.boxes[0] == pytest.approx([200 - 133, 300 - 73, 200 - 120, 300 - 60], abs=3)


def test_a_layer_that_cannot_be_opened_costs_nothing_else(
    notes: Path, engines: Engines, listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("its decoder broke off")

    monkeypatch.setattr(isolate, "load_letters", fail)
    with caplog.at_level(logging.DEBUG, "pipeline"):
        document = scan([notes], engines=replace(engines, prose=listener))
    assert document.failures == () and listener.layers == [None]
    assert "its decoder broke off" in caplog.text


PROSE = """The first official definition of a flow is simple and finite; no office is left with a surplus.
Poincar\\'e, G\\"odel and M\\"obius wrote on na\\"{\\i}ve fa\\c{c}ades.
\\"Uber Gr\\"o\\ss e und Ma\\ss: die L\\"osung hei\\ss t so.
It is characteristically straightforward to differentiate differentiable functions, notwithstanding those circumstances
that occasionally require extraordinary consideration."""
EXPECTED = (
    "The first official definition of a flow is simple and finite; no office is left with a surplus. Poincaré, Gödel "
    "and Möbius wrote on naïve façades. Über Größe und Maß: die Lösung heißt so. It is characteristically "
    "straightforward to differentiate differentiable functions, notwithstanding those circumstances that occasionally "
    "require extraordinary consideration."
)


def prose_of(document: Document) -> str:
    blocks = document.pages[0].blocks
    text = " ".join(block.joined(str).replace("\n", " ") for block in blocks if isinstance(block, Paragraph))
    return " ".join(text.split())


@pytest.mark.tex
@pytest.mark.slow
def test_a_page_of_latex_is_read_without_an_error(tmp_path: Path) -> None:
    """Ligatures, accents that are glyphs of their own, and divided words."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    source = (
        "\\documentclass[11pt]{article}\\pagestyle{empty}\\begin{document}\\noindent\n" + PROSE + "\n\\end{document}\n"
    )
    (tmp_path / "a.tex").write_text(source, "utf-8")
    command = ["pdflatex", "-interaction=batchmode", "-no-shell-escape", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    document = scan([tmp_path / "a.pdf"], options=ScanOptions(threads=1))
    lines = [line for block in document.pages[0].blocks if isinstance(block, Paragraph) for line in block.lines]
    assert {line.score for line in lines} == {1.0}  # none was read
    assert prose_of(document) == EXPECTED
