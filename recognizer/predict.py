"""Reading formulas at run time: crops in, LaTeX and scores out, by ONNX Runtime alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.config import RecognizerConfig
from recognizer.image import batch, prepare
from recognizer.spelling import Spelling
from scanpage import weights
from scanpage.errors import InputError, WeightsError
from scanpage.latex import repair, to_latex

ENCODER, DECODER, SETTINGS = "encoder.onnx", "decoder.onnx", "recognizer.json"
# No formula says one to eight tokens over again for this long.
LOOP_TOKENS, LOOP_PERIOD = 32, 8
MAX_BATCH = 32
"""Crops decoded together: beyond this, memory grows and the time per crop no longer falls."""

Cross = dict[str, NDArray[np.float32]]
"""What decoder layer i attends to: `keys.i` [N, heads, d, S], `values.i` [N, heads, S, d]."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a crop says.

    Attributes:
        latex: LaTeX that compiles in mathematics mode; empty where nothing was read.
        score: geometric mean of the probabilities of the tokens, in [0, 1].
        tokens: the canonical tokens of `latex`.
    """

    latex: str
    score: float
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What the decoder wrote: token numbers without the end token, and the log-probability of each with the end's."""

    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]

    @property
    def score(self) -> float:
        return float(np.exp(np.mean(self.log_probabilities))) if self.log_probabilities else 0.0


class Recognizer:
    """A recognizer whose model is loaded once and read with many times.

    Args:
        folder: a model folder made by `recognizer.export`; None for the model that ships.
        threads: threads of ONNX Runtime; 0 lets it choose.

    Raises:
        WeightsError: the folder is missing, incomplete, damaged or not a recognizer.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        found = weights.locate("recognizer", folder)
        try:
            self.config = RecognizerConfig.from_json(weights.read_json(found / SETTINGS))
        except (KeyError, TypeError, ValueError) as error:
            raise WeightsError(f"{found / SETTINGS} is not that of a recognizer: {error!r}") from error
        self.version = weights.version(found)
        self._spelling = Spelling(self.config)
        self._encoder = weights.open_session(found / ENCODER, threads)
        self._decoder = weights.open_session(found / DECODER, threads)
        self._cross_names = [output.name for output in self._encoder.get_outputs()]
        inputs = {node.name: node.shape for node in self._decoder.get_inputs()}
        if "past" not in inputs or set(inputs) != {"input_ids", "past", "lengths", *self._cross_names}:
            raise WeightsError(f"{found / DECODER} does not fit {found / ENCODER}: export the model again")
        layers, pair, _, heads, size = inputs["past"][1:]
        self._entry_shape = (layers, pair), (heads, size)

    def read(self, crop: NDArray[np.uint8]) -> Reading:
        """Reads one crop [h, w] or [h, w, 3] (RGB)."""
        return self.read_batch([crop])[0]

    def read_batch(self, crops: Sequence[NDArray[np.uint8]]) -> list[Reading]:
        """Reads crops, each [h, w] or [h, w, 3] (RGB) of any size; a crop's reading does not depend on the others.

        Raises:
            ValueError: a crop is empty or has another shape.
        """
        return [self._reading(written) for written in self.write([self.prepare(crop) for crop in crops])]

    def prepare(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The model's picture of a crop: grey [H, W], or RGB [H, W, 3] where the model wants a fixed size."""
        picture = prepare(crop, self.config.image)
        if self.config.fixed_size is None:
            return picture
        height, width = self.config.fixed_size
        way = cv2.INTER_AREA if picture.size > height * width else cv2.INTER_LINEAR
        fixed: NDArray[np.uint8] = cv2.resize(
            cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), (width, height), interpolation=way
        )
        return fixed

    def write(self, pictures: Sequence[NDArray[np.uint8]]) -> list[Written]:
        """What the decoder writes for each picture that `prepare` gave."""
        written: list[Written] = [Written((), ())] * len(pictures)
        # Formulas of like size are about equally long, so that few rows of a batch wait for the last.
        order = sorted(range(len(pictures)), key=lambda i: pictures[i].size)
        for start in range(0, len(order), MAX_BATCH):
            chosen = order[start : start + MAX_BATCH]
            cross, lengths = self.encode([pictures[i] for i in chosen])
            for i, row in zip(chosen, self._decode(cross, lengths), strict=True):
                written[i] = row
        return written

    def encode(self, pictures: Sequence[NDArray[np.uint8]]) -> tuple[Cross, NDArray[np.int64]]:
        """What the decoder attends to, padded to the longest, and how many positions of each row are its own.

        Only pictures of one padded size are encoded together: so no paper is added that others do not need.
        """
        groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
        stacked = [self._stack(picture) for picture in pictures]
        for i, picture in enumerate(stacked):
            groups[picture.shape].append(i)
        rows: list[list[NDArray[np.float32]]] = [[]] * len(pictures)
        for members in groups.values():
            outputs = self._encoder.run(None, {"pixel_values": np.concatenate([stacked[i] for i in members])})
            for k, i in enumerate(members):
                rows[i] = [output[k] for output in outputs]
        lengths = np.array([row[1].shape[1] for row in rows], np.int64)
        cross = {}
        for name, tensors in zip(self._cross_names, zip(*rows, strict=True), strict=True):
            heads, first, second = tensors[0].shape
            longest = int(lengths.max())
            shape = (first, longest) if name.startswith("keys") else (longest, second)
            padded = np.zeros((len(rows), heads, *shape), np.float32)
            for out, tensor in zip(padded, tensors, strict=True):
                out[:, : tensor.shape[1], : tensor.shape[2]] = tensor
            cross[name] = padded
        return cross, lengths

    def _stack(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A batch of one picture, [1, C, H, W]."""
        if picture.ndim == 3:
            return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
        return batch([picture], self.config.image)

    def _decode(self, cross: Cross, lengths: NDArray[np.int64]) -> list[Written]:
        """Greedy decoding of all rows together; rows that are done leave the batch."""
        count, limit = len(lengths), self.config.max_tokens - 1
        (layers, pair), (heads, size) = self._entry_shape
        past = np.empty((limit, layers, pair, count, heads, size), np.float32)
        last = np.full(count, self.config.start_id, np.int64)
        live = np.arange(count)
        ids: list[list[int]] = [[] for _ in range(count)]
        scores: list[list[float]] = [[] for _ in range(count)]
        for step in range(limit):
            logits, past[step] = self.step(last, past[:step], lengths, cross)
            last = logits.argmax(1)
            log_probability = logits.max(1) - _log_sum_exp(logits)
            for row, token, score in zip(live, last, log_probability, strict=True):
                scores[row].append(float(score))
                if token != self.config.end_id:
                    ids[row].append(int(token))
            stays = last != self.config.end_id
            for k, row in enumerate(live):
                if stays[k] and (period := _loop(ids[row])):
                    stays[k] = False
                    # Once round is what the picture may have held.
                    del ids[row][period - LOOP_TOKENS :], scores[row][period - LOOP_TOKENS :]
            if not stays.any():
                break
            if not stays.all():
                live, last, lengths = live[stays], last[stays], lengths[stays]
                past = _keep_rows(past, step + 1, stays)
                cross = {name: tensor[stays] for name, tensor in cross.items()}
        return [Written(tuple(row), tuple(score)) for row, score in zip(ids, scores, strict=True)]

    def step(
        self, last: NDArray[np.int64], past: NDArray[np.float32], lengths: NDArray[np.int64], cross: Cross
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One step of the decoder.

        Args:
            last: the tokens [N] behind which the next is wanted.
            past: the cache [T, layers, 2, N, heads, d] of the T tokens before them.
            lengths, cross: from `encode`.

        Returns:
            Logits [N, V], and the cache's entry for `last` [layers, 2, N, heads, d].
        """
        inputs = {"input_ids": last, "past": past, "lengths": lengths, **cross}
        logits, entry = self._decoder.run(None, inputs)
        return logits, entry

    def log_probabilities(
        self, pictures: Sequence[NDArray[np.uint8]], labels: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Log-probability of each label's token numbers, each given the picture and the true ones before it.

        Args:
            pictures: from `prepare`; all of them are one batch.
            labels: token numbers with the end token, without the start; none longer than `config.max_tokens`.
        """
        cross, lengths = self.encode(pictures)
        (layers, pair), (heads, size) = self._entry_shape
        longest = max(len(label) for label in labels)
        past = np.empty((longest, layers, pair, len(labels), heads, size), np.float32)
        last = np.full(len(labels), self.config.start_id, np.int64)
        rows: list[list[float]] = [[] for _ in labels]
        for step in range(longest):
            logits, past[step] = self.step(last, past[:step], lengths, cross)
            last = np.array([label[step] if step < len(label) else self.config.end_id for label in labels], np.int64)
            found = logits[np.arange(len(labels)), last] - _log_sum_exp(logits)
            for row, label, value in zip(rows, labels, found, strict=True):
                if step < len(label):
                    row.append(float(value))
        return rows

    def _reading(self, written: Written) -> Reading:
        tokens = repair(self._spelling.tokens(written.ids))
        return Reading(to_latex(tokens), written.score, tuple(tokens))


def open_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as grey [h, w]. Raises `InputError`."""
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    picture = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
    if picture is None:
        raise InputError(f"{path} is no picture that can be decoded: give PNG, JPEG, TIFF or WebP")
    grey: NDArray[np.uint8] = picture
    return grey


def _loop(ids: Sequence[int]) -> int:
    """Length of the piece that the last tokens repeat over and over, as a decoder does that lost its place; else 0."""
    tail = ids[-LOOP_TOKENS:]
    if len(tail) < LOOP_TOKENS:
        return 0
    return next((period for period in range(1, LOOP_PERIOD + 1) if tail[period:] == tail[:-period]), 0)


def _keep_rows(past: NDArray[np.float32], filled: int, rows: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The cache with some rows only; just its filled entries are copied."""
    kept = np.empty((*past.shape[:3], int(rows.sum()), *past.shape[4:]), np.float32)
    kept[:filled] = past[:filled, :, :, rows]
    return kept


def _log_sum_exp(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """log(sum(exp(logits))) of each row of [N, V]."""
    top = logits.max(1)
    total: NDArray[np.float32] = top + np.log(np.exp(logits - top[:, None]).sum(1))
    return total
