from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.engines import Engines
from pipeline.scan import ScanOptions
from scanpage import __version__, weights
from scanpage.errors import ExitCode, WeightsError

Maker = Callable[..., Path]
Run = Callable[..., int]


@pytest.fixture
def run(engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in an empty current folder, with stand-ins for the models."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    return lambda *arguments: main([str(argument) for argument in arguments], load_engines=lambda _: engines)


def test_result_is_named_after_the_input(run: Run, pdf: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(pdf("notes.pdf", pages=2)) == ExitCode.DONE
    source = Path("notes.tex").read_text("utf-8")
    assert source.count("x^{2} + 1 = 0") == 4 and source.endswith("\\end{document}\n")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("2 pages, 4 formulas in ") and said.err.endswith(" s: notes.tex\n")


def test_stdout_holds_the_document_alone(run: Run, picture: Maker, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(picture("a.png"), "-o", "-", "-v") == ExitCode.DONE
    said = capfd.readouterr()
    assert said.out.startswith("% Made by scanpage") and said.out.endswith("\\end{document}\n")
    assert "detect 0." in said.err and "formulas 0." in said.err
    assert list(Path().iterdir()) == []


def test_several_inputs_become_one_document_or_one_each(run: Run, picture: Maker) -> None:
    inputs = picture("a.png"), picture("b.png")
    assert run(*inputs, "-o", "both.tex") == ExitCode.DONE
    assert Path("both.tex").read_text().count(r"\clearpage") == 1
    assert run(*inputs, "-o", "each/") == ExitCode.DONE
    assert sorted(path.name for path in Path("each").iterdir()) == ["a.tex", "b.tex"]


def test_preview_and_json(run: Run, pdf: Maker) -> None:
    assert run(pdf(pages=2), "--pages", "2", "--preview", "look", "--json", "all.json", "-q") == ExitCode.DONE
    assert [path.name for path in Path("look").iterdir()] == ["notes-p002.jpg"]
    value = json.loads(Path("all.json").read_text("utf-8"))
    assert value["format"] == "scanpage-document" and [page["number"] for page in value["pages"]] == [2]


def test_review_page_holds_all_inputs(run: Run, picture: Maker, pdf: Maker) -> None:
    inputs = picture("a.png"), pdf("b.pdf", pages=2)
    assert run(*inputs, "-o", "each/", "--review", "look/all.html", "--alternatives", "1", "-q") == ExitCode.DONE
    page = Path("look/all.html").read_text("utf-8")
    assert page.count("<figure") == page.count("data:image/jpeg") == 3
    assert "Review of a.png and 1 more" in page


def test_review_page_tells_of_pages_that_failed(run: Run, picture: Maker) -> None:
    inputs = picture("a.png"), picture("red.png", colour="red")
    assert run(*inputs, "--review", "all.html", "-q") == ExitCode.FINISHED_WITH_FAILURES
    assert Path("all.html").read_text("utf-8").count("Page not read: ") == 1


def test_doubtful_formulas_are_counted_and_marked(run: Run, picture: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(picture("a.png"), "--check-below", "0.8", "--json", "all.json") == ExitCode.DONE
    assert capsys.readouterr().err.startswith("1 page, 2 formulas (2 to check) in ")
    assert Path("a.tex").read_text().count(r"\tocheck{0.75}") == 2
    assert Path("all.json").read_text().count('"check": true') == 2


def test_alternatives_stand_in_the_json(run: Run, picture: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(picture("a.png"), "--alternatives", "2", "--json", "all.json", "-q") == ExitCode.DONE
    (page,) = json.loads(Path("all.json").read_text("utf-8"))["pages"]
    others = page["blocks"][1]["rows"][0]["formulas"][0]["alternatives"]
    assert others == [{"latex": "x _ 0", "score": 0.375}, {"latex": "x _ 1", "score": 0.25}]


@pytest.mark.parametrize(
    ("ending", "begins", "holds"),
    [
        ("md", "<!-- Made by scanpage", "$x^{2} + 1 = 0$"),
        ("html", "<!DOCTYPE html>\n<!-- Made by scanpage", "<msup><mi>x</mi>"),
        ("json", '{\n "format": "scanpage-document"', '"latex": "x ^ { 2 } + 1 = 0"'),
        ("tex", "% Made by scanpage", "$x^{2} + 1 = 0$"),
    ],
)
def test_the_ending_chooses_the_format(run: Run, picture: Maker, ending: str, begins: str, holds: str) -> None:
    page = picture("a.png")
    assert run(page, "-q", "-o", f"notes.{ending}") == ExitCode.DONE
    text = Path(f"notes.{ending}").read_text("utf-8")
    assert text.startswith(begins) and holds in text and text.endswith("\n")
    # What it wrote itself it writes again unasked.
    for _ in range(2):
        assert run(page, "-q", "--to", ending) == run(page, "-q", "--to", ending, "-o", "all/") == ExitCode.DONE
    assert Path(f"a.{ending}").read_text("utf-8") == Path(f"all/a.{ending}").read_text("utf-8") == text


def test_a_format_can_go_to_standard_output(run: Run, picture: Maker, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(picture("a.png"), "-q", "-o", "-", "--to", "md") == ExitCode.DONE
    assert capfd.readouterr().out.startswith("<!-- Made by scanpage")


def test_a_document_is_written_in_another_format_without_models(
    run: Run, pdf: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    no_models = failing(AssertionError("models were loaded"))
    assert run(pdf("notes.pdf", pages=2), "-o", "notes.json", "--alternatives", "1", "-q") == ExitCode.DONE
    for ending in ("md", "html", "tex"):
        assert run(pdf("notes.pdf", pages=2), "-o", f"direct.{ending}", "-q") == ExitCode.DONE
        assert main(["notes.json", "-o", f"later.{ending}"], load_engines=no_models) == ExitCode.DONE
        assert Path(f"later.{ending}").read_bytes() == Path(f"direct.{ending}").read_bytes()
    assert main(["notes.json", "-o", "again.json", "-q"], load_engines=no_models) == ExitCode.DONE
    assert Path("again.json").read_bytes() == Path("notes.json").read_bytes()
    assert capsys.readouterr().err.count("2 pages, 4 formulas in ") == 3
    assert main(["notes.json", "again.json", "-o", "both.md", "-q"], load_engines=no_models) == ExitCode.DONE
    assert Path("both.md").read_text("utf-8").count("\n---\n") == 3


def test_fragment_and_template(run: Run, picture: Maker) -> None:
    page = picture("a.png")
    assert run(page, "-q", "-o", "part.tex", "--fragment") == ExitCode.DONE
    assert "\\documentclass" not in Path("part.tex").read_text("utf-8")
    Path("mine.tex").write_text("\\documentclass{book}\n%%scanpage:body%%\n", "utf-8")
    assert run(page, "-q", "--template", "mine.tex") == ExitCode.DONE
    assert "\\documentclass{book}" in Path("a.tex").read_text("utf-8")


def test_quiet_says_nothing(run: Run, picture: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(picture("a.png"), "-q") == ExitCode.DONE
    assert capsys.readouterr() == ("", "")


def test_standard_input(run: Run, picture: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(picture("a.png").read_bytes())))
    assert run("-") == ExitCode.DONE
    assert "% <stdin> page 1" in Path("stdin.tex").read_text()


def test_one_bad_page_of_many(run: Run, picture: Maker, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture("scans/1.png")
    picture("scans/2.png", colour=(255, 0, 0))
    (tmp_path / "scans" / "3.png").write_bytes(b"rubbish")
    assert run(tmp_path / "scans", "-q") == ExitCode.FINISHED_WITH_FAILURES
    source = Path("scans.tex").read_text()
    assert source.count("Page not read:") == 2 and source.count("x^{2} + 1 = 0") == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and all(line.startswith("scanpage: ") for line in lines)


def test_bad_input_among_others_gets_its_own_marked_document(run: Run, picture: Maker, tmp_path: Path) -> None:
    (tmp_path / "bad.pdf").write_text("no PDF")
    assert run(picture("good.png"), tmp_path / "bad.pdf", "-o", "out/") == ExitCode.FINISHED_WITH_FAILURES
    assert "Page not read:" in Path("out/bad.tex").read_text()
    assert "Page not read:" not in Path("out/good.tex").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["missing.pdf"], ExitCode.UNREADABLE_INPUT, "missing.pdf does not exist"),
        (["{empty}"], ExitCode.UNREADABLE_INPUT, "is empty"),
        (["{folder}"], ExitCode.UNREADABLE_INPUT, "holds no pages"),
        (["{pdf}", "--pages", "9"], ExitCode.UNREADABLE_INPUT, "there is no page 9"),
        (["{red}"], ExitCode.UNREADABLE_INPUT, "could not be processed"),
        (["{pdf}", "--pages", "x"], ExitCode.USAGE, "--pages 'x' is not understood"),
        (["{pdf}", "--dpi", "1"], ExitCode.USAGE, "--dpi must lie"),
        (["{pdf}", "--jobs", "0"], ExitCode.USAGE, "--jobs must be 1 or more"),
        (["{pdf}", "--check-below", "2"], ExitCode.USAGE, "--check-below must lie"),
        (["{pdf}", "--no-prose", "--lang", "vi"], ExitCode.USAGE, "--lang is for prose"),
        (["{pdf}", "--no-prose", "--text-layer", "ignore"], ExitCode.USAGE, "--text-layer is for prose"),
        (["{pdf}", "--alternatives", "2"], ExitCode.USAGE, "name --json or --review"),
        (["{pdf}", "-o", "{pdf}", "--to", "tex"], ExitCode.USAGE, "is an input and would be overwritten"),
        (["{pdf}", "-o", "a.txt"], ExitCode.USAGE, "choose one of .tex, .md, .html, .json, .docx"),
        (["{pdf}", "-o", "a"], ExitCode.USAGE, "a has no ending that names a format"),
        (["{pdf}", "-o", "a.md", "--fragment"], ExitCode.USAGE, "are for .tex, not for .md"),
        (["{pdf}", "--template", "no.tex"], ExitCode.UNREADABLE_INPUT, "cannot read the template no.tex"),
        (["{pdf}", "--template", "{pdf}"], ExitCode.UNREADABLE_INPUT, "cannot read the template"),
        (["{pdf}", "--template", "{empty}"], ExitCode.USAGE, "empty.pdf has no slot for the body"),
        (["{json}", "{pdf}"], ExitCode.USAGE, "do not go together"),
        (["{json}"], ExitCode.UNREADABLE_INPUT, "broken.json is no document of scanpage: format is missing"),
        (["{json}", "--dpi", "100"], ExitCode.USAGE, "--dpi is for reading pages"),
        (["{json}", "--no-prose"], ExitCode.USAGE, "--no-prose is for reading pages"),
        (["none.json", "-o", "a.md"], ExitCode.UNREADABLE_INPUT, "none.json does not exist"),
        (["{pdf}", "-o", "a.tex", "--json", "a.tex"], ExitCode.USAGE, "same file"),
        (["{pdf}", "-o", "{empty}/a.tex"], ExitCode.UNWRITABLE_OUTPUT, "cannot write in"),
        (["{pdf}", "--preview", "{empty}"], ExitCode.UNWRITABLE_OUTPUT, "cannot write in"),
        (["{pdf}", "-o", "a.tex", "--review", "a.tex"], ExitCode.USAGE, "same file"),
        (["{pdf}", "--json", "."], ExitCode.UNWRITABLE_OUTPUT, "is a folder"),
    ],
)
def test_every_error_is_one_line_and_its_code(
    arguments: list[str],
    code: ExitCode,
    message: str,
    run: Run,
    pdf: Maker,
    picture: Maker,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken.json").write_text("{}")
    places = {
        "json": tmp_path / "broken.json",
        "empty": tmp_path / "empty.pdf",
        "folder": tmp_path / "folder",
        "pdf": pdf(),
        "red": picture("red.png", colour=(255, 0, 0)),
    }
    assert run(*(argument.format(**places) for argument in arguments)) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("scanpage: ") and said.err.count("\n") == 1 and message in said.err
    assert list(Path().iterdir()) == []


def test_a_source_of_the_same_name_is_not_overwritten_unasked(
    run: Run, picture: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    page = picture("a.png")
    Path("a.tex").write_text("by hand")
    assert run(page) == ExitCode.USAGE
    assert "a.tex was not made by scanpage" in capsys.readouterr().err and Path("a.tex").read_text() == "by hand"
    assert run(page, "-o", "a.tex") == ExitCode.DONE
    assert run(page) == ExitCode.DONE  # once more, over what it wrote itself
    Path("out").mkdir()
    Path("out/a.tex").write_text("by hand")
    assert run(page, "-o", "out/") == ExitCode.USAGE
    assert Path("out/a.tex").read_text() == "by hand"


def test_verbose_traces_an_error_that_cost_a_page(run: Run, picture: Maker, caplog: pytest.LogCaptureFixture) -> None:
    pages, pipeline = (picture("good.png"), picture("red.png", colour=(255, 0, 0))), logging.getLogger("pipeline")
    pipeline.setLevel(logging.NOTSET)
    assert run(*pages) == ExitCode.FINISHED_WITH_FAILURES
    assert not caplog.records
    assert run(*pages, "-v") == ExitCode.FINISHED_WITH_FAILURES
    [record] = [record for record in caplog.records if record.name.startswith("pipeline")]
    assert record.exc_info is not None
    pipeline.setLevel(logging.NOTSET)


def failing(error: BaseException) -> Callable[[ScanOptions], Engines]:
    def load(_: ScanOptions) -> Engines:
        raise error

    return load


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (WeightsError("the model is damaged"), ExitCode.BROKEN_WEIGHTS, "the model is damaged"),
        (KeyboardInterrupt(), ExitCode.INTERRUPTED, "interrupted"),
        (ZeroDivisionError("a bug"), 1, "unexpected ZeroDivisionError: a bug"),
    ],
)
def test_whatever_ends_a_run_leaves_no_half_result(
    error: BaseException, code: int, message: str, run: Run, pdf: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(pdf())], load_engines=failing(error)) == code
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1
    assert list(Path().iterdir()) == []


def test_verbose_traces_errors(run: Run, pdf: Maker, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(pdf()), "-v"], load_engines=failing(ZeroDivisionError("a bug"))) == 1
    assert "Traceback" in capsys.readouterr().err


def test_unwritable_output_is_found_before_the_models_are_loaded(run: Run, pdf: Maker, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    target = str(tmp_path / "file" / "a.tex")
    assert main([str(pdf()), "-o", target], load_engines=failing(AssertionError("too late"))) == 5


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    code = "import sys; from pipeline.cli import main; sys.exit(main())"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def test_command_version_usage_and_missing_file(tmp_path: Path) -> None:
    assert command("--version", cwd=tmp_path).stdout == f"scanpage {__version__}\n"
    assert command(cwd=tmp_path).returncode == ExitCode.USAGE
    assert command("--no-such-option", "a.pdf", cwd=tmp_path).returncode == ExitCode.USAGE
    missing = command("a.pdf", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (ExitCode.UNREADABLE_INPUT, "")
    assert missing.stderr == "scanpage: a.pdf does not exist: check the name\n"


def test_command_without_models_names_the_folder(tmp_path: Path, picture: Maker) -> None:
    done = command(str(picture("a.png")), "--detector", "nowhere", cwd=tmp_path)
    assert done.returncode == ExitCode.BROKEN_WEIGHTS
    assert done.stderr.startswith("scanpage: no model at nowhere") and done.stderr.count("\n") == 1


@pytest.mark.skipif(
    not all((weights.shipped(stage) / weights.SUMS).is_file() for stage in ("detector", "recognizer")),
    reason="no trained models in this checkout",
)
def test_command_with_the_shipped_models(tmp_path: Path, picture: Maker) -> None:
    done = command(str(picture("blank.png", size=(600, 400))), "-o", "-", cwd=tmp_path)
    assert done.returncode == ExitCode.DONE, done.stderr
    assert done.stdout.endswith("\\end{document}\n")
