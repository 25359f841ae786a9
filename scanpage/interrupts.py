"""Ctrl-C reaches every process of a terminal; only the one that started the others should hear it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def deaf_children() -> Iterator[None]:
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
