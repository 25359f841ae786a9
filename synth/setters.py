"""Chunks set by several processes, given back in the order of the list."""

from __future__ import annotations

import multiprocessing
import os
import signal
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from scanpage.errors import WorkerError
from synth.chunks import Chunk, Wanted, set_chunk


def set_chunks(chunks: Iterator[tuple[int, list[str]]], wanted: Wanted, seed: int, workers: int) -> Iterator[Chunk]:
    """`set_chunk` of each, in order; the list is read only a little ahead of what is asked for.

    Raises:
        WorkerError: a process died.
    """
    if workers <= 1:
        for start, formulas in chunks:
            yield set_chunk(start, formulas, wanted, seed)
        return
    others = set(multiprocessing.active_children())
    with tempfile.TemporaryDirectory(prefix="formulas-", ignore_cleanup_errors=True) as scratch:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(scratch,))
        try:
            yield from _in_order(pool, chunks, wanted, seed, workers)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()  # What it is at is wanted no more.


def _in_order(
    pool: ProcessPoolExecutor, chunks: Iterator[tuple[int, list[str]]], wanted: Wanted, seed: int, ahead: int
) -> Iterator[Chunk]:
    try:
        waiting: deque[Future[Chunk]] = deque()
        for start, formulas in chunks:
            waiting.append(pool.submit(set_chunk, start, formulas, wanted, seed))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise WorkerError(
            "a process that typeset formulas died, for want of memory perhaps; start the same command again, it goes on"
            " where it was (fewer --workers take less memory)"
        ) from error


def _start(scratch: str) -> None:
    """Makes a process deaf to Ctrl-C, which the one that started it hears, and end when that one does."""
    tempfile.tempdir = scratch  # Whoever made it clears it up, however this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
