"""Pages read by several processes side by side, each with models of its own.

A process that dies costs the page that it was at; another takes its place. None outlives this one: each hangs on a pipe
that breaks with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType

from pipeline.page_work import FinishedPage, PageWork
from pipeline.timing import StageTimes
from scanpage.children import death, sheltered_children
from scanpage.document import ScannedPage, Versions
from scanpage.errors import ScanpageError, WorkerError

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""How long processes that are told to stop may take to leave what they compute."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A process has its models."""

    versions: Versions
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Done:
    """A process has finished the page that it was given."""

    page: FinishedPage
    seconds: dict[str, float]


@dataclass(frozen=True, slots=True)
class _Bug:
    """A process stumbled over a bug in scanpage itself: the name of the exception, what it says, where it was."""

    name: str
    message: str
    trace: str

    def exception(self) -> Exception:
        """One that is told as it would be in this process; the first itself may not survive the way between two."""
        error: Exception = type(self.name, (Exception,), {})(self.message)
        error.__cause__ = RuntimeError(self.trace)
        return error


_Answer = _Ready | _Done | None
"""None is that of a process that died."""


class Workers:
    """Processes that read pages; a context, at whose end they are gone.

    Args:
        work: what there is to do; its `threads` are those of each process.
        count: how many processes at most; no more than there are pages to read are started.
        times: what the stages took, summed over all of them, is added here.
    """

    versions: Versions

    def __init__(self, work: PageWork, count: int, times: StageTimes) -> None:
        self._work = work
        self._count = count
        self._times = times
        self._team: dict[Connection, BaseProcess] = {}
        self._idle: list[Connection] = []
        self._at: dict[Connection, int] = {}

    def __enter__(self) -> Workers:
        """Start one, and wait for its models: what they are has to be known before it is known what is left to read.

        Raises:
            ScanpageError: the models cannot be loaded.
        """
        try:
            self._hire()
            (pipe,) = self._team
            self._welcome(pipe, self._answer(pipe))
        except BaseException:
            self._dismiss()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dismiss()

    def read(self, numbers: Iterable[int]) -> Iterator[tuple[int, FinishedPage]]:
        """The pages as they are finished, in any order; one whose process died stands as failed.

        Raises:
            ScanpageError: what is no fault of a page.
            WorkerError: no process is left, and no more can be started.
        """
        waiting = deque(numbers)
        for _ in range(len(self._team), min(self._count, len(waiting))):
            self._hire()
        while waiting or self._at:
            while waiting and self._idle:
                self._give(self._idle.pop(), waiting.popleft())
            for pipe in self._heard([pipe for pipe in self._team if pipe not in self._idle]):
                answer = self._answer(pipe)
                if pipe not in self._at:
                    self._welcome(pipe, answer)
                    continue
                number = self._at.pop(pipe)
                if isinstance(answer, _Done):
                    self._times.add(answer.seconds)
                    self._idle.append(pipe)
                    if waiting:
                        self._give(self._idle.pop(), waiting.popleft())
                    yield number, answer.page
                else:
                    page = self._lost(number, self._bury(pipe))
                    if waiting:
                        self._hire()
                    yield number, page

    def _hire(self) -> None:
        """Start another process; where there is no room for it, those that there are go on alone.

        Raises:
            WorkerError: there are none.
        """
        try:
            self._start()
        except OSError as error:
            log.debug("no further process can be started: %s", error)
            if not self._team:
                raise WorkerError(
                    f"no process that reads pages can be started ({error.strerror or error}): end other programs, or "
                    "start the same command again without --jobs"
                ) from error

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        level = logging.getLogger("pipeline").level
        process = context.Process(target=_serve, args=(theirs, self._work, level), daemon=True)
        # As long as this process holds the other end too, it would not notice that nobody else does.
        with theirs, ExitStack() as unless_started:
            unless_started.enter_context(ours)
            with sheltered_children():
                process.start()
            unless_started.pop_all()
        self._team[ours] = process

    def _heard(self, pipes: Iterable[Connection]) -> list[Connection]:
        found = set(wait(list(pipes)))
        return [pipe for pipe in self._team if pipe in found]

    def _answer(self, pipe: Connection) -> _Answer:
        try:
            answer: _Answer | _Bug | ScanpageError = pipe.recv()
        except (EOFError, ConnectionError):
            return None
        if isinstance(answer, ScanpageError):
            raise answer
        if isinstance(answer, _Bug):
            raise answer.exception()
        return answer

    def _welcome(self, pipe: Connection, answer: _Answer) -> None:
        """One that was started is ready, or has died over it: then it would be no use to start another."""
        if isinstance(answer, _Ready):
            self.versions = answer.versions
            self._times.add(answer.seconds)
            self._idle.append(pipe)
            return
        code = self._bury(pipe)
        if not self._team:
            raise WorkerError(
                f"the processes that read pages die while they start {_how(code)}: start the same command again "
                f"{'with fewer' if _is_killed(code) else 'without'} --jobs"
            )

    def _give(self, pipe: Connection, number: int) -> None:
        self._at[pipe] = number
        # Who is dead is missed when the answer does not come.
        with suppress(ConnectionError):
            pipe.send(number)

    def _bury(self, pipe: Connection) -> int:
        """Forget a process that died; its exit code."""
        process = self._team.pop(pipe)
        pipe.close()
        process.join()
        code = process.exitcode or 0
        process.close()
        return code

    def _lost(self, number: int, code: int) -> FinishedPage:
        page = self._work.sources[number].unread()
        reason = (
            f"{page.name} was not read: the process at it died {_how(code)}; the same command tries it again"
            f"{', and fewer --jobs take less memory' if _is_killed(code) else ''}"
        )
        return FinishedPage(ScannedPage(page, failure=reason), lost=True)

    def _dismiss(self) -> None:
        for process in self._team.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE_S
        for pipe, process in self._team.items():
            process.join(max(0.0, deadline - time.monotonic()))
            process.kill()
            process.join()
            process.close()
            pipe.close()
        self._team.clear()
        self._idle.clear()
        self._at.clear()


def _is_killed(code: int) -> bool:
    """Whether the system ended the process, as it does where memory runs out."""
    return death(code) == "SIGKILL"


def _how(code: int) -> str:
    return f"({death(code)}){', for want of memory perhaps' if _is_killed(code) else ''}"


def _serve(pipe: Connection, work: PageWork, log_level: int) -> None:
    """What a process does: numbers of pages come in through `pipe`, an answer goes out for each."""
    # Leaving this way ends what opens files for us, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if log_level != logging.NOTSET:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("pipeline").setLevel(log_level)
    times = StageTimes()
    with suppress(EOFError, ConnectionError):  # nobody is there any more to work for
        try:
            import cv2

            cv2.setNumThreads(work.options.threads)
            with times("models"):
                engines = work.load_engines(work.options)
            pipe.send(_Ready(engines.versions, times.seconds))
            while True:
                number, times = pipe.recv(), StageTimes()
                page = work.finish(number, engines, times)
                pipe.send(_Done(page, times.seconds))
        except ScanpageError as error:
            pipe.send(error)
        except Exception as error:  # noqa: BLE001 - a bug is told by the process that the user started
            pipe.send(_Bug(type(error).__name__, str(error), traceback.format_exc()))


def _end_with_parent() -> None:
    """Nobody waits for the page at hand where the one that started us was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)


def with_threads_each(work: PageWork) -> PageWork:
    """The same work for one of several processes: on one thread, unless another number was asked for."""
    return replace(work, options=replace(work.options, threads=work.options.threads or 1))
