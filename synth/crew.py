"""Many items of work, done in this process or shared out to several."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from scanpage.errors import ScanpageError, WorkerError

Work = Callable[[int], None]
PATIENCE_S = 20.0
"""How long a process may take to end the item that it is at, before it is stopped."""


def share(start: Callable[[], Work], items: Sequence[int], workers: int) -> Generator[int, None, None]:
    """Do `start()(item)` for each item; yields the items as they are done, in any order.

    Close the generator to stop early: whoever is at an item ends it, and no process is left behind. Nor is one if this
    process is killed, for each hangs on a pipe that breaks then.

    Args:
        start: makes what does the work; picklable, called once in each process.
        workers: processes; up to 1 all is done in this one.

    Raises:
        ScanpageError: what the work raised.
        WorkerError: a process died.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        work = start() if items else None
        for item in items:
            assert work is not None
            work(item)
            yield item
        return
    crew = _hire(start, workers)
    try:
        yield from _hand_out(list(crew), iter(items))
    finally:
        for pipe in crew:
            pipe.close()
        for process in crew.values():
            process.join(PATIENCE_S)
            process.terminate()


def _hire(start: Callable[[], Work], workers: int) -> dict[Connection, BaseProcess]:
    """Processes, each with our end of its pipe."""
    # Spawned, not forked: the libraries that paint have threads, and a fork copies their locks in any state.
    context = multiprocessing.get_context("spawn")
    crew: dict[Connection, BaseProcess] = {}
    with _deaf_children():
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(start, theirs), daemon=True)
            process.start()
            # As long as this process holds their end too, it would not notice that they are gone.
            theirs.close()
            crew[ours] = process
    return crew


def _hand_out(pipes: Sequence[Connection], items: Iterator[int]) -> Iterator[int]:
    at: dict[Connection, int] = {}

    def give(pipe: Connection) -> None:
        item = next(items, None)
        if item is not None:
            at[pipe] = item
            pipe.send(item)

    for pipe in pipes:
        give(pipe)
    while at:
        for pipe in set(pipes).intersection(wait(list(at))):
            item = at.pop(pipe)
            try:
                answer = pipe.recv()
                if answer is None:
                    give(pipe)
            except (EOFError, ConnectionError) as error:
                raise WorkerError(
                    f"the process that was making page {item} died, for want of memory perhaps; start the same command"
                    " again, it goes on with the pages that are missing (fewer --workers take less memory)"
                ) from error
            if isinstance(answer, ScanpageError):
                raise answer
            yield item


def _serve(start: Callable[[], Work], pipe: Connection) -> None:
    """What a process of the crew does: items come in through `pipe`, None goes out for each, or its error."""
    try:
        work: Work | None = None
        while True:
            item = pipe.recv()
            try:
                work = work or start()
                work(item)
            except ScanpageError as error:
                pipe.send(error)
                return
            pipe.send(None)
    except (EOFError, ConnectionError):
        return  # Nobody is there any more to work for.


@contextmanager
def _deaf_children() -> Iterator[None]:
    """Processes started in here never hear Ctrl-C: the one that started them does, and stops them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # Begun with the first process otherwise, and lets the signal through.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
