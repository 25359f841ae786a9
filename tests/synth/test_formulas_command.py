"""`synth formulas`: lists of formulas and data sets in, corpora of layouts and pictures out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scanpage.errors import ExitCode
from synth.cli import main
from synth.cli_formulas import FAMILIES
from synth.corpus import load_layouts
from synth.typeset import FontFamily

pytest.importorskip("matplotlib")
needs_latex = pytest.mark.skipif(not shutil.which("latex"), reason="LaTeX is not installed")


def build(out: Path, *options: str) -> int:
    return main(["formulas", "build", "--out", str(out), "--workers", "1", *options])


@pytest.fixture
def formulas(tmp_path: Path) -> str:
    path = tmp_path / "formulas.txt"
    path.write_text("a^2 + b^2\na ^ {2}+b^2\nx = 1\n\\nonsense{\n\\frac{1}{2}\n")
    return str(path)


@pytest.mark.tex
@needs_latex
def test_each_formula_is_typeset_once_and_excluded_ones_not_at_all(
    tmp_path: Path, formulas: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "excluded.txt").write_text("x=1\n\\nonsense{\n")
    out = tmp_path / "out"
    assert build(out, "--formulas", formulas, "--exclude", str(tmp_path / "excluded.txt")) == ExitCode.DONE
    corpus = load_layouts(out)
    assert list(corpus.labels) == ["a ^ { 2 } + b ^ { 2 }", r"\frac { 1 } { 2 }"]
    assert list(corpus.sources) == ["a^2 + b^2", r"\frac{1}{2}"]
    report = json.loads((out / "report.json").read_text())
    assert (report["formulas"], report["layouts"]) == (5, 2)
    assert report["dropped"] == {"refused": 1, "seen before": 1, "excluded": 1}
    assert report["reasons"] == {"refused": {r"unknown \nonsense": 1}}
    assert report["settings"]["families"]["computer_modern"] == pytest.approx(0.66)
    shown = capsys.readouterr()
    assert "2 of 5 formulas" in shown.err
    assert shown.out == ""


@pytest.mark.tex
@needs_latex
def test_families_lengths_and_styles_are_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "many.txt"
    path.write_text("".join(f"x_{{{k}}}\n" for k in range(100)) + "y\n" + "a+" * 50 + "a\n")
    options = ("--families", "times", "euler=3", "--display", "0.5", "--min-tokens", "2", "--max-tokens", "9")
    assert build(tmp_path / "out", "--formulas", str(path), *options, "-q") == ExitCode.DONE
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["layouts"] == 100
    assert report["dropped"] == {"length": 2}
    assert 60 < report["families"]["euler"] < 90
    assert report["families"]["times"] == 100 - report["families"]["euler"]
    assert 35 < report["display"] < 65


def test_without_latex_it_says_so(
    tmp_path: Path, formulas: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build(tmp_path / "out", "--formulas", formulas) == ExitCode.USAGE
    assert "LaTeX is not installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_names_of_families_in_the_help_are_those_that_there_are() -> None:
    assert [name.upper() for name in FAMILIES] == [family.name for family in FontFamily]


# What is wrong, the exit code, and what the message names.
WRONG = [
    (["--formulas", "none.txt"], ExitCode.UNREADABLE_INPUT, "none.txt"),
    (["--formulas", "list.csv"], ExitCode.UNREADABLE_INPUT, "list.csv"),
    (["--formulas", "list.txt", "--exclude", "none.txt"], ExitCode.UNREADABLE_INPUT, "none.txt"),
    ([], ExitCode.USAGE, "--dataset"),
    (["--formulas", "list.txt", "--dataset", "d"], ExitCode.USAGE, "--dataset"),
    (["--formulas", "list.txt", "--families", "comic"], ExitCode.USAGE, "computer_modern"),
    (["--formulas", "list.txt", "--families", "times=x"], ExitCode.USAGE, "times=x"),
    (["--formulas", "list.txt", "--families", "times=0"], ExitCode.USAGE, "shares"),
    (["--formulas", "list.txt", "--families", "times=nan"], ExitCode.USAGE, "shares"),
    (["--formulas", "list.txt", "--display", "2"], ExitCode.USAGE, "display"),
    (["--formulas", "list.txt", "--limit", "0"], ExitCode.USAGE, "--limit"),
    (["--formulas", "list.txt", "--seed", "-1"], ExitCode.USAGE, "--seed"),
    (["--formulas", "list.txt", "--workers", "-1"], ExitCode.USAGE, "--workers"),
    (["--formulas", "list.txt", "--max-tokens", "0"], ExitCode.USAGE, "bounds"),
]


@needs_latex
@pytest.mark.parametrize(("options", "code", "named"), WRONG)
def test_wrong_options_leave_nothing_behind(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    code: int,
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("list.txt", "list.csv"):
        Path(name).write_text("x\n")
    assert build(tmp_path / "out", *options) == code
    assert named in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@needs_latex
@pytest.mark.parametrize(("name", "text"), [("empty.txt", " \n"), ("no_tab.tsv", "equation\n")])
def test_a_list_without_formulas_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    assert build(tmp_path / "out", "--formulas", str(tmp_path / name)) == ExitCode.UNREADABLE_INPUT
    assert name in capsys.readouterr().err


@needs_latex
def test_a_list_that_is_damaged_further_down_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "damaged.txt"
    path.write_bytes(b"x\n\xff\n")
    assert build(tmp_path / "out", "--formulas", str(path)) == ExitCode.UNREADABLE_INPUT
    assert "damaged.txt" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*.layouts"))


@needs_latex
def test_an_unwritable_folder_is_named(tmp_path: Path, formulas: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert build(tmp_path / "file" / "out", "--formulas", formulas) == ExitCode.UNWRITABLE_OUTPUT
    assert "file" in capsys.readouterr().err
