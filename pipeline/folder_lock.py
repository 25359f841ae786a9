"""Folders that one process at a time works in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

TRIES = 100
"""How often a folder that others remove is made again."""


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
        # The folder may have been removed within, and another process have made it anew.
        if lock is None or _is_open_as(folder, lock):
            with suppress(OSError):
                folder.rmdir()
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    """The open, locked folder; None where it cannot be locked at all."""
    for _ in range(TRIES):
        # Whoever held it may remove it at any moment: before it is open here, or before it is locked.
        with suppress(FileNotFoundError):
            _make(folder)
            if sys.platform == "win32":
                return None
            lock = os.open(folder, os.O_RDONLY)
            with ExitStack() as opened:
                opened.callback(os.close, lock)
                if not _locks(lock):
                    return None
                if _is_open_as(folder, lock):
                    opened.pop_all()
                    return lock
    raise BlockingIOError(f"{folder} comes and goes")


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        # Raised for a file of that name, and where the folder goes while it is looked at.
        if folder.exists() and not folder.is_dir():
            raise


def _locks(handle: int) -> bool:
    """Lock what is open; False where there are no locks. Raises `BlockingIOError`."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return False
    return True


def _is_open_as(folder: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), folder.stat())
    return False
