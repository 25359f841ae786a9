"""The models behind the pipeline, as what the pipeline needs of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from scanpage import __version__
from scanpage.document import Formula, TextLine, Versions
from scanpage.geometry import Box
from scanpage.region import Region

if TYPE_CHECKING:
    from pipeline.normalise import NormalPage
    from pipeline.text_layer import TextLayer


class Text(Protocol):
    """What a crop may say: canonical LaTeX tokens joined by blanks, and the probability that it is exactly that."""

    @property
    def latex(self) -> str: ...

    @property
    def score(self) -> float: ...


class Reading(Text, Protocol):
    """What a crop says, and what it may say instead, best first."""

    @property
    def alternatives(self) -> Sequence[Text]: ...


class PageNormaliser(Protocol):
    """Makes an upright, flat page of a picture, uint8 RGB `[H, W, 3]`."""

    def normalise(self, image: np.ndarray) -> NormalPage: ...


class FormulaFinder(Protocol):
    """Finds formulas on a page, uint8 RGB `[H, W, 3]`."""

    @property
    def version(self) -> str: ...

    def detect(self, image: np.ndarray, *, min_score: float | None = None) -> list[Region]: ...


class FormulaReader(Protocol):
    """Reads crops of formulas, each uint8 RGB `[h, w, 3]`, with as many other readings of each as are asked for."""

    @property
    def version(self) -> str: ...

    def read_batch(self, crops: list[np.ndarray], *, alternatives: int = 0) -> Sequence[Reading]: ...


class ProseReader(Protocol):
    """Reads the prose of a page around its formulas, and any box as if it held a line of text (text and score).

    With the text layer of a PDF page, in the pixels of `image`, prose comes of that where it can be trusted.
    """

    @property
    def version(self) -> str: ...

    def read(
        self, image: np.ndarray, formulas: Sequence[Formula], *, layer: TextLayer | None = None
    ) -> list[TextLine]: ...

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """The models of one run; without `prose` only formulas are read, without `normaliser` pictures as they are."""

    detector: FormulaFinder
    recognizer: FormulaReader
    prose: ProseReader | None = None
    normaliser: PageNormaliser | None = None

    @property
    def versions(self) -> Versions:
        prose = "" if self.prose is None else self.prose.version
        return Versions(__version__, self.detector.version, self.recognizer.version, prose)


def load_engines(
    *,
    detector: Path | None = None,
    recognizer: Path | None = None,
    prose: bool = True,
    normalise: bool = True,
    lang: str | None = None,
    threads: int = 0,
) -> Engines:
    """Load the models: the given folders, or the shipped ones; `lang` as for `RapidProse`.

    Raises:
        WeightsError: a model is missing or damaged.
        UsageError: no model reads the language.
    """
    from detector.predict import Detector
    from pipeline.normalise import Normaliser
    from pipeline.prose import RapidProse
    from recognizer.predict import Recognizer

    return Engines(
        Detector(detector, threads),
        Recognizer(recognizer, threads),
        RapidProse(threads, lang=lang) if prose else None,
        Normaliser(threads) if normalise else None,
    )
