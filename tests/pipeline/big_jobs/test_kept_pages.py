"""What stops a long run costs the page at hand: the others are kept, and used for what they fit."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType

import pytest
from big_jobs import GREYS, Run, StopAt, contents, interrupt, read, sheets

from pipeline.kept_pages import KeptPages, _code
from pipeline.limits import Limits
from pipeline.load import PageSource
from pipeline.page_range import PageRange
from pipeline.page_work import PageWork
from pipeline.scan import ScanOptions
from pipeline.text_layer import TextLayerUse
from scanpage.document import Versions
from scanpage.errors import ExitCode

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

    monkeypatch.setattr("pipeline.run.CommandRun._write_review", swap)
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
