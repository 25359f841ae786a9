"""How the processes are started that share out the work of this one, and what they die of."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

_SAFE_PATH = "PYTHONSAFEPATH"


def death(code: int) -> str:
    """What a process died of, by its exit code: `SIGKILL` or `exit code 1`."""
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"exit code {code}"


@contextmanager
def sheltered_children() -> Iterator[None]:
    """Processes started in here import nothing of the current folder, and never hear Ctrl-C.

    A file of the user's called `pickle.py` must not stand in for a module; and the process that started the others
    hears Ctrl-C, and stops them.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        with _deaf_children():
            yield
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


@contextmanager
def _deaf_children() -> Iterator[None]:
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
