"""Reading formulas at run time: crops in, LaTeX and scores out, by ONNX Runtime alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.config import Pieces
from recognizer.decode import Cross, Decoder, Written, log_softmax
from recognizer.grammar import Free, Grammar, State
from recognizer.image import batch, prepare
from recognizer.picture import Picture, as_crop
from recognizer.reading import Alternative, Reading
from recognizer.settings import check_fit, read_settings
from recognizer.spelling import Spelling
from recognizer.tokenizer import LatexTokenizer
from scanpage import weights
from scanpage.cores import usable_cores
from scanpage.errors import WeightsError
from scanpage.latex import repair, to_latex

ENCODER, DECODER, SETTINGS = "encoder.onnx", "decoder.onnx", "recognizer.json"
ROWS_A_THREAD = 5
"""Formulas, or beams of them, that a thread decodes together. A row of two to five takes a fifth less time than one
alone, of ten no less than one: what they attend to no longer lies near the processor."""

PAST_SIDES = 5
"""Dimensions of the decoder's cache; graphs of before this version have another number."""

MOST_DECODED_PX = 800_000
"""Pixels of the pictures decoded together, once for each beam: what the decoder attends to takes 100 bytes a pixel."""

PAPER_ABOVE = 230
"""Pictures without anything darker are blank: no pen or print is within 2.5 % of its paper."""

LEAST_BEAMS = 5
"""Beams where alternatives are wanted."""

Encoded = tuple[Cross, NDArray[np.int64]]
"""What the decoder attends to, padded to the longest picture, and how many positions of each row [N] are its own."""

Given = TypeVar("Given")
Made = TypeVar("Made")


class Recognizer:
    """A recognizer whose model is loaded once and read with many times.

    Args:
        folder: a model folder made by `recognizer.export`; None for the model that ships.
        threads: threads to read with; 0 for one a core.
        constrained: whether the grammar says what the decoder may write; a model whose vocabulary is not of LaTeX
            tokens writes freely in any case, and what it wrote is repaired.

    Attributes:
        folder: where the model is.
        decoder: the graph of one step (`recognizer.export`), for those who want more of it than `step` gives.
        entry_shape: layers, keys' and values' heads together, and their width, as in its cache.

    Raises:
        WeightsError: the folder is missing, incomplete, damaged or not a recognizer.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0, *, constrained: bool = True) -> None:
        found = weights.locate("recognizer", folder)
        self.folder = found
        self.config = read_settings(found / SETTINGS)
        self.version = weights.version(found)
        self._spelling = Spelling(self.config)
        self._beginning = self._before_all(constrained)
        self._threads = threads or usable_cores()
        self._encoder = weights.open_session(found / ENCODER, self._threads)
        self.decoder = weights.open_session(found / DECODER, 1)
        self._cross_names = [output.name for output in self._encoder.get_outputs()]
        inputs = {node.name: node.shape for node in self.decoder.get_inputs()}
        fits = set(inputs) == {"input_ids", "past", "lengths", *self._cross_names}
        if not fits or len(inputs["past"]) != PAST_SIDES:
            raise WeightsError(f"{found / DECODER} does not fit {found / ENCODER}: export the model again")
        check_fit(self.config, self._encoder.get_inputs()[0].shape, self.decoder.get_outputs()[0].shape)
        layers, _, heads, size = inputs["past"][1:]
        self.entry_shape = (layers, heads, size)

    def read(self, crop: Picture, *, beams: int = 1, alternatives: int = 0, temperature: float = 1.0) -> Reading:
        """Reads one crop; see `read_batch`."""
        return self.read_batch([crop], beams=beams, alternatives=alternatives, temperature=temperature)[0]

    def read_batch(
        self,
        crops: Sequence[Picture],
        *,
        beams: int = 1,
        alternatives: int = 0,
        temperature: float = 1.0,
    ) -> list[Reading]:
        """Reads crops of any size; a crop's reading does not depend on the others, and that of a blank one is empty.

        Args:
            crops: arrays uint8 [h, w], [h, w, 3] (RGB) or [h, w, 4] (RGBA), pictures of Pillow's, or paths of files.
            beams: how many formulas are followed at once; 1 is greedy.
            alternatives: most other readings to give; more beams than were asked for are followed where that needs it.
            temperature: the decoder's logits are divided by it; above 1, it is less sure of all that it writes.

        Raises:
            InputError: a file cannot be read.
            ValueError: an array is empty or has another shape, or an option is out of its range.
        """
        if beams < 1 or alternatives < 0 or not temperature > 0.0:
            raise ValueError("beams are 1 or more, alternatives 0 or more, and the temperature is above 0")
        if alternatives >= beams:
            beams = max(alternatives + 1, LEAST_BEAMS)
        pictures = self._side_by_side(lambda crop: self.prepare(as_crop(crop)), crops)
        inked = [i for i, picture in enumerate(pictures) if not blank(picture)]
        readings = [Reading("", 0.0, ())] * len(pictures)
        found = self._search([pictures[i] for i in inked], beams, temperature)
        for i, written in zip(inked, found, strict=True):
            readings[i] = self.reading(written, alternatives)
        return readings

    def prepare(self, crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The model's picture of a crop: grey [H, W], or RGB [H, W, 3] where the model wants a fixed size."""
        return self.fitted(prepare(crop, self.config.image))

    def fitted(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What `recognizer.image` made of a crop [H, W], in the model's fixed size if it has one; see `prepare`."""
        if self.config.fixed_size is None:
            return picture
        height, width = self.config.fixed_size
        way = cv2.INTER_AREA if picture.size > height * width else cv2.INTER_LINEAR
        fixed: NDArray[np.uint8] = cv2.resize(
            cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), (width, height), interpolation=way
        )
        return fixed

    def write(
        self, pictures: Sequence[NDArray[np.uint8]], *, beams: int = 1, temperature: float = 1.0
    ) -> list[Written]:
        """What the decoder writes for each picture that `prepare` gave."""
        return [found[0] for found in self._search(pictures, beams, temperature)]

    def _search(self, pictures: Sequence[NDArray[np.uint8]], beams: int, temperature: float) -> list[list[Written]]:
        """What the decoder writes for each picture, the likeliest first; one where `beams` is 1, else up to so many."""
        written: list[list[Written]] = [[]] * len(pictures)
        for chosen in self.batches(pictures, beams):
            found = self.search(self.encode([pictures[i] for i in chosen]), beams, temperature)
            for i, rows in zip(chosen, found, strict=True):
                written[i] = rows
        return written

    def batches(self, pictures: Sequence[NDArray[np.uint8]], beams: int = 1) -> Iterator[list[int]]:
        """Numbers of the pictures that are best decoded together.

        Formulas of like size are about equally long, so that few rows of a batch wait for the last.
        """
        most = self._threads * max(1, ROWS_A_THREAD // beams)
        batch_: list[int] = []
        pixels = 0
        for i in sorted(range(len(pictures)), key=lambda i: pictures[i].size):
            size = pictures[i].shape[0] * pictures[i].shape[1]
            if batch_ and (len(batch_) >= most or (pixels + size) * beams > MOST_DECODED_PX):
                yield batch_
                batch_, pixels = [], 0
            batch_.append(i)
            pixels += size
        if batch_:
            yield batch_

    def search(self, encoded: Encoded, beams: int = 1, temperature: float = 1.0) -> list[list[Written]]:
        """What the decoder writes for each row of `encode`, the likeliest first; one where `beams` is 1."""
        decoder = Decoder(
            self.step,
            start_id=self.config.start_id,
            end_id=self.config.end_id,
            entry_shape=self.entry_shape,
            limit=self.config.max_tokens - 1,
            beginning=self._beginning,
            temperature=temperature,
        )

        def search(part: Encoded) -> list[list[Written]]:
            return decoder.beams(*part, beams) if beams > 1 else [[row] for row in decoder.greedy(*part)]

        # A step is too little work for two threads, so each takes rows of its own: in turn, as neighbours are alike.
        rows = len(encoded[1])
        count = min(self._threads, rows)
        parts = [rows_of(encoded, range(k, rows, count)) for k in range(count)] if count > 1 else [encoded]
        found: list[list[Written]] = [[]] * rows
        for k, written in enumerate(self._side_by_side(search, parts)):
            found[k::count] = written
        return found

    def _side_by_side(self, work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        """`work` done for each of `given`, as many at a time as there are threads."""
        count = min(self._threads, len(given))
        if count < 2:
            return [work(one) for one in given]
        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(work, given))

    def encode(self, pictures: Sequence[NDArray[np.uint8]]) -> Encoded:
        """Pictures of `prepare` as the decoder attends to them.

        Each is encoded alone: what is rounded to integers then depends on no other, and no paper has to be added.
        """
        rows = self._side_by_side(self._encode, pictures)
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

    def _encode(self, picture: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """One picture's keys [heads, d, S] and values [heads, S, d] for each layer of the decoder."""
        outputs: list[NDArray[np.float32]] = self._encoder.run(None, {"pixel_values": self._stack(picture)})
        return [output[0] for output in outputs]

    def _stack(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """A batch of one picture, [1, C, H, W]."""
        if picture.ndim == 3:
            return np.ascontiguousarray(picture.transpose(2, 0, 1)[None])
        return batch([picture], self.config.image)

    def step(
        self, last: NDArray[np.int64], past: NDArray[np.float32], lengths: NDArray[np.int64], cross: Cross
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One step of the decoder.

        Args:
            last: the tokens [N] behind which the next is wanted.
            past: the cache [T, layers, N, 2 * heads, d] of the T tokens before them.
            lengths, cross: from `encode`.

        Returns:
            Logits [N, V], and the cache's entry for `last` [layers, N, 2 * heads, d].
        """
        inputs = {"input_ids": last, "past": past, "lengths": lengths, **cross}
        logits, entry = self.decoder.run(["logits", "entry"], inputs)
        return logits, entry

    def log_probabilities(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> list[list[float]]:
        """Log-probability of each label's token numbers, each given the picture and the true ones before it.

        Args:
            encoded: the pictures, from `encode`.
            labels: token numbers with the end token, without the start; none longer than `config.max_tokens`.
        """
        cross, lengths = encoded
        layers, *entry = self.entry_shape
        longest = max(len(label) for label in labels)
        past = np.empty((longest, layers, len(labels), *entry), np.float32)
        last = np.full(len(labels), self.config.start_id, np.int64)
        rows: list[list[float]] = [[] for _ in labels]
        for step in range(longest):
            logits, past[step] = self.step(last, past[:step], lengths, cross)
            last = np.array([label[step] if step < len(label) else self.config.end_id for label in labels], np.int64)
            found = log_softmax(logits)[np.arange(len(labels)), last]
            for row, label, value in zip(rows, labels, found, strict=True):
                if step < len(label):
                    row.append(float(value))
        return rows

    def _before_all(self, constrained: bool) -> State:
        """What the grammar knows before the first token, if there is a grammar."""
        if not constrained or self.config.pieces is not Pieces.TOKENS:
            return Free()
        return Grammar(LatexTokenizer(self.config.vocabulary).tokens, self.config.end_id).start()

    def reading(self, found: Sequence[Written], alternatives: int = 0) -> Reading:
        """The best of what was written for one picture, and the next best that say something else."""
        distinct: dict[str, Alternative] = {}
        for written in found:
            # What is written by the grammar parses; canonical it is but for the choice of `\\left` and of alphabets.
            tokens = repair(self._spelling.tokens(written.ids))
            score = self.config.calibration.probability(written.log_probabilities)
            distinct.setdefault(to_latex(tokens), Alternative(to_latex(tokens), score, tuple(tokens)))
        best, *others = distinct.values()
        return Reading(best.latex, best.score, best.tokens, tuple(others[:alternatives]))


def rows_of(encoded: Encoded, rows: Sequence[int]) -> Encoded:
    """Some rows of what `Recognizer.encode` gave, in memory of their own."""
    cross, lengths = encoded
    index = np.array(rows, np.intp)
    return {name: tensor[index] for name, tensor in cross.items()}, lengths[index]


def blank(picture: NDArray[np.uint8]) -> bool:
    """Whether there is nothing to read in a picture that `Recognizer.prepare` gave."""
    return int(picture.min()) > PAPER_ABOVE
