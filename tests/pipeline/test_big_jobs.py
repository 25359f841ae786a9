"""Long runs: what stops them costs the page at hand, several processes read what one would, and none is left behind."""

from __future__ import annotations

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from importlib import import_module
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from pipeline.cli import UNEXPECTED, main
from pipeline.folder_lock import held
from pipeline.kept_pages import KeptPages, _code
from pipeline.limits import Limits
from pipeline.load import PageSource
from pipeline.page_range import PageRange
from pipeline.page_work import PageWork
from pipeline.scan import ScanOptions
from pipeline.text_layer import TextLayerUse
from pipeline.workers import Workers
from pipeline.write_review import page_picture
from scanpage.document import Versions
from scanpage.errors import ExitCode

HERE = Path(__file__).resolve().parent
PATHS = os.pathsep.join([str(HERE), str(HERE.parent.parent)])
GREYS = [101, 102, 103, 104, 105]
Run = Callable[..., int]
StopAt = Callable[[int, BaseException], None]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`stand_ins.py`, as the processes that are started find it too."""
    monkeypatch.syspath_prepend(str(HERE))
    return import_module("stand_ins")


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("STAND_INS_LOG", str(path))
    return path


@pytest.fixture
def run(models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in an empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return lambda *arguments: main([str(argument) for argument in arguments], load_engines=models.load)


def sheets(path: Path, greys: list[int] = GREYS) -> Path:
    """A file with a page of each grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = [Image.new("RGB", (200, 120), (grey, grey, grey)) for grey in greys]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def read(log: Path) -> list[int]:
    """Which pages were read since it was asked last, in their order."""
    found = [int(line) for line in log.read_text().split()]
    log.write_text("")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def stop_at(models: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """`stop_at(grey, error)`: who comes to that page first ends with the error."""
    detect, errors = models._Detector.detect, {}

    def detect_or_stop(self: object, image: np.ndarray, **named: object) -> object:
        if int(image[0, 0, 0]) in errors:
            raise errors.pop(int(image[0, 0, 0]))
        return detect(self, image, **named)

    monkeypatch.setattr(models._Detector, "detect", detect_or_stop)
    return errors.__setitem__


ALL = ["-o", "out/notes.tex", "--json", "out/all.json", "--review", "out/look.html", "--preview", "out/look", "-q"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    run: Run,
    tmp_path: Path,
    log: Path,
    stop_at: StopAt,
    jobs: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    assert run(pages, *ALL) == ExitCode.DONE
    whole = contents(Path("out"))
    assert set(whole) == {"notes.tex", "all.json", "look.html", *(f"look/notes-p00{n}.jpg" for n in range(1, 6))}
    for path in whole:
        (Path("out") / path).unlink()
    stop_at(104, KeyboardInterrupt())
    assert run(pages, *ALL[:-1]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.splitlines() == [
        "finished pages that are kept: 3; the same command goes on from there",
        "scanpage: interrupted",
    ]
    read(log)
    assert run(pages, *ALL, "--jobs", jobs) == ExitCode.DONE
    assert sorted(read(log)) == [104, 105]
    assert contents(Path("out")) == whole


def test_a_run_says_that_it_continues_and_what_it_came_to(
    run: Run, tmp_path: Path, stop_at: StopAt, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(103, KeyboardInterrupt())
    run(pages, "-q")
    assert capsys.readouterr().err == "scanpage: interrupted\n"
    assert run(pages) == ExitCode.DONE
    first, last = capsys.readouterr().err.splitlines()
    assert first == "continuing: 2 of 5 pages were read before"
    assert last.startswith("5 pages, 5 formulas (5 to check) in ") and last.endswith(" s: notes.tex")
    assert run(pages) == ExitCode.DONE
    assert "continuing" not in capsys.readouterr().err


def test_documents_that_are_complete_are_written_before_the_run_ends(
    run: Run, tmp_path: Path, log: Path, stop_at: StopAt
) -> None:
    inputs = [
        sheets(tmp_path / f"{name}.tif", [grey, grey + 1]) for name, grey in zip("abc", (40, 50, 60), strict=True)
    ]
    stop_at(51, KeyboardInterrupt())
    assert run(*inputs, "-o", "out/", "-q") == ExitCode.INTERRUPTED
    assert [path.name for path in Path("out").glob("[!.]*")] == ["a.tex"]
    read(log)
    assert run(*inputs, "-o", "out/", "-q") == ExitCode.DONE
    assert read(log) == [51, 60, 61]
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.tex", "b.tex", "c.tex"]


CHANGES: list[tuple[list[str], bool]] = [
    ([], False),
    (["--jobs", "2"], False),
    (["--threads", "1"], False),
    (["--timeout", "9"], False),
    (["--pages", "1-4"], False),
    (["--json", "all.json"], False),
    (["--to", "tex"], False),
    # what the reading depends on
    (["--check-below", "0.2"], True),
    (["--min-score", "0.1"], True),
    (["--no-normalise"], True),
    (["--max-pixels", "50"], True),
    (["--dpi", "100"], True),
    (["--lang", "de"], True),
    (["--text-layer", "ignore"], True),
    (["--no-prose"], True),
    (["--alternatives", "2", "--json", "all.json"], True),
    # what was not made before
    (["--preview", "look"], True),
    (["--review", "all.html"], True),
]


OTHER_SETTINGS: dict[str, object] = {
    "pages": PageRange.parse("1"), "dpi": 100, "min_score": 0.1, "prose": False, "normalise": False,
    "text_layer": TextLayerUse.IGNORE, "lang": "de", "detector": Path("d"), "recognizer": Path("r"), "threads": 3,
    "check_below": 0.2, "alternatives": 2, "limits": Limits(max_pages=7, timeout_s=9),
}  # fmt: skip
"""Another value than the default for each setting of a run."""
WITHOUT_EFFECT = {"pages", "detector", "recognizer", "threads", "limits"}
"""Those that change no reading of a page, or that the versions of the models stand for."""


def test_every_setting_is_compared_or_known_to_change_nothing() -> None:
    assert {field.name for field in fields(ScanOptions)} == OTHER_SETTINGS.keys()
    source, usual = PageSource(b"", "notes.pdf"), ScanOptions()

    def name(options: ScanOptions) -> Path | None:
        return KeptPages(PageWork([source], options), [Path("kept")], Versions("1", "d", "r", "p"))._path(0)

    for setting, other in OTHER_SETTINGS.items():
        changed = replace(usual, **{setting: other})  # type: ignore[arg-type]
        assert changed != usual and (name(changed) == name(usual)) is (setting in WITHOUT_EFFECT), setting
    assert name(replace(usual, limits=Limits(max_pixels=10**6))) != name(usual)


@pytest.mark.parametrize(("options", "anew"), CHANGES)
def test_pages_are_read_anew_where_other_options_change_them(
    run: Run,
    tmp_path: Path,
    log: Path,
    stop_at: StopAt,
    options: list[str],
    anew: bool,
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(103, KeyboardInterrupt())
    run(pages, "-q")
    read(log)
    assert run(pages, "-q", *options) == ExitCode.DONE
    assert (101 in read(log)) is anew
    assert not list(Path().glob(".*"))


def test_pages_of_a_changed_file_or_of_other_models_are_read_anew(
    run: Run, tmp_path: Path, log: Path, models: ModuleType, stop_at: StopAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(103, KeyboardInterrupt())
    run(sheets(tmp_path / "notes.tif"), "-q")
    stop_at(103, KeyboardInterrupt())
    read(log)
    run(sheets(tmp_path / "notes.tif", [101, 102, 103, 200]), "-q")
    assert read(log) == [101, 102]
    monkeypatch.setattr(models._Recognizer, "version", "another")
    assert run(sheets(tmp_path / "notes.tif"), "-q") == ExitCode.DONE
    assert read(log) == GREYS


def test_pages_that_another_state_of_the_program_read_are_read_anew(
    run: Run, tmp_path: Path, log: Path, stop_at: StopAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(103, KeyboardInterrupt())
    run(pages, "-q")
    read(log)
    monkeypatch.setattr("pipeline.kept_pages._code", lambda: "other")
    assert run(pages, "-q") == ExitCode.DONE
    assert read(log) == GREYS


def test_a_state_of_the_program_is_told_by_its_source(tmp_path: Path) -> None:
    def code() -> str:
        return _code.__wrapped__(tmp_path)

    states = [code()]
    for folder, text in (("pipeline", "1"), ("pipeline", "2"), ("detector", "2"), ("tests", "3")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "a.py").write_text(text)
        states.append(code())
    assert len(set(states)) == 4 and states[-1] == states[-2]


def test_equal_files_keep_their_names(run: Run, tmp_path: Path, stop_at: StopAt) -> None:
    for name in ("a", "b", "c"):
        sheets(tmp_path / "scans" / f"{name}.tif", [GREYS["abc".index(name) // 2]])
    stop_at(GREYS[1], KeyboardInterrupt())
    assert run(tmp_path / "scans", "-q") == ExitCode.INTERRUPTED
    assert run(tmp_path / "scans", "-q") == ExitCode.DONE
    assert [line.split("/")[-1] for line in Path("scans.tex").read_text().splitlines() if ".tif page" in line] == [
        f"{name}.tif page 1" for name in "abc"
    ]


def damaged_byte(data: bytes) -> bytes:
    middle = len(data) // 3
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:-30], lambda data: data[40:], damaged_byte])
def test_a_kept_page_that_is_damaged_is_read_again(
    run: Run,
    tmp_path: Path,
    log: Path,
    stop_at: StopAt,
    damage: Callable[[bytes], bytes],
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    options = ["-q", "--review", "all.html", "-o", "notes.json"]
    assert run(pages, *options) == ExitCode.DONE
    whole = contents(Path())
    stop_at(103, KeyboardInterrupt())
    run(pages, *options)
    for path in Path(".notes.json.scanpage").iterdir():
        path.write_bytes(damage(path.read_bytes()))
    read(log)
    assert run(pages, *options) == ExitCode.DONE
    assert read(log) == GREYS and contents(Path()) == whole


def test_a_full_disk_costs_the_page_at_hand(
    run: Run, tmp_path: Path, log: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    space, write = [3], Path.replace

    def replace(path: Path, target: Path) -> Path:
        space[0] -= 1
        if space[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    assert run(pages) == ExitCode.UNWRITABLE_OUTPUT
    assert "No space left on device" in capsys.readouterr().err
    assert len(list(Path(".notes.tex.scanpage").iterdir())) == 3  # and nothing half written
    read(log)
    space[0] = 100
    assert run(pages) == ExitCode.DONE
    assert read(log) == [104, 105]


def test_ctrl_c_while_files_are_compared_costs_no_kept_page(
    run: Run, tmp_path: Path, log: Path, stop_at: StopAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(104, KeyboardInterrupt())
    run(pages, "-q")
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.kept_pages.hashlib.file_digest", interrupt)
        assert run(pages, "-q") == ExitCode.INTERRUPTED
    read(log)
    assert run(pages, "-q") == ExitCode.DONE
    assert read(log) == [104, 105]


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_ctrl_c_at_the_first_page_of_other_settings_costs_no_kept_page(
    run: Run, tmp_path: Path, log: Path, stop_at: StopAt
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(104, KeyboardInterrupt())
    run(pages, "-q")
    stop_at(101, KeyboardInterrupt())
    assert run(pages, "-q", "--dpi", "100") == ExitCode.INTERRUPTED
    read(log)
    assert run(pages, "-q") == ExitCode.DONE
    assert read(log) == [104, 105] and not list(Path().glob(".*"))


def test_files_of_others_among_kept_pages_stay(run: Run, tmp_path: Path, stop_at: StopAt) -> None:
    pages, folder = sheets(tmp_path / "notes.tif"), Path(".notes.tex.scanpage")
    stop_at(103, KeyboardInterrupt())
    run(pages, "-q")
    (page, _) = folder.iterdir()
    (folder / f".{page.name}.k3_x9abc.zip").touch()  # of a run that was killed
    for name in ("backup.zip", f"old-{page.name}"):
        (folder / name).touch()
    assert run(pages, "-q") == ExitCode.DONE
    assert sorted(path.name for path in folder.iterdir()) == ["backup.zip", f"old-{page.name}"]


@pytest.mark.parametrize("exists", [True, False])
def test_pages_are_kept_behind_no_link(
    run: Run, tmp_path: Path, log: Path, exists: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    if exists:
        elsewhere.mkdir()
    Path(".notes.tex.scanpage").symlink_to(elsewhere)
    assert run(sheets(tmp_path / "notes.tif")) == ExitCode.UNWRITABLE_OUTPUT
    assert ".notes.tex.scanpage is a symbolic link" in capsys.readouterr().err
    assert read(log) == [] and elsewhere.is_dir() is exists and Path(".notes.tex.scanpage").is_symlink()


def test_a_link_that_took_the_place_of_kept_pages_is_not_followed_when_they_are_removed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere, folder = tmp_path / "elsewhere", Path(".notes.tex.scanpage")

    def swap(*_: object) -> None:
        folder.rename(elsewhere)
        folder.symlink_to(elsewhere)

    monkeypatch.setattr("pipeline.cli._Run._write_review", swap)
    assert run(sheets(tmp_path / "notes.tif"), "-q", "--json", "all.json") == ExitCode.DONE
    assert len(list(elsewhere.iterdir())) == len(GREYS)


def test_kept_pages_that_cannot_be_removed_are_told_and_no_failure(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    unlink = Path.unlink

    def unlink_none_kept(path: Path, missing_ok: bool = False) -> None:
        if path.parent.name.endswith(".scanpage") and not path.name.startswith("."):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_none_kept)
    assert run(sheets(tmp_path / "notes.tif")) == ExitCode.DONE
    told, summary = capsys.readouterr().err.splitlines()
    assert told == "scanpage: .notes.tex.scanpage is left over and of no more use: Permission denied"
    assert summary.startswith("5 pages, ")


def test_the_picture_of_a_kept_page_is_had_without_its_reading(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("a page was parsed for its picture")

    monkeypatch.setattr("pipeline.kept_pages.document_from_json", fail)
    assert run(sheets(tmp_path / "notes.tif"), "--review", "all.html", "-q") == ExitCode.DONE
    assert Path("all.html").read_text("utf-8").count("data:image/jpeg") == len(GREYS)


def test_what_goes_to_stdout_alone_keeps_nothing_and_else_pages_lie_beside_the_file(
    run: Run, tmp_path: Path, log: Path, stop_at: StopAt
) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(103, KeyboardInterrupt())
    assert run(pages, "-o", "-") == ExitCode.INTERRUPTED
    assert not list(Path().iterdir())
    stop_at(103, KeyboardInterrupt())
    assert run(pages, "-o", "-", "--json", "all.json") == ExitCode.INTERRUPTED
    assert [path.name for path in Path().iterdir()] == [".all.json.scanpage"]


def test_a_page_that_failed_is_tried_again(run: Run, tmp_path: Path, log: Path, stop_at: StopAt) -> None:
    pages = sheets(tmp_path / "notes.tif")
    stop_at(102, RuntimeError("out of luck"))
    stop_at(104, KeyboardInterrupt())
    assert run(pages, "--review", "all.html", "-q") == ExitCode.INTERRUPTED
    read(log)
    stop_at(105, RuntimeError("out of luck"))
    assert run(pages, "--review", "all.html", "-q") == ExitCode.FINISHED_WITH_FAILURES
    assert read(log) == [102, 104]
    page = Path("all.html").read_text("utf-8")
    assert page.count("data:image/jpeg") == 5 and page.count("Page not read: ") == 1
    assert not list(Path().glob(".*"))


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
        patch.setattr("pipeline.cli._Run._write", interrupt)
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


# Jobs in the background are started deaf to Ctrl-C, and so is all that they start.
CODE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
import stand_ins
from pipeline.cli import main
sys.exit(main(load_engines=stand_ins.load))
"""


def started(*arguments: object, log: Path, pages: int) -> subprocess.Popen[str]:
    """The command in a process of its own, when it has begun so many pages."""
    popen = subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": PATHS},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while len(log.read_text().split()) < pages:
        assert popen.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    return popen


def descendants(pid: int) -> set[int]:
    tasks = list(Path(f"/proc/{pid}/task").glob("*/children"))
    found = {int(child) for task in tasks for child in task.read_text().split()}
    return found.union(*map(descendants, found))


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def all_gone(pids: set[int], *, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(is_alive, pids))


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc to see processes in")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_or_interrupted_leaves_nobody_and_goes_on(
    run: Run,
    tmp_path: Path,
    log: Path,
    models: ModuleType,
    jobs: int,
    how: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slow = [models.SLOW] * jobs
    pages = sheets(tmp_path / "notes.tif", [101, 102, 103, *slow, 104])
    popen = started(pages, "-o", "notes.json", "--jobs", jobs, log=log, pages=3 + jobs)
    helpers = descendants(popen.pid)
    assert len(helpers) >= jobs
    start = time.monotonic()
    if how == signal.SIGINT:
        os.killpg(popen.pid, how)  # as a terminal does
    else:
        popen.kill()
    _, said = popen.communicate(timeout=30)
    assert time.monotonic() - start < 20 < models.SLOW_S
    if how == signal.SIGINT:
        assert popen.returncode == ExitCode.INTERRUPTED
        assert said.splitlines()[-1] == "scanpage: interrupted" and "Traceback" not in said
    assert all_gone(helpers, within_s=20)
    assert not Path("notes.json").exists()
    read(log)
    monkeypatch.setattr(models, "SLOW_S", 0)
    assert run(pages, "-o", "notes.json", "-q") == ExitCode.DONE
    assert read(log) == [*slow, 104]
    continued = contents(Path())
    assert run(pages, "-o", "notes.json", "-q") == ExitCode.DONE
    assert contents(Path()) == continued and set(continued) == {"notes.json"}


def test_a_result_is_made_by_one_run_at_a_time(
    run: Run, tmp_path: Path, log: Path, models: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    pages, small = sheets(tmp_path / "notes.tif", [101, 102, models.SLOW, 104]), sheets(tmp_path / "a" / "notes.tif")
    first = started(pages, "-o", "notes.json", log=log, pages=3)
    kept = contents(Path())
    assert run(small, "-o", "notes.json") == ExitCode.UNWRITABLE_OUTPUT
    assert capsys.readouterr().err == (
        "scanpage: another run of scanpage is making notes.json: wait until it is done, or name another output\n"
    )
    assert contents(Path()) == kept
    assert run(small, "-o", "other.json") == ExitCode.DONE
    first.kill()
    first.communicate(timeout=30)
    assert run(small, "-o", "notes.json") == ExitCode.DONE
    assert not list(Path().glob(".*"))


def test_a_run_that_is_refused_leaves_nothing_behind(run: Run, tmp_path: Path, log: Path) -> None:
    inputs = [sheets(tmp_path / f"{name}.tif") for name in "abc"]
    with held(Path("out/.c.tex.scanpage")):
        assert run(*inputs, "-o", "out/") == ExitCode.UNWRITABLE_OUTPUT
        assert [path.name for path in Path("out").iterdir()] == [".c.tex.scanpage"]
    assert run(*inputs, "-o", "out/") == ExitCode.DONE
