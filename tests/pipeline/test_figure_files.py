"""Pictures stand in the document, or in a folder beside it, whatever it is called."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.cli import main
from pipeline.outputs import deliver_figures, figures_folder
from pipeline.places import moved
from pipeline.tex_form import slots_of, tex_form
from pipeline.write_docx import document_to_docx
from pipeline.write_json import json_text
from pipeline.write_tex import document_to_fragment, document_to_tex
from scanpage.document import Document, Figure, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.errors import ExitCode
from scanpage.geometry import Box
from scanpage.homography import Homography

PAGE = Page("a.png", 1, 100, 200, 150.0)


def picture(grey: int) -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((20, 30, 3), grey, np.uint8))[1])


def document(*jpegs: bytes) -> Document:
    figures = tuple(Figure(Box(10, 20 * k, 60, 20 * k + 10), jpeg) for k, jpeg in enumerate(jpegs))
    words = Paragraph((TextLine(Box(0, 190, 50, 200), ("words",)),))
    return Document((ScannedPage(PAGE, (*figures, words)),), Versions("1.2.3"))


TWO = document(picture(10), picture(200))


def compiled(program: str, folder: Path) -> str:
    """What the engine says of `a.tex` in the folder."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


@pytest.mark.tex
@pytest.mark.parametrize("program", ["pdflatex", "xelatex"])
def test_pictures_are_included(program: str, tmp_path: Path) -> None:
    target = tmp_path / "a.tex"
    target.write_text(document_to_tex(TWO, figures_folder(target)))
    assert "width=0.50\\linewidth" in target.read_text()
    compiled(program, tmp_path)  # without its pictures it compiles too
    assert "Graphic file" not in (tmp_path / "a.log").read_text("latin-1")
    deliver_figures(TWO, target)
    compiled(program, tmp_path)
    assert (tmp_path / "a.log").read_text("latin-1").count("Graphic file") == 2


@pytest.mark.tex
def test_a_fragment_compiles_where_graphicx_is_not_loaded(tmp_path: Path) -> None:
    deliver_figures(TWO, tmp_path / "b.tex")
    (tmp_path / "b.tex").write_text(document_to_fragment(TWO, figures_folder(tmp_path / "b.tex")))
    (tmp_path / "a.tex").write_text("\\documentclass{article}\\begin{document}\\input{b}\\end{document}\n")
    compiled("pdflatex", tmp_path)


@pytest.mark.parametrize("name", ["my notes", "50% & more_{x}", "ábc", "a#b~c$d^e", "--"])
def test_folders_of_pictures_have_plain_names(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9.-]+", figures_folder(Path(f"{name}.tex")))


def test_folders_of_different_documents_differ() -> None:
    names = ["notes", "à", "á", "a b", "a-b", "a_b"]
    assert len({figures_folder(Path(f"{name}.tex")) for name in names}) == len(names)
    assert figures_folder(Path("notes.tex")) == "notes-figures"


@pytest.mark.parametrize("ending", ["tex", "md"])
def test_the_command_writes_pictures_beside_the_document(ending: str, tmp_path: Path) -> None:
    source = tmp_path / "notes.json"
    source.write_text(json_text(TWO))
    assert main([str(source), "-o", str(tmp_path / f"out.{ending}"), "-q"]) == ExitCode.DONE
    written = {path.name: path.read_bytes() for path in (tmp_path / "out-figures").iterdir()}
    assert written == {figure.name: figure.jpeg for figure in TWO.figures}
    assert all(f"out-figures/{name}" in (tmp_path / f"out.{ending}").read_text() for name in written)


@pytest.mark.parametrize("ending", ["html", "json"])
def test_others_hold_them(ending: str, tmp_path: Path) -> None:
    source = tmp_path / "notes.json"
    source.write_text(json_text(TWO))
    assert main([str(source), "-o", str(tmp_path / f"out.{ending}"), "-q"]) == ExitCode.DONE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["notes.json", f"out.{ending}"]


def test_word_files_hold_them() -> None:
    if shutil.which("pandoc") is None:
        pytest.skip("pandoc is not installed")
    names = zipfile.ZipFile(io.BytesIO(document_to_docx(TWO))).namelist()
    assert sum(name.startswith("word/media/") for name in names) == 2


def test_equal_pictures_share_a_file(tmp_path: Path) -> None:
    deliver_figures(document(picture(10), picture(10)), tmp_path / "a.tex")
    assert len(list((tmp_path / "a-figures").iterdir())) == 1


def test_a_document_without_pictures_makes_no_folder(tmp_path: Path) -> None:
    deliver_figures(document(), tmp_path / "a.tex")
    assert list(tmp_path.iterdir()) == []


def test_the_form_to_fill_in_keeps_them() -> None:
    assert [slot.content for slot in slots_of(TWO)] == ["words"]
    source = "".join(part for part in tex_form(TWO).parts if isinstance(part, str))
    assert source.count("\\includegraphics") == 2


def test_a_figure_moves_with_its_page() -> None:
    page = Page("a.png", 1, 200, 100, 150.0)
    there = moved(TWO.pages[0], Homography.quarter_turns(1, 100, 200), page)
    figure = there.blocks[0]
    assert isinstance(figure, Figure) and figure.box == Box(0, 40, 10, 90) and figure.jpeg == picture(10)


def test_a_figure_is_a_jpeg() -> None:
    with pytest.raises(ValueError, match="JPEG"):
        Figure(Box(0, 0, 1, 1), b"GIF89a")
