"""Where in the picture the decoder looked for each token that it wrote.

The reading is written as ever, then its tokens are given to the decoder once more, which tells its attention.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.image import prepare_with_points
from recognizer.predict import DECODER, Encoded, Recognizer, blank
from recognizer.reading import Reading
from recognizer.spelling import Spelling
from scanpage.errors import InputError, WeightsError
from scanpage.geometry import Box

CELL_HEIGHT_PX = 16
"""Rows of the compact model's encoder: each is this many pixels of its picture high."""
END = "(end)"


@dataclass(frozen=True, slots=True)
class Look:
    """One step of the decoder.

    Attributes:
        token: what it wrote; `END` where it ended.
        probability: of the token, given the picture and the tokens before it; in [0, 1].
        attention: how much of its attention each cell got, float32 [rows, columns], over `Explanation.frame`.
    """

    token: str
    probability: float
    attention: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reading and how it came about.

    Attributes:
        crop: what was read, uint8 [h, w] or RGB [h, w, 3].
        ink: the part of the crop that the model saw, in pixels.
        frame: where the cells of `Look.attention` lie, in pixels of the crop; it may reach beyond it.
        looks: one for each token, in the order of writing.
        reading: what the crop says.
    """

    crop: NDArray[np.uint8]
    ink: Box
    frame: Box
    looks: tuple[Look, ...]
    reading: Reading


class Explainer:
    """Reads crops and remembers where it looked.

    Args:
        folder: a model folder; None for the model that ships.
        threads: threads of ONNX Runtime; 0 lets it choose.

    Raises:
        WeightsError: the folder is missing or broken, or its decoder does not tell where it looks.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        self._recognizer = Recognizer(folder, threads)
        self._decoder = self._recognizer.decoder
        if "attention" not in {output.name for output in self._decoder.get_outputs()}:
            path = self._recognizer.folder / DECODER
            raise WeightsError(f"{path} does not tell where it looks, as older ones do not: export the model again")
        self._spelling = Spelling(self._recognizer.config)

    def explain(self, crop: NDArray[np.uint8]) -> Explanation:
        """Reads one crop [h, w] or [h, w, 3] (RGB).

        Raises:
            InputError: the crop is blank.
            ValueError: the crop is empty or has another shape.
        """
        recognizer = self._recognizer
        height, width = crop.shape[:2]
        corners = np.array([[0, 0], [width, height]], np.float32)
        picture, corners = prepare_with_points(crop, corners, recognizer.config.image)
        fitted = recognizer.fitted(picture)
        if blank(fitted):
            raise InputError("the picture is blank, so there is nothing to explain")
        encoded = recognizer.encode([fitted])
        [[written]] = recognizer.search(encoded)
        attention = self._attention(encoded, written.ids)
        ink, frame, (rows, columns) = self._frame(crop, picture, corners, attention.shape[1])
        tokens = ["".join(self._spelling.tokens([i])) for i in written.ids]
        # A reading that was cut off at the length limit has no end.
        looks = tuple(
            Look(token, math.exp(log_probability), cells[-rows * columns :].reshape(rows, columns))
            for token, log_probability, cells in zip([*tokens, END], written.log_probabilities, attention, strict=False)
        )
        return Explanation(crop, ink, frame, looks, recognizer.reading([written]))

    def _attention(self, encoded: Encoded, ids: Sequence[int]) -> NDArray[np.float32]:
        """Attention [T + 1, S] of the steps that write `ids` and the end."""
        cross, lengths = encoded
        layers, *entry = self._recognizer.entry_shape
        past = np.empty((len(ids) + 1, layers, 1, *entry), np.float32)
        rows = []
        for step, last in enumerate([self._recognizer.config.start_id, *ids]):
            inputs = {"input_ids": np.array([last], np.int64), "past": past[:step], "lengths": lengths, **cross}
            past[step], attention = self._decoder.run(["entry", "attention"], inputs)
            rows.append(attention[0])
        return np.array(rows)

    def _frame(
        self, crop: NDArray[np.uint8], picture: NDArray[np.uint8], corners: NDArray[np.float32], positions: int
    ) -> tuple[Box, Box, tuple[int, int]]:
        """What the model saw of the crop, where its cells lie on the crop, and how many rows and columns these have.

        Args:
            crop: what is explained.
            picture: what `prepare_with_points` made of it.
            corners: where the crop's first and last corner went in the picture.
            positions: how many cells there are.
        """
        config = self._recognizer.config
        height, width = crop.shape[:2]
        ((left, top), (right, bottom)) = corners.tolist()
        x_scale, y_scale = width / (right - left), height / (bottom - top)

        def on_crop(picture_width: float, picture_height: float) -> Box:
            x0, y0 = -left * x_scale, -top * y_scale
            return Box(x0, y0, x0 + picture_width * x_scale, y0 + picture_height * y_scale)

        ink = on_crop(picture.shape[1], picture.shape[0])
        if config.fixed_size is not None:
            # Square patches over the stretched picture, behind a class token or two.
            side = math.isqrt(positions)
            return ink, ink, (side, side)
        stride = config.image.stride_px
        padded_height, padded_width = (-(-side // stride) * stride for side in picture.shape)
        rows = padded_height // CELL_HEIGHT_PX
        return ink, on_crop(padded_width, padded_height), (rows, positions // rows)
