"""Accidents that befall the command, and what the same command makes of them afterwards."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from scanpage.errors import ExitCode

# Enough of them that a busy machine does not end before it is disturbed.
PAGES = 60
# Enough for settings and truth, too little for any page's image.
FILE_LIMIT_BYTES = 8_000

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="looks for processes as Linux lists them")


@pytest.fixture(scope="module")
def options(layouts: Path, inks: Path) -> list[str]:
    sizes = ["--pages", str(PAGES), "--long-side", "500", "--seed", "2"]
    return [*sizes, "--layouts", str(layouts), "--inks", str(inks), "--workers", "2"]


@pytest.fixture(scope="module")
def undisturbed(options: list[str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a run without accidents."""
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    assert command(options, out).wait(60) == 0
    return files(out)


def command(options: list[str], out: Path, *, prepare: Callable[[], None] | None = None) -> subprocess.Popen[str]:
    """The command, begun, in a process group of its own."""

    def begin() -> None:
        # What a shell starts in the background is deaf to Ctrl-C, and so would be all that it starts.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if prepare is not None:
            prepare()

    return subprocess.Popen(
        [sys.executable, "-m", "synth.cli", "generate", "--out", str(out), *options],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=begin,
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def wait_for(what: Callable[[], bool], *, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def workers(pid: int) -> list[int]:
    """The processes that make pages, below process `pid`."""
    children = map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
    return [
        worker
        for child in children
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()
        for worker in (child, *workers(child))
    ]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def begun(options: list[str], out: Path) -> tuple[subprocess.Popen[str], list[int]]:
    """The command, when its first pages are made, and its workers."""
    process = command(options, out)
    wait_for(lambda: len(list(out.glob("truth/[0-9]*.json"))) >= 2)
    crew = workers(process.pid)
    assert len(crew) == 2
    return process, crew


def assert_the_same_command_ends_it(options: list[str], out: Path, undisturbed: dict[str, bytes]) -> None:
    there = len(list(out.glob("truth/[0-9]*.json")))
    assert 2 <= there < PAGES
    again = command(options, out)
    _, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert f"({there} of them were there)" in said
    assert files(out) == undisturbed


def test_killed_it_goes_on_and_ends_the_same(options: list[str], undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    process, crew = begun(options, tmp_path / "out")
    process.kill()
    process.communicate(timeout=20)
    # The workers end the page that they are at; nobody stays.
    wait_for(lambda: not any(map(is_alive, crew)))
    assert not (tmp_path / "out" / "annotations.json").exists()
    assert_the_same_command_ends_it(options, tmp_path / "out", undisturbed)


def test_killed_with_its_workers_it_goes_on_and_ends_the_same(
    options: list[str], undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    process, _ = begun(options, tmp_path / "out")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    assert_the_same_command_ends_it(options, tmp_path / "out", undisturbed)


def test_ctrl_c_is_answered_in_one_line(options: list[str], undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    process, crew = begun(options, tmp_path / "out")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert said.startswith("synth: interrupted") and said.count("\n") == 1
    assert not any(map(is_alive, crew))
    assert_the_same_command_ends_it(options, tmp_path / "out", undisturbed)


@pytest.mark.parametrize("victim", [0, 1])
def test_a_worker_that_dies_is_missed(
    options: list[str], undisturbed: dict[str, bytes], tmp_path: Path, victim: int
) -> None:
    process, crew = begun(options, tmp_path / "out")
    os.kill(crew[victim], signal.SIGKILL)
    _, said = process.communicate(timeout=20)
    assert process.returncode == ExitCode.FINISHED_WITH_FAILURES
    assert said.startswith("synth: the process that was making page") and said.count("\n") == 1
    assert not any(map(is_alive, crew))
    assert_the_same_command_ends_it(options, tmp_path / "out", undisturbed)


@pytest.mark.parametrize("crew", ["1", "2"])
def test_without_room_nothing_is_half_written(options: list[str], tmp_path: Path, crew: str) -> None:
    def prepare() -> None:
        # As when the disk is full: writing fails in the middle of a file.
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_LIMIT_BYTES, FILE_LIMIT_BYTES))

    out = tmp_path / "out"
    process = command([*options, "--workers", crew], out, prepare=prepare)
    _, said = process.communicate(timeout=60)
    assert process.returncode == ExitCode.UNWRITABLE_OUTPUT
    assert said.startswith("synth: cannot write ") and said.count("\n") == 1
    assert "images/0000" in said and "space" in said
    there = files(out)
    images = [name for name in there if name.startswith("images/")]
    assert set(there) == {"settings.toml", *images, *(f"truth/{Path(name).stem}.json" for name in images)}
    assert all(cv2.imread(str(out / name)) is not None for name in images)
