"""Long runs over sheets of grey, for the tests of what stops them and of who reads them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from PIL import Image

STAND_INS = Path(__file__).resolve().parent / "pipeline" / "big_jobs"
PATHS = os.pathsep.join([str(STAND_INS), str(STAND_INS.parent.parent.parent)])
"""What other processes find the stand-ins and the program by."""

GREYS = [101, 102, 103, 104, 105]
Run = Callable[..., int]
StopAt = Callable[[int, BaseException], None]


def sheets(path: Path, greys: list[int] = GREYS) -> Path:
    """A file with a page of each grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = [Image.new("RGB", (200, 120), (grey, grey, grey)) for grey in greys]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    return path


def read(log: Path) -> list[int]:
    """Which pages were read since it was asked last, in their order."""
    found = [int(line) for line in log.read_text().split()]
    log.write_text("")
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt
