"""`synth typeset`: lists of formulas in, layouts out."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanpage.errors import ExitCode
from synth.cli import main
from synth.corpus import load_layouts

pytest.importorskip("matplotlib")
needs_latex = pytest.mark.skipif(not shutil.which("latex"), reason="LaTeX is not installed")


@pytest.mark.tex
@needs_latex
def test_each_formula_is_typeset_once_and_excluded_ones_not_at_all(tmp_path: Path) -> None:
    formulas, excluded, out = (tmp_path / name for name in ("formulas.txt", "excluded.txt", "formulas.layouts"))
    formulas.write_text("a^2 + b^2\na ^ {2}+b^2\nx = 1\n\\nonsense{\n\\frac{1}{2}\n")
    excluded.write_text("x=1\n\\nonsense{\n")
    assert main(["typeset", str(formulas), "--exclude", str(excluded), "--out", str(out), "-q"]) == ExitCode.DONE
    assert [layout.latex for layout in load_layouts(out)] == ["a ^ { 2 } + b ^ { 2 }", r"\frac { 1 } { 2 }"]


def test_without_latex_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "formulas.txt").write_text("x\n")
    code = main(["typeset", str(tmp_path / "formulas.txt"), "--out", str(tmp_path / "out")])
    assert code == ExitCode.USAGE
    assert "LaTeX is not installed" in capsys.readouterr().err


@needs_latex
def test_a_list_that_is_not_there_is_unreadable_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["typeset", str(tmp_path / "none.txt"), "--out", str(tmp_path / "out")])
    assert code == ExitCode.UNREADABLE_INPUT
    assert "none.txt" in capsys.readouterr().err
