"""How legible lines of text are, as RapidOCR's recognizer finds: words that stand on their heads make no letters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.text_lines import LINE_SIZE, TextLineBox, as_input, laid_flat
from scanpage.rapidocr_models import model_path
from scanpage.weights import open_session

if TYPE_CHECKING:
    import onnxruntime

Image = NDArray[np.uint8]

READ_HEIGHTS = 14.0
"""Of longer lines the middle is read: a few words."""
MOST_PX = round(READ_HEIGHTS * LINE_SIZE[1])
BLANK = 0
"""The class that stands between letters (Graves et al. 2006)."""


class Legibility:
    """Reads lines only to see how sure it is of them. The model is loaded when it is first needed.

    Args:
        threads: threads to compute with; 0 lets the runtime choose.
    """

    def __init__(self, threads: int = 0) -> None:
        self._threads = threads

    @cached_property
    def _recognizer(self) -> onnxruntime.InferenceSession:
        return open_session(model_path("rec"), self._threads)

    def letters(self, image: Image, lines: Sequence[TextLineBox]) -> float:
        """How many letters lines of a picture hold, uint8 RGB [H, W, 3], each counted by its probability.

        Raises:
            WeightsError: the installed rapidocr holds no models.
        """
        return sum(self._letters(laid_flat(image, line, heights=READ_HEIGHTS, most_px=MOST_PX)) for line in lines)

    def _letters(self, strip: Image) -> float:
        name = self._recognizer.get_inputs()[0].name
        (probabilities,) = self._recognizer.run(None, {name: as_input(strip)})
        best, sure = probabilities[0].argmax(axis=1), probabilities[0].max(axis=1)
        begins = np.append(True, best[1:] != best[:-1])
        return float(sure[begins & (best != BLANK)].sum())
