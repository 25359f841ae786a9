"""Many items of work, done in this process or shared out to several."""

from __future__ import annotations

import gc
import multiprocessing
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from scanpage.children import sheltered_children
from scanpage.errors import ScanpageError, WorkerError

Work = Callable[[int], None]
PATIENCE_S = 5.0
"""How long a process may take to end the item that it is at, before it is stopped."""

FORKS = sys.platform == "linux"
"""Elsewhere system libraries do not survive a fork; there each worker loads for itself."""


def share(start: Callable[[], Work], items: Sequence[int], workers: int) -> Generator[int, None, None]:
    """Do `start()(item)` for each item; yields the items as they are done, in any order.

    Close the generator to stop early: whoever is at an item ends it, and no process is left behind. Nor is one if this
    process is killed, for each hangs on a pipe that breaks then.

    Args:
        start: makes what does the work; picklable. What it loads is shared by the processes where they can be forked.
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
    pipes, teams = _hire(start, workers)
    try:
        yield from _hand_out(pipes, iter(items))
    finally:
        for pipe in pipes:
            pipe.close()
        for team in teams:
            team.join(PATIENCE_S)
            team.terminate()


def _hire(start: Callable[[], Work], workers: int) -> tuple[list[Connection], list[BaseProcess]]:
    """Our ends of a pipe to each worker, and the processes to wait for."""
    # Never forked from here: libraries may have threads running, and a fork copies their locks in any state.
    context = multiprocessing.get_context("spawn")
    ends = [context.Pipe() for _ in range(workers)]
    theirs = [end for _, end in ends]
    members = [theirs] if FORKS else [[end] for end in theirs]
    teams: list[BaseProcess] = [context.Process(target=_be_team, args=(start, pipes)) for pipes in members]
    with sheltered_children():
        for team in teams:
            team.start()
    for end in theirs:
        # As long as this process holds their ends too, it would not notice that they are gone.
        end.close()
    return [ours for ours, _ in ends], teams


def _hand_out(pipes: Sequence[Connection], items: Iterator[int]) -> Iterator[int]:
    at: dict[Connection, int] = {}

    def give(pipe: Connection) -> None:
        item = next(items, None)
        if item is not None:
            at[pipe] = item
            # Who is dead is missed when the answer does not come.
            with suppress(ConnectionError):
                pipe.send(item)

    for pipe in pipes:
        give(pipe)
    while at:
        for pipe in set(pipes).intersection(wait(list(at))):
            item = at.pop(pipe)
            try:
                answer = pipe.recv()
            except (EOFError, ConnectionError) as error:
                raise WorkerError(
                    f"the process that was making page {item} died, for want of memory perhaps; start the same command"
                    " again, it goes on with the pages that are missing (fewer --workers take less memory)"
                ) from error
            if isinstance(answer, ScanpageError):
                raise answer
            give(pipe)
            yield item


def _be_team(start: Callable[[], Work], pipes: list[Connection]) -> None:
    """One worker for each pipe: get ready once, fork the others, be the first.

    What has been loaded by then is in memory once for all of them.
    """
    try:
        work = start()
    except ScanpageError as error:
        for pipe in pipes:
            with suppress(ConnectionError):
                pipe.send(error)
        return
    # The garbage collector would write into every object, and so copy all that is shared.
    gc.freeze()
    for pipe in pipes[1:]:
        others = [other for other in pipes if other is not pipe]
        multiprocessing.get_context("fork").Process(target=_serve, args=(work, pipe, others)).start()
    _serve(work, pipes[0], pipes[1:])


def _serve(work: Work, pipe: Connection, others: Sequence[Connection]) -> None:
    """What a worker does: items come in through `pipe`, None goes out for each, or its error."""
    for other in others:
        # Who holds a colleague's end keeps it open when the colleague dies.
        other.close()
    try:
        while True:
            item = pipe.recv()
            try:
                work(item)
            except ScanpageError as error:
                pipe.send(error)
                return
            pipe.send(None)
    except (EOFError, ConnectionError):
        return  # Nobody is there any more to work for.
