"""Folders that one process at a time works in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a folder, which is made where it is missing; it goes again at the end if nothing is left in it.

    The lock is the system's, on the folder itself: it leaves no file behind and dies with its process, however that
    ends. Where there are no such locks, on Windows and some network disks, nobody is kept out.

    Raises:
        BlockingIOError: another process holds it.
        OSError: it cannot be made.
    """
    lock = _lock(folder)
    try:
        yield
    finally:
        with suppress(OSError):
            folder.rmdir()
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """The open, locked folder; None where it cannot be locked at all."""
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        return None
    import fcntl

    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise
    except OSError:
        os.close(lock)
        return None
    if _is_open_as(folder, lock):
        return lock
    os.close(lock)
    return _lock(folder)  # who held it removed it when it was open here already


def _is_open_as(folder: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), folder.stat())
    return False
