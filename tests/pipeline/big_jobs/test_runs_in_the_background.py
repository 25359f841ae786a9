"""Runs that are killed or interrupted leave nobody behind, and one at a time makes a result."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from big_jobs import PATHS, Run, contents, read, sheets

from pipeline.folder_lock import held
from scanpage.errors import ExitCode

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
