"""Files that are either wholly there or not there at all, and standard output."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanpage.errors import OutputError


def check_folder(folder: Path) -> None:
    """Make sure that files can be written in `folder`, making it. Raises `OutputError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError(f"cannot write in {folder}: {error.strerror}; choose a writable place") from error


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its name when the block ends without an error.

    Raises:
        OutputError: the folder cannot be made or written to, or the disk is full.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        # mkstemp makes private files; a result gets the permissions any new file would have.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror or error}; choose a writable place with space left"
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically. Raises `OutputError`."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, atomically. Raises `OutputError`.

    What Python makes of file names that are not UTF-8, lone surrogates, is written as `\\udce9`: JSON reads that back.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_stdout(data: bytes) -> None:
    """Write `data` to standard output at once. Raises `OutputError`."""
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except OSError as error:
        # The reader went away; without this, Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error


def natural_key(name: str) -> list[tuple[bool, int, str]]:
    """Sort key that puts `page2` before `page10`."""
    return [(part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in re.split(r"(\d+)", name.lower())]
