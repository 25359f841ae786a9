"""The example that ships is what its script says it is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.latex import normalise

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PDF = EXAMPLES / "notes.pdf"
TRUTH = json.loads((EXAMPLES / "notes.truth.json").read_text("utf-8"))
FORMULAS = TRUTH["formulas"]


def picture(number: int) -> np.ndarray:
    """Page `number` in the pixels of the truth, grey `[H, W]` uint8."""
    pdfium = pytest.importorskip("pypdfium2")
    page = pdfium.PdfDocument(str(PDF))[number - 1]
    grey = np.asarray(page.render(scale=TRUTH["dpi"] / 72).to_pil().convert("L"))
    width, height = TRUTH["size_px"]
    assert abs(grey.shape[1] - width) <= 1 and abs(grey.shape[0] - height) <= 1
    return grey


def test_the_pdf_is_small_and_holds_pictures_only() -> None:
    pdfium = pytest.importorskip("pypdfium2")
    document = pdfium.PdfDocument(str(PDF))
    assert PDF.stat().st_size < 1_500_000
    assert len(document) == 2
    assert [page.get_textpage().get_text_range().strip() for page in document] == ["", ""]


def test_there_are_ten_to_twelve_displays_and_each_is_in_the_label_language() -> None:
    displays = [formula["latex"] for formula in FORMULAS if formula["kind"] == "isolated"]
    assert 10 <= len(displays) <= 12
    assert len(set(displays)) == len(displays)
    for formula in FORMULAS:
        assert normalise(formula["latex"])


@pytest.mark.parametrize("number", [1, 2])
def test_boxes_hug_the_ink(number: int) -> None:
    grey = picture(number)
    paper = np.median(grey)
    for formula in (f for f in FORMULAS if f["page"] == number):
        box = Box(*formula["box"])
        x0, y0, x1, y1 = box.pixels()
        dark = grey[y0:y1, x0:x1] < paper - 45
        assert dark.any(), formula["latex"]
        # Within three pixels of each side there is ink.
        for side in (dark[:3], dark[-3:], dark[:, :3], dark[:, -3:]):
            assert side.any(), formula["latex"]


def test_boxes_hardly_overlap() -> None:
    """The tail of a letter may hang into the box below, as it does in handwriting."""
    for number in (1, 2):
        boxes = [Box(*f["box"]) for f in FORMULAS if f["page"] == number]
        pairs = [(one, other) for i, one in enumerate(boxes) for other in boxes[:i]]
        assert all(one.intersection(other) <= 0.2 * min(one.area, other.area) for one, other in pairs)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the script makes, `one` and again `two`, with a font that everyone has."""
    matplotlib = pytest.importorskip("matplotlib")
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Oblique.ttf"
    folder: Path = tmp_path_factory.mktemp("example")
    for name in ("one", "two"):
        command = [sys.executable, "-B", str(EXAMPLES / "make_notes.py"), "--hand-font", str(font)]
        subprocess.run([*command, "--out", str(folder / name)], check=True, capture_output=True, timeout=120)
    return folder


def test_the_script_makes_the_same_files_each_time(made: Path) -> None:
    for name in ("notes.pdf", "notes.truth.json"):
        assert (made / "one" / name).read_bytes() == (made / "two" / name).read_bytes()


def test_the_script_says_what_the_shipped_pages_say(made: Path) -> None:
    formulas = json.loads((made / "one" / "notes.truth.json").read_text("utf-8"))["formulas"]
    assert [(f["page"], f["kind"], f["latex"]) for f in formulas] == [
        (f["page"], f["kind"], f["latex"]) for f in FORMULAS
    ]


@pytest.mark.tex
@pytest.mark.skipif(not shutil.which("latex"), reason="LaTeX is not installed")
def test_the_printed_page_stands_where_the_shipped_one_does(made: Path) -> None:
    """Only the printed page: the handwritten one depends on the font."""
    formulas = json.loads((made / "one" / "notes.truth.json").read_text("utf-8"))["formulas"]
    for mine, shipped in zip(formulas, FORMULAS, strict=True):
        if shipped["page"] == 1:
            assert np.allclose(mine["box"], shipped["box"], atol=2.0)


def test_without_the_font_the_script_says_how_to_get_it(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    command = [sys.executable, "-B", str(EXAMPLES / "make_notes.py"), "--hand-font", str(tmp_path / "none.ttf")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "fonts-dkg-handwriting" in done.stderr
