"""Files are opened in a process of their own: what hangs, crashes or swells there costs one page, not the run.

PDFium, poppler and the libraries behind Pillow are C: no exception of ours stops them. The process is started once, is
asked for page after page, and is replaced where it had to be ended. Both ends of the pipe stand here.

A question is a line of JSON, then the file itself where it lies on no disk; an answer is a line of JSON, then the
pixels of the page where one was asked for.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from pipeline.limits import Limits
from scanpage.children import death
from scanpage.errors import InputError
from scanpage.picture import Content

if TYPE_CHECKING:
    from pipeline.load_pdf import Letter

log = logging.getLogger(__name__)

_PIPE_BYTES = 1 << 20
_READY = b"ready\n"
# -P: a file in the user's folder must not stand in for one of our modules.
_COMMAND = [sys.executable, "-P", "-c", "from pipeline.isolate import answer; answer()"]

Answer = tuple[dict[str, Any], np.ndarray]
"""What is told, and the pixels `[H, W, 3]`, none where no page was asked for."""


def count_pages(content: Content, source: str, *, limits: Limits) -> tuple[bool, int]:
    """Whether the file is a PDF, and how many pages it says it has.

    Raises:
        InputError: it cannot be opened, or not within `limits`.
    """
    told, _ = _process(os.getpid()).ask({"task": "count", "source": source}, content, limits=limits, name=source)
    return bool(told["is_pdf"]), int(told["count"])


def load_page(
    content: Content, source: str, number: int, *, is_pdf: bool, dpi: float, limits: Limits
) -> tuple[np.ndarray, float]:
    """Page `number` (from 1) as uint8 RGB `[H, W, 3]`, and its dpi; `dpi` is what PDF pages are drawn at.

    Raises:
        InputError: the page is damaged, too small or too large, or cannot be opened within `limits`.
    """
    question = {"task": "load", "source": source, "number": number, "is_pdf": is_pdf, "dpi": dpi}
    name = f"{source} page {number}"
    told, image = _process(os.getpid()).ask(question, content, limits=limits, name=name)
    return image, float(told["dpi"])


def load_letters(
    content: Content, source: str, number: int, *, size_px: tuple[int, int], limits: Limits
) -> list[Letter]:
    """The text layer of page `number` (from 1) of a PDF, placed on its picture of this width and height.

    Raises:
        InputError: the page is damaged, or cannot be opened within `limits`.
    """
    question = {"task": "letters", "source": source, "number": number, "size_px": size_px}
    name = f"{source} page {number}"
    told, _ = _process(os.getpid()).ask(question, content, limits=limits, name=name)
    return [tuple(letter) for letter in told["letters"]]


@cache
def _process(_pid: int) -> _Process:
    """The one of this process: after a fork each side needs its own."""
    return _Process()


class _Process:
    """The process that opens files, seen from here: any thread may ask it. It ends when its questions do, with us."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def ask(self, question: dict[str, Any], content: Content, *, limits: Limits, name: str) -> Answer:
        """The answer about the file or page `name`. Raises `InputError`."""
        question |= {
            "name": name,
            "max_pixels": limits.max_pixels,
            "memory": limits.memory,
            "timeout_s": limits.timeout_s,
        }
        if isinstance(content, bytes):
            question |= {"bytes": len(content)}
        else:
            question |= {"path": str(content.absolute())}
        with self._lock:
            answer = self._within(limits.timeout_s, question, content if isinstance(content, bytes) else b"", name)
        told, _ = answer
        if "trace" in told:
            log.debug("%s", told["trace"])
        if "error" in told:
            raise InputError(told["error"])
        return answer

    def _within(self, timeout_s: float, question: dict[str, Any], content: bytes, name: str) -> Answer:
        popen = self._popen = self._popen or _start()
        late = threading.Event()

        def give_up() -> None:
            late.set()
            _kill(popen)

        watch = threading.Timer(timeout_s, give_up)
        watch.daemon = True
        watch.start()
        try:
            return _exchange(popen, question, content)
        except (EOFError, BrokenPipeError) as error:
            code = self._end()
            if late.is_set():
                reason = f"takes longer than {timeout_s:g} s to open: leave it out, or allow more with --timeout"
            else:
                why = f"its decoder broke off ({death(code)}), of damage or for want of memory"
                reason = f"cannot be opened, {why}: save or export it again, or raise --max-pixels"
            raise InputError(f"{name} {reason}") from error
        except BaseException:
            self._end()  # Ctrl-C, say: half an answer may be under way
            raise
        finally:
            watch.cancel()
            if late.is_set():
                self._end()

    def _end(self) -> int:
        """End the process, if there is one; the next question starts another. Returns its exit code."""
        popen, self._popen = self._popen, None
        if popen is None:
            return 0
        _kill(popen)  # what died by itself keeps its exit code, and may have left poppler behind
        assert popen.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            popen.stdin.close()
        return popen.wait()


def _start() -> subprocess.Popen[bytes]:
    popen = subprocess.Popen(
        _COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)},
        start_new_session=True,  # what it starts itself, poppler, ends with it; and Ctrl-C is for us alone to hear
        pipesize=_PIPE_BYTES,
    )
    assert popen.stdout is not None
    if popen.stdout.readline() != _READY:
        _kill(popen)
        raise RuntimeError(f"the process that opens files did not start (exit code {popen.wait()})")
    return popen


def _kill(popen: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(popen.pid, signal.SIGKILL)


def _exchange(popen: subprocess.Popen[bytes], question: dict[str, Any], content: bytes) -> Answer:
    """Ask and listen. Raises `EOFError` or `BrokenPipeError` where the process ends over it."""
    assert popen.stdin is not None and popen.stdout is not None
    popen.stdin.write(json.dumps(question).encode() + b"\n")
    popen.stdin.write(content)
    popen.stdin.flush()
    line = popen.stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    told: dict[str, Any] = json.loads(line)
    image = np.empty(told.get("shape", (0, 0, 3)), np.uint8)
    if image.size and popen.stdout.readinto(image.data) < image.size:  # type: ignore[attr-defined]
        raise EOFError
    return told, image


def answer() -> None:
    """The other end: answer questions until there are no more. Started by `_start`."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)  # neither poppler nor a message of a library gets into the conversation
    os.dup2(nowhere, 1)
    from pipeline import decode  # noqa: F401 - before the clock runs

    os.dup2(nowhere, 2)
    at_rest = _address_space()
    _say(answers, _READY)
    for line in iter(questions.readline, b""):
        question = json.loads(line)
        content = questions.read(question["bytes"]) if "bytes" in question else Path(question["path"])
        _confine(at_rest, question)
        told, image = _open(content, question)
        _say(answers, json.dumps(told).encode() + b"\n", b"" if image is None else image.data)


def _say(answers: IO[bytes], *parts: bytes | memoryview) -> None:
    for part in parts:
        answers.write(part)
    answers.flush()


def _open(content: Content, question: dict[str, Any]) -> tuple[dict[str, Any], np.ndarray | None]:
    from pipeline import decode

    source, name = str(question["source"]), str(question["name"])
    try:
        if question["task"] == "count":
            is_pdf, count = decode.count(content, source)
            return {"is_pdf": is_pdf, "count": count}, None
        if question["task"] == "letters":
            return {"letters": decode.letters(content, source, question["number"], question["size_px"])}, None
        image, dpi = decode.load(
            content,
            source,
            question["number"],
            is_pdf=question["is_pdf"],
            dpi=question["dpi"],
            max_pixels=question["max_pixels"],
        )
        return {"shape": image.shape, "dpi": dpi}, np.ascontiguousarray(image)
    except (InputError, MemoryError) as error:
        if isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError):
            return {"error": f"{name} takes too much memory to open: make it smaller, or raise --max-pixels"}, None
        return {"error": str(error)}, None
    except Exception as error:  # noqa: BLE001 - whatever a decoder stumbles over, it is the file's fault
        return {"error": f"{name} cannot be opened: {error}", "trace": traceback.format_exc()}, None


def _address_space() -> int | None:
    """Bytes of address space in use, None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _confine(at_rest: int | None, question: dict[str, Any]) -> None:
    """Limit the memory and, should nobody be left to end us, the processor time for one question; poppler inherits."""
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + question["timeout_s"]) + 1
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: seconds}
    if at_rest is not None:
        limits[resource.RLIMIT_AS] = at_rest + question["memory"]
    for which, limit in limits.items():
        resource.setrlimit(which, (limit, resource.getrlimit(which)[1]))
