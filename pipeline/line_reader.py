"""Reads lines of text with the recognizer that RapidOCR ships, or another one of its kind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import cv2
import numpy as np

from pipeline.languages import LETTERS, belongs, require_letters
from scanpage.cores import usable_cores
from scanpage.errors import WeightsError
from scanpage.rapidocr_models import model_path, open_content, open_model, read_file

HEIGHT_PX = 48
"""Height of a line as the recognizer sees it."""
LEAST_WIDTH_PX, MOST_WIDTH_PX = 320, 9600
"""Shorter lines are padded, as they were when it was trained. Longer than 200 times its height is no line but a rule,
and what it costs would grow with it."""
COLUMN_PX = 8
"""It sees a line in columns of this width, and tells one sign of each at most."""
BLANK = 0
"""The class that stands for no character; the connectionist temporal classification (Graves et al. 2006) needs one."""

SPACE = 0.05
"""From this probability on a column without a letter is a space, seldom the best guess between words that stand close:
of the spaces in 271 lines of hand and 253 of print 16 were lost, not 44, and 8 more were read that are none. In 257 and
194 others 9 were lost, not 30, and 6 more read."""
CROWDED, WIDER = 0.45, 1.5
"""Where there are more letters a column some are lost: such a line is also read so many times as wide, and the reading
with more letters is taken. On the first of these lines 264 letters were wrong, not 275, 217 of them in hand."""
_TIMES = re.compile(r"(?<=[^\W\d]{2} )×(?= (?:that|which|such|is|are|in|and|or|to|we|for|with|where)\b)")
"""Nothing is multiplied by such words: between them and another one it is a letter by itself, as people write it, x."""


class LineReader:
    """RapidOCR's text recognizer.

    Attributes:
        characters: the signs that it can tell, a blank among them.
        identity: the language, or the name of the model's file and what tells its content from another one's.

    Args:
        threads: lines that are read side by side, 0 for one a core.
        lang: a language of `pipeline.languages`, whose letters alone are read then; or the file of another recognition
            model, ONNX that names its characters; None for all letters that the shipped model knows.

    Raises:
        WeightsError: the installed rapidocr holds no such model, or the named one cannot be used.
        UsageError: the shipped model lacks letters of the language.
    """

    def __init__(self, threads: int = 0, *, lang: str | None = None) -> None:
        self._threads = threads or usable_cores()
        model = None if lang is None or lang in LETTERS else Path(lang)
        if model is not None and not model.is_file():
            raise WeightsError(f"{model} does not exist: name a recognition model of RapidOCR's, an .onnx file")
        if model is None:
            self._session, self.identity = open_model("rec", 1), lang or ""
        else:
            content = read_file(model)
            self._session = open_content(content, model, 1)
            self.identity = f"{model.name} {sha256(content).hexdigest()[:12]}"
        characters = self._session.get_modelmeta().custom_metadata_map.get("character", "").splitlines()
        if not characters:
            raise WeightsError(
                f"{model or model_path('rec')} does not say which characters it reads: take the ONNX models that "
                "RapidOCR offers"
            )
        self._characters = ["", *characters, " "]
        classes = self._session.get_outputs()[0].shape[-1]
        if isinstance(classes, int) and classes != len(self._characters):
            raise WeightsError(
                f"{model or model_path('rec')} tells {classes} signs apart and names {len(self._characters)}: take the "
                "ONNX models that RapidOCR offers"
            )
        self._kept: np.ndarray | None = None
        if lang is not None and model is None:
            require_letters(lang, characters)
            self._kept = np.array(
                [index == BLANK or belongs(sign, lang) for index, sign in enumerate(self._characters)]
            )
        kept = np.ones(len(self._characters), bool) if self._kept is None else self._kept
        self.characters = frozenset(sign for sign, keep in zip(self._characters, kept, strict=True) if sign and keep)

    def read(self, crops: Sequence[np.ndarray]) -> list[tuple[str, float]]:
        """Text and confidence in [0, 1] of pictures of one line each, uint8 RGB `[h, w, 3]`."""
        if not crops:
            return []
        # Lines differ in length, and a batch costs as much as its longest: they are read one by one, side by side.
        with ThreadPoolExecutor(min(self._threads, len(crops))) as threads:
            return list(threads.map(self._read, crops))

    def _read(self, crop: np.ndarray) -> tuple[str, float]:
        text, score = self._told(crop)
        columns = HEIGHT_PX / COLUMN_PX * crop.shape[1] / crop.shape[0]
        if _letters(text) <= CROWDED * columns:
            return text, score
        wider = cv2.resize(crop, (round(WIDER * crop.shape[1]), crop.shape[0]))
        return max((text, score), self._told(wider), key=lambda reading: _letters(reading[0]))

    def _told(self, crop: np.ndarray) -> tuple[str, float]:
        """Text and confidence of a line as wide as it is."""
        (probabilities,) = self._session.run(None, {self._session.get_inputs()[0].name: as_input(crop)})
        if self._kept is not None:
            probabilities = np.where(self._kept, probabilities, 0)
        best = probabilities[0].argmax(axis=1)
        begins = _begins(best)
        if not begins.any():
            return "", 0.0
        score = min(1.0, float(probabilities[0, begins, best[begins]].mean()))
        space = len(self._characters) - 1
        signs = np.where((best == BLANK) & (probabilities[0, :, space] >= SPACE), space, best)
        text = "".join(self._characters[index] for index in signs[_begins(signs)])
        return _TIMES.sub("x", " ".join(text.split())), score


def _begins(signs: np.ndarray) -> np.ndarray:
    """Bool `[columns]`: where a sign begins. It may go on, and blanks part it from the same one again."""
    return np.asarray((signs != BLANK) & (np.diff(signs, prepend=BLANK) != 0))


def _letters(text: str) -> int:
    return len(text.replace(" ", ""))


def as_input(crop: np.ndarray) -> np.ndarray:
    """A line as the recognizer wants it: float32 BGR `[1, 3, 48, w]` in [-1, 1], its proportions kept."""
    width = min(MOST_WIDTH_PX, int(np.ceil(HEIGHT_PX * crop.shape[1] / crop.shape[0])))
    line = cv2.resize(crop, (width, HEIGHT_PX)).astype(np.float32) / 127.5 - 1.0
    # Zeros, a middle grey, are what it saw beside short lines when it was trained.
    padded = np.zeros((1, 3, HEIGHT_PX, max(width, LEAST_WIDTH_PX)), np.float32)
    padded[0, :, :, :width] = line[..., ::-1].transpose(2, 0, 1)
    return padded
