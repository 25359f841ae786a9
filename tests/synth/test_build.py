"""A folder of layouts: the same whoever makes it, however often it was stopped."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanpage.errors import OutputError, UsageError, WorkerError
from synth import build as module
from synth import chunks
from synth.build import Tally, build_corpus
from synth.chunks import Wanted
from synth.corpus import load_layouts
from synth.setters import set_chunks
from synth.typeset import FontFamily

pytest.importorskip("matplotlib")
pytestmark = [pytest.mark.tex, pytest.mark.skipif(not shutil.which("latex"), reason="LaTeX is not installed")]

# Every third one has been there before, every seventh is refused.
FORMULAS = [rf"\nosuch_{k}" if k % 7 == 6 else f"x_{{{k - (k % 3 == 2)}}} + y" for k in range(60)]
FAMILIES = ((FontFamily.COMPUTER_MODERN, 0.5), (FontFamily.TIMES, 0.5))
WANTED = Wanted(families=FAMILIES, display=0.5)


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the outcome of 20 formulas, set 10 at a time."""
    monkeypatch.setattr(chunks, "CHUNK", 10)
    monkeypatch.setattr(module, "CHUNKS_PER_FILE", 2)


def build(out: Path, formulas: list[str] | Iterator[str], *, wanted: Wanted = WANTED, workers: int = 1) -> Tally:
    return build_corpus(formulas, out, wanted=wanted, seed=3, workers=workers, origin={"formulas": "made up"})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.name != "report.json"}


def test_files_are_the_same_for_any_number_of_workers(tmp_path: Path) -> None:
    build(tmp_path / "one", FORMULAS)
    build(tmp_path / "three", FORMULAS, workers=3)
    assert list(contents(tmp_path / "one")) == ["000.layouts", "001.layouts", "002.layouts", "settings.json"]
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_labels_are_kept_once_over_all_files_and_all_formulas_are_accounted_for(tmp_path: Path) -> None:
    tally = build(tmp_path, FORMULAS)
    corpus = load_layouts(tmp_path)
    assert len(set(corpus.labels)) == len(corpus) == tally.layouts
    assert tally.formulas == len(FORMULAS) == tally.layouts + sum(tally.dropped.values())
    assert tally.kinds.keys() == {"refused", "seen before"}
    assert all(layout.source in FORMULAS for layout in corpus)
    assert len({layout.typesetting for layout in corpus}) > 3


def test_a_build_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    def interrupted() -> Iterator[str]:
        yield from FORMULAS[:45]
        raise KeyboardInterrupt

    build(tmp_path / "whole", FORMULAS)
    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "parts", interrupted())
    assert len(list((tmp_path / "parts").glob("*.layouts"))) == 2
    tally = build(tmp_path / "parts", FORMULAS)
    assert (tally.found, tally.formulas) == (2, 60)
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")
    reports = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("parts", "whole")]
    for report in reports:
        del report["seconds"], report["peak_memory_mb"]
    assert reports[0] == reports[1]


def test_a_finished_build_is_left_alone(tmp_path: Path) -> None:
    build(tmp_path, FORMULAS)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    tally = build(tmp_path, iter(()))
    assert (tally.files, tally.found) == (3, 3)
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_the_limit_counts_over_all_files(tmp_path: Path) -> None:
    tally = build(tmp_path, FORMULAS, wanted=Wanted(limit=20))
    assert len(load_layouts(tmp_path)) == tally.layouts == 20
    assert tally.formulas < len(FORMULAS)


def test_other_settings_are_refused(tmp_path: Path) -> None:
    build(tmp_path, FORMULAS)
    with pytest.raises(UsageError, match="display"):
        build(tmp_path, FORMULAS, wanted=Wanted(display=0.2))


def test_a_run_that_left_no_layouts_binds_nobody(tmp_path: Path) -> None:
    build(tmp_path, [])
    tally = build(tmp_path, FORMULAS, wanted=Wanted(display=0.2))
    assert tally.layouts and json.loads((tmp_path / "report.json").read_text())["settings"]["display"] == 0.2


def test_layouts_of_unknown_origin_are_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "mine.layouts").write_bytes(b"")
    with pytest.raises(UsageError, match="other settings"):
        build(tmp_path, FORMULAS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.layouts"]


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    build(tmp_path, FORMULAS)
    (tmp_path / "001.layouts").write_bytes(b"nonsense")
    with pytest.raises(OutputError, match=r"001\.layouts"):
        build(tmp_path, FORMULAS)


def test_no_formula_leaves_an_empty_report(tmp_path: Path) -> None:
    tally = build(tmp_path, [])
    assert (tally.layouts, tally.files) == (0, 0)
    assert json.loads((tmp_path / "report.json").read_text())["formulas"] == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_and_started_again_it_ends_with_the_same_bytes(tmp_path: Path) -> None:
    program = f"""
import time
from pathlib import Path
from synth import build, chunks
from synth.chunks import Wanted
from synth.typeset import FontFamily
def slow():
    for k, formula in enumerate({FORMULAS!r}):
        time.sleep(60 if k == 50 else 0)
        yield formula
if __name__ == "__main__":
    chunks.CHUNK, build.CHUNKS_PER_FILE = 10, 2
    families = ((FontFamily.COMPUTER_MODERN, 0.5), (FontFamily.TIMES, 0.5))
    wanted = Wanted(families=families, display=0.5)
    origin = {{"formulas": "made up"}}
    build.build_corpus(slow(), Path({str(tmp_path / "killed")!r}), wanted=wanted, seed=3, workers=2, origin=origin)
"""
    (tmp_path / "program.py").write_text(program)
    scratch = os.environ | {"TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, tmp_path / "program.py"], start_new_session=True, env=scratch)
    end_s = time.monotonic() + 60
    while not (tmp_path / "killed" / "000.layouts").exists() and time.monotonic() < end_s:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    tally = build(tmp_path / "killed", FORMULAS)
    assert tally.found in (1, 2)
    build(tmp_path / "whole", FORMULAS)
    assert contents(tmp_path / "killed") == contents(tmp_path / "whole")


class Deadly(str):
    """Ends the process that it is sent to."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (1,)


def test_a_process_that_dies_is_reported_and_its_like_is_not_waited_for() -> None:
    with pytest.raises(WorkerError, match="start the same command again"):
        list(set_chunks(iter([(0, ["x"]), (10, [Deadly("y")]), (20, ["z"])]), WANTED, 0, 2))
