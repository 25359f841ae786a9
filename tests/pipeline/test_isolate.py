"""Files are opened at arm's length: what goes wrong with one leaves the others, and us, alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import decode, isolate
from pipeline.limits import Limits
from scanpage.children import death
from scanpage.errors import InputError, UsageError

Maker = Callable[..., Path]
BRIEF = Limits(timeout_s=1)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """A file that can be opened only when somebody writes into it, which nobody does."""
    path = tmp_path / "endless.png"
    os.mkfifo(path)
    return path


def children(pid: int | str = "self") -> set[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return {int(child) for task in tasks for child in task.read_text().split()}


def opened_by(path: Path) -> int:
    """The process that opens files, which has just opened this one."""
    before = children()
    isolate.count_pages(path, "a file", limits=Limits())
    (pid,) = children() - before or {child for child in children() if b"isolate" in _command(child)}
    return pid


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.mark.parametrize("make", ["pdf", "png"])
def test_pages_are_the_same_as_without(make: str, pdf: Maker, picture: Maker) -> None:
    path = pdf(pages=2) if make == "pdf" else picture("a.png", colour=(10, 20, 30), dpi=(300, 300))
    number = 2 if make == "pdf" else 1
    for content in (path, path.read_bytes()):
        is_pdf, count = isolate.count_pages(content, "it", limits=Limits())
        assert (is_pdf, count) == (make == "pdf", number)
        far, far_dpi = isolate.load_page(content, "it", number, is_pdf=is_pdf, dpi=90, limits=Limits())
        near, near_dpi = decode.load(content, "it", number, is_pdf=is_pdf, dpi=90, max_pixels=10**6)
        assert far.dtype == np.uint8 and np.array_equal(far, near) and far_dpi == near_dpi


def test_what_takes_too_long_is_given_up_and_the_next_file_is_read(endless: Path, picture: Maker) -> None:
    start = time.perf_counter()
    with pytest.raises(InputError, match=r"^the file takes longer than 1 s to open: .* --timeout"):
        isolate.count_pages(endless, "the file", limits=BRIEF)
    with pytest.raises(InputError, match=r"^the file page 3 takes longer than 1 s"):
        isolate.load_page(endless, "the file", 3, is_pdf=False, dpi=72, limits=BRIEF)
    assert time.perf_counter() - start < 10
    assert isolate.count_pages(picture("a.png"), "a.png", limits=BRIEF) == (False, 1)


def test_a_crash_of_a_decoder_costs_its_file(endless: Path, picture: Maker) -> None:
    pid = opened_by(picture("a.png"))
    threading.Timer(0.2, os.kill, (pid, signal.SIGSEGV)).start()
    with pytest.raises(InputError, match=r"the file cannot be opened, .*SIGSEGV"):
        isolate.count_pages(endless, "the file", limits=Limits())
    assert isolate.count_pages(picture("a.png"), "a.png", limits=Limits()) == (False, 1)


@pytest.mark.parametrize(
    ("code", "told"),
    [(-9, "SIGKILL"), (-11, "SIGSEGV"), (1, "exit code 1"), (0, "exit code 0"), (-99, "exit code -99")],
)
def test_deaths_are_told_by_their_signals(code: int, told: str) -> None:
    assert death(code) == told


def test_an_interruption_ends_what_is_under_way(endless: Path, picture: Maker) -> None:
    pid = opened_by(picture("a.png"))
    # Tests that were started in the background would not hear it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            isolate.count_pages(endless, "the file", limits=Limits())
    finally:
        signal.signal(signal.SIGINT, before)
    assert not Path(f"/proc/{pid}").exists()
    assert isolate.count_pages(picture("a.png"), "a.png", limits=Limits()) == (False, 1)


def test_memory_is_bounded_by_the_pixels(tmp_path: Path) -> None:
    # Sixteen bits a pixel, turned into eight by way of floating point.
    path = tmp_path / "deep.tif"
    Image.new("F", (4500, 4500)).save(path, compression="tiff_lzw")
    few = Limits(max_pixels=20_250_000)
    with pytest.raises(InputError, match=r"deep page 1 .* memory.* --max-pixels"):
        isolate.load_page(path, "deep", 1, is_pdf=False, dpi=72, limits=few)
    image, _ = isolate.load_page(path, "deep", 1, is_pdf=False, dpi=72, limits=Limits(max_pixels=200_000_000))
    assert image.shape == (4000, 4000, 3)


def test_each_process_after_a_fork_has_its_own(picture: Maker) -> None:
    path = picture("a.png")
    isolate.count_pages(path, "a.png", limits=Limits())
    child = os.fork()
    if child == 0:
        found = isolate.count_pages(path, "a.png", limits=Limits())
        os._exit(0 if found == (False, 1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert isolate.count_pages(path, "a.png", limits=Limits()) == (False, 1)


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), signal.SIGKILL)"])
def test_nothing_runs_on_when_we_end(end: str, picture: Maker) -> None:
    code = (
        "import os, pathlib, signal, sys\nfrom pipeline import isolate\nfrom pipeline.limits import Limits\n"
        "isolate.count_pages(pathlib.Path(sys.argv[1]), 'it', limits=Limits())\n"
        f"print(pathlib.Path(f'/proc/self/task/{{os.getpid()}}/children').read_text(), flush=True)\n{end}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(picture("a.png"))], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    pid, deadline = int(done.stdout), time.monotonic() + 20
    while b"isolate" in _alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _alive(pid: int) -> bytes:
    try:
        return _command(pid)
    except OSError:
        return b""


@pytest.mark.parametrize(
    "bad",
    [
        {"max_pages": 0},
        {"max_pixels": 1},
        {"max_pixels": 10**12},
        {"timeout_s": 0.0},
        {"timeout_s": float("nan")},
        {"timeout_s": float("inf")},
    ],
)
def test_limits_out_of_range_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--" + next(iter(bad)).replace("_", "-").removesuffix("-s")):
        Limits(**bad)
