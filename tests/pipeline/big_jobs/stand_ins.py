"""Models that other processes can load: they read nothing, and do to a page what its colour says."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import page_work
from pipeline.engines import Engines
from pipeline.scan import ScanOptions
from pipeline.text_layer import TextLayer
from scanpage.document import Formula, TextLine
from scanpage.errors import WeightsError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

LOG = "STAND_INS_LOG"
"""Names the file that tells, by environment variable, which pages were read: their grey value, a line each."""
DEADLY, CRASHING, SLOW = 10, 11, 20
"""Grey values of pages that kill the process that reads them, make it crash, or take long."""
SLOW_S = 60.0


@dataclass(frozen=True)
class _Reading:
    latex: str
    score: float
    alternatives: Sequence[_Reading] = ()


class _Detector:
    version = "stand-in detector"

    def detect(self, image: np.ndarray, *, min_score: float | None = None) -> list[Region]:
        grey = int(image[0, 0, 0])
        if grey == DEADLY:
            os.kill(os.getpid(), signal.SIGKILL)
        if grey == CRASHING:
            os._exit(3)
        with Path(os.environ[LOG]).open("a") as log:
            log.write(f"{grey}\n")
        if grey == SLOW:
            time.sleep(SLOW_S)
        return [Region(Box(40, 60, 160, 90.5), RegionKind.ISOLATED, 0.1 + grey / 300)]


class _Recognizer:
    version = "stand-in recognizer"

    def read_batch(self, crops: list[np.ndarray], *, alternatives: int = 0) -> list[_Reading]:
        return [_Reading(f"x = {crop[0, 0, 0]}", 1 / int(crop[0, 0, 0])) for crop in crops]


class _Prose:
    version = "stand-in prose"

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: TextLayer | None = None) -> list[TextLine]:
        return [TextLine(Box(10, 10, 150, 30), (f"Page of grey {image[0, 0, 0]}.",), 0.9, 10 / 3)]

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [("", 0.0) for _ in boxes]


def load(_: ScanOptions) -> Engines:
    """The stand-ins."""
    return Engines(_Detector(), _Recognizer(), _Prose())


def load_broken(_: ScanOptions) -> Engines:
    """Models that are damaged."""
    raise WeightsError("the model is damaged")


def load_deadly(_: ScanOptions) -> Engines:
    """Models that there is no memory for."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def load_crashing(_: ScanOptions) -> Engines:
    """Models that make a library crash."""
    os._exit(3)


def load_faulty(_: ScanOptions) -> Engines:
    """Models that meet a bug."""
    raise _fault()


def load_with_faulty_review(options: ScanOptions) -> Engines:
    """The stand-ins, where pictures for the review page meet a bug."""

    def fail(*_: object) -> bytes:
        raise _fault()

    page_work.page_picture = fail
    return load(options)


class _FaultError(Exception):
    """One that does not get from one process to another."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


def _fault() -> Exception:
    return _FaultError("out of", "luck")
