"""Stand-ins for the models, and pages to feed them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.engines import Engines
from scanpage.document import Formula, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


@dataclass(frozen=True)
class StubReading:
    latex: str
    score: float
    alternatives: Sequence[StubReading] = ()


@dataclass
class StubDetector:
    """Finds the same regions on every page; pages whose top left pixel is pure red make it fail."""

    regions: Sequence[Region] = ()
    version: str = "stub-detector"
    min_scores: list[float | None] = field(default_factory=list)

    def detect(self, image: np.ndarray, *, min_score: float | None = None) -> list[Region]:
        self.min_scores.append(min_score)
        if tuple(image[0, 0]) == (255, 0, 0):
            raise RuntimeError("the graph\nbroke")
        return list(self.regions)


@dataclass
class StubRecognizer:
    """Reads every crop as the same LaTeX and keeps the crops."""

    latex: str = "x ^ { 2 } + 1 = 0"
    score: float = 0.75
    version: str = "stub-recognizer"
    crops: list[np.ndarray] = field(default_factory=list)

    def read_batch(self, crops: list[np.ndarray], *, alternatives: int = 0) -> list[StubReading]:
        self.crops += crops
        others = tuple(StubReading(f"x _ {n}", self.score / (n + 2)) for n in range(alternatives))
        return [StubReading(self.latex, self.score, others) for _ in crops]


@dataclass
class StubProse:
    """Prose with the inline formulas at the end of its one line."""

    text: str = "Let us see:"
    version: str = "stub-prose"
    glances: dict[Box, tuple[str, float]] = field(default_factory=dict)

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [self.glances.get(box, ("", 0.0)) for box in boxes]

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: object = None) -> list[TextLine]:
        inline = tuple(formula for formula in formulas if formula.region.kind is RegionKind.INLINE)
        return [TextLine(Box(10, 10, 150, 30), (self.text, *inline), 0.9)]


@pytest.fixture
def engines() -> Engines:
    """One isolated and one inline formula on every page."""
    regions = [
        Region(Box(40, 60, 160, 90), RegionKind.ISOLATED, 0.9),
        Region(Box(100, 12, 140, 28), RegionKind.INLINE, 0.8),
    ]
    return Engines(StubDetector(regions), StubRecognizer(), StubProse())


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Saves a small page picture: `picture("a.png", mode="L", colour=200, **options of save)`."""

    def save(
        name: str, *, size: tuple[int, int] = (200, 120), mode: str = "RGB", colour: object = "white", **options: object
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size, colour).save(path, **options)  # type: ignore[arg-type]
        return path

    return save


@pytest.fixture
def pdf(tmp_path: Path) -> Callable[..., Path]:
    """Saves a PDF of blank grey pages: `pdf("a.pdf", pages=3)`."""

    def save(name: str = "notes.pdf", *, pages: int = 2) -> Path:
        path = tmp_path / name
        sheets = [Image.new("RGB", (300, 400), (200 + n, 200, 200)) for n in range(pages)]
        sheets[0].save(path, save_all=True, append_images=sheets[1:], resolution=72)
        return path

    return save
