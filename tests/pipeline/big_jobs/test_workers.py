"""Several processes read what one would; one that dies costs its page."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

import pytest
from big_jobs import GREYS, PATHS, Run, StopAt, interrupt, read, sheets

from pipeline.cli import UNEXPECTED, main
from pipeline.workers import Workers
from pipeline.write_review import page_picture
from scanpage.errors import ExitCode


def test_a_process_that_dies_costs_its_page(
    run: Run, tmp_path: Path, log: Path, models: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = sheets(tmp_path / "notes.tif", [101, models.DEADLY, 102, models.DEADLY, 103, 104])
    command = [pages, "-o", "notes.json", "--jobs", "2"]
    assert run(*command) == ExitCode.FINISHED_WITH_FAILURES
    assert sorted(read(log)) == [101, 102, 103, 104]
    first, second, summary = capsys.readouterr().err.splitlines()
    assert "notes.tif page 2 was not read: the process at it died (SIGKILL)" in first and "page 4 was" in second
    assert "the same command tries it again" in first and summary.startswith("6 pages (2 failed), 4 formulas (")
    failures = [page["failure"] for page in json.loads(Path("notes.json").read_text())["pages"]]
    assert [failure is None for failure in failures] == [True, False, True, False, True, True]
    assert run(*command) == ExitCode.FINISHED_WITH_FAILURES
    assert read(log) == []
    assert not multiprocessing.active_children()


def test_processes_whose_models_are_damaged_or_do_not_fit_end_the_run(
    run: Run, tmp_path: Path, models: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [str(sheets(tmp_path / "notes.tif")), "--jobs", "2"]
    assert main(command, load_engines=models.load_broken) == ExitCode.BROKEN_WEIGHTS
    assert capsys.readouterr().err == "scanpage: the model is damaged\n"
    assert main(command, load_engines=models.load_deadly) == ExitCode.FINISHED_WITH_FAILURES
    assert "die while they start (SIGKILL)" in capsys.readouterr().err
    assert not list(Path().iterdir()) and not multiprocessing.active_children()


def test_want_of_memory_is_suspected_only_where_the_system_ended_a_process(
    run: Run, tmp_path: Path, models: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    crashing = sheets(tmp_path / "notes.tif", [101, models.CRASHING, models.DEADLY])
    assert run(crashing, "--jobs", "2") == ExitCode.FINISHED_WITH_FAILURES
    first, second, _ = capsys.readouterr().err.splitlines()
    assert first.endswith("the process at it died (exit code 3); the same command tries it again")
    assert "the process at it died (SIGKILL), for want of memory perhaps; the same command" in second
    assert main([str(crashing), "--jobs", "2"], load_engines=models.load_crashing) == ExitCode.FINISHED_WITH_FAILURES
    assert capsys.readouterr().err == (
        "scanpage: the processes that read pages die while they start (exit code 3): start the same command again "
        "without --jobs\n"
    )


@pytest.mark.parametrize("load", ["load_faulty", "load_with_faulty_review"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_bug_is_told_the_same_way_wherever_it_was_met(
    run: Run,
    tmp_path: Path,
    models: ModuleType,
    load: str,
    jobs: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("pipeline.page_work.page_picture", page_picture)  # restored when the test ends
    command = [str(sheets(tmp_path / "notes.tif")), "--review", "all.html", "--jobs", jobs]
    assert main(command, load_engines=getattr(models, load)) == UNEXPECTED
    assert capfd.readouterr().err == "scanpage: unexpected _FaultError: out of luck (run again with -v and report it)\n"
    assert main([*command, "-v"], load_engines=getattr(models, load)) == UNEXPECTED
    assert "stand_ins.py" in capfd.readouterr().err
    assert not multiprocessing.active_children()


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each process that is started to read pages."""
    start, counted = Workers._start, list[int]()

    def count(self: Workers) -> None:
        counted.append(len(counted))
        start(self)

    monkeypatch.setattr(Workers, "_start", count)
    return counted


def test_no_more_processes_are_started_than_pages_are_missing(
    run: Run, tmp_path: Path, stop_at: StopAt, starts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(104, KeyboardInterrupt())
    assert run(pages, "-q") == ExitCode.INTERRUPTED
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.run.CommandRun._write", interrupt)
        assert run(pages, "-q", "--jobs", "4") == ExitCode.INTERRUPTED
    assert len(starts) == 2  # for two pages
    assert run(pages, "-q", "--jobs", "4") == ExitCode.DONE
    assert len(starts) == 3  # for none


def test_no_more_processes_are_started_than_the_cores_are_good_for(
    run: Run, tmp_path: Path, starts: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.stream.usable_cores", lambda: 1)
    assert run(sheets(tmp_path / "notes.tif"), "-q", "--jobs", "1000") == ExitCode.DONE
    assert len(starts) == 4


@pytest.mark.parametrize("possible", [0, 1])
def test_processes_that_cannot_be_started_are_done_without_while_there_is_one(
    run: Run,
    tmp_path: Path,
    log: Path,
    possible: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    start, begun = BaseProcess.start, list[BaseProcess]()

    def start_some(self: BaseProcess) -> None:
        begun.append(self)
        if len(begun) > possible:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
        start(self)

    monkeypatch.setattr(BaseProcess, "start", start_some)
    code = run(sheets(tmp_path / "notes.tif"), "-q", "--jobs", "3")
    said = capsys.readouterr().err
    if possible:
        assert (code, said, read(log)) == (ExitCode.DONE, "", GREYS)
    else:
        assert code == ExitCode.FINISHED_WITH_FAILURES
        assert "no process that reads pages can be started (Resource temporarily unavailable)" in said
    assert not multiprocessing.active_children()


def test_what_several_processes_took_is_summed(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(sheets(tmp_path / "notes.tif"), "--jobs", "2", "-v") == ExitCode.DONE
    times = capsys.readouterr().err.splitlines()[-1]
    assert [part.split()[0] for part in times.split(", ")] == [
        "models", "load", "detect", "formulas", "prose", "assemble", "write",
    ]  # fmt: skip


def test_an_unwritable_preview_ends_a_run_of_several_processes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("look").mkdir()
    Path("look/notes-p002.jpg").mkdir()  # in the way
    assert run(sheets(tmp_path / "notes.tif"), "--preview", "look", "--jobs", "2", "-q") == ExitCode.UNWRITABLE_OUTPUT
    assert not multiprocessing.active_children()


SCRIPT = """import sys, stand_ins
from pipeline.cli import main
if __name__ == "__main__":
    sys.exit(main(load_engines=stand_ins.load))
"""


def test_nothing_in_the_current_folder_stands_in_for_a_module(run: Run, tmp_path: Path) -> None:
    for name in ("pickle", "signal", "pipeline", "numpy"):
        Path(f"{name}.py").write_text(f"raise AssertionError('{name} of the current folder')")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "scanpage").write_text(SCRIPT)  # as the installed command, in a folder of its own
    done = subprocess.run(
        [sys.executable, tmp_path / "bin" / "scanpage", sheets(tmp_path / "notes.tif"), "-q", "--jobs", "2"],
        env=os.environ | {"PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (ExitCode.DONE, "")
