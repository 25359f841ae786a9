"""Between samples and a model's tensors: of our compact model, or of a public checkpoint with its processor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognizer.config import ImageConfig
from recognizer.image import batch
from recognizer.processor import FormulaProcessor
from recognizer.tokenizer import LatexTokenizer
from scanpage.latex import Refusal, normalise, to_latex

IGNORED = -100


class Codec(Protocol):
    """Encodes pictures and labels for one model and decodes what it writes."""

    def pixels(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        """Pictures [H_i, W_i] to the model's `pixel_values`."""

    def labels(self, tokens: Sequence[Sequence[str]]) -> Tensor:
        """Canonical tokens to label ids int64 [N, L], ended and padded with `IGNORED`."""

    def decode(self, ids: Tensor) -> list[str]:
        """One row of generated ids to canonical tokens."""

    def save(self, folder: Path) -> None:
        """Write what is needed to build this codec again beside the model."""


class CompactCodec:
    """Codec of the model that ships: variable-width grey pictures, one id for each LaTeX token."""

    def __init__(self, image: ImageConfig, tokenizer: LatexTokenizer) -> None:
        self.image = image
        self.tokenizer = tokenizer

    def pixels(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        return torch.from_numpy(batch(pictures, self.image))

    def labels(self, tokens: Sequence[Sequence[str]]) -> Tensor:
        return _padded([self.tokenizer.encode(t)[1:] for t in tokens])

    def decode(self, ids: Tensor) -> list[str]:
        return self.tokenizer.decode(ids.tolist())

    def save(self, folder: Path) -> None:
        FormulaProcessor.of(self.image, self.tokenizer).save_pretrained(folder)


class ProcessorCodec:
    """Codec of a public TrOCR checkpoint: its own image processor and text tokenizer."""

    def __init__(self, processor: Any) -> None:
        self.processor = processor

    @staticmethod
    def from_pretrained(name: str) -> ProcessorCodec:
        """The processor of a checkpoint folder or hub id."""
        from transformers import TrOCRProcessor

        return ProcessorCodec(TrOCRProcessor.from_pretrained(name))

    def pixels(self, pictures: Sequence[NDArray[np.uint8]]) -> Tensor:
        colour = [cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB) for picture in pictures]
        pixels: Tensor = self.processor.image_processor(colour, return_tensors="pt").pixel_values
        return pixels

    def labels(self, tokens: Sequence[Sequence[str]]) -> Tensor:
        tokenizer = self.processor.tokenizer
        rows = [tokenizer(to_latex(t), add_special_tokens=False).input_ids for t in tokens]
        return _padded([[*row, tokenizer.eos_token_id] for row in rows])

    def decode(self, ids: Tensor) -> list[str]:
        text: str = self.processor.tokenizer.decode(ids, skip_special_tokens=True)
        try:
            return normalise(text)
        except Refusal:
            return text.split()

    def save(self, folder: Path) -> None:
        self.processor.save_pretrained(folder)


def _padded(rows: Sequence[Sequence[int]]) -> Tensor:
    out = torch.full((len(rows), max(len(row) for row in rows)), IGNORED, dtype=torch.int64)
    for target, row in zip(out, rows, strict=True):
        target[: len(row)] = torch.tensor(row)
    return out
