"""Training samples: layouts and inks painted anew each time, in batches of like size and growing length."""

from __future__ import annotations

import signal
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from recognizer.augment import augmented_crop, clean_crop
from recognizer.config import ImageConfig, TrainConfig
from recognizer.difficulty import Difficulty
from recognizer.image import prepare_with_points, zoom
from scanpage.geometry import Box
from synth.ink import Ink, paint_ink
from synth.layout import Layout
from synth.paint import Painted, paint_print

if TYPE_CHECKING:
    from synth.handwrite import SymbolBank

# The encoder's grid: one cell is this many pixels high and wide (recognizer.model.FormulaEncoder).
CELL_PX = (16, 8)
NO_SIGN = -100


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture [H, W] uint8, the canonical tokens, and the signs' centres [n, 2] in its pixels with their classes."""

    picture: NDArray[np.uint8]
    tokens: tuple[str, ...]
    sign_points: NDArray[np.float32]
    sign_classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Source:
    """Formulas of one kind and how they are painted.

    Attributes:
        labels: canonical tokens of each formula.
        paint: draws formula i.
        by_hand: whether the ink is handwriting, which is augmented more.
        share: how often this source is drawn, against the others.
    """

    labels: Sequence[tuple[str, ...]]
    paint: Callable[[int, np.random.Generator], Painted]
    by_hand: bool
    share: float


def print_source(layouts: Sequence[Layout], labels: Sequence[str], image: ImageConfig, *, share: float) -> Source:
    """Layouts as a printer paints them, at about the size of the model's picture."""

    def paint(i: int, rng: np.random.Generator) -> Painted:
        layout = layouts[i]
        weight = float(rng.normal(0.0, 0.008))
        return paint_print(layout, _em_px(layout.box, image, rng), weight=weight, shift=tuple(rng.random(2)))

    return Source([tuple(label.split(" ")) for label in labels], paint, by_hand=False, share=share)


def hand_source(
    layouts: Sequence[Layout], labels: Sequence[str], bank: SymbolBank, image: ImageConfig, *, share: float
) -> Source:
    """Layouts written by hand with the symbols of `bank`."""
    from synth.handwrite import paint_by_hand

    def paint(i: int, rng: np.random.Generator) -> Painted:
        layout = layouts[i]
        return paint_by_hand(layout, bank, _em_px(layout.box, image, rng), rng)

    return Source([tuple(label.split(" ")) for label in labels], paint, by_hand=True, share=share)


def ink_source(inks: Sequence[Ink], labels: Sequence[tuple[str, ...]], image: ImageConfig, *, share: float) -> Source:
    """Real inks; `labels` are their canonical tokens."""

    def paint(i: int, rng: np.random.Generator) -> Painted:
        sides = np.array([np.ptp(stroke, axis=0) for stroke in inks[i].strokes])
        extent = np.ptp(np.concatenate(inks[i].strokes), axis=0)
        # A dot has no size, and inks come in any unit.
        sign = max(float(np.median(sides.max(axis=1))), float(extent.max()) / 100, 1e-6)
        width, height = np.maximum(extent, sign / 2.0)
        return paint_ink(inks[i], height * zoom(height, width, sign, image) * _closeness(rng), rng)

    return Source(labels, paint, by_hand=True, share=share)


def _em_px(box: Box, image: ImageConfig, rng: np.random.Generator) -> float:
    """Pixels an em at which a layout comes out near the size of the model's picture, smaller or larger."""
    # Between the height of an x and that of a capital, in ems.
    sign = 0.5
    return max(6.0, min(160.0, zoom(box.height, box.width, sign, image) * _closeness(rng)))


def _closeness(rng: np.random.Generator) -> float:
    """How large a formula is painted, against the model's picture of it."""
    # A scan at 150 dpi is about half the size.
    return float(np.exp(rng.uniform(np.log(0.5), np.log(1.7))))


def draw(source: Source, i: int, image: ImageConfig, rng: np.random.Generator, *, augment: bool = True) -> Sample:
    """Paint formula `i` of `source` and prepare it for the model."""
    painted = source.paint(i, rng)
    names = [name for name, _ in painted.glyphs]
    points = np.array([box.center for _, box in painted.glyphs], np.float32).reshape(-1, 2)
    if augment:
        crop, points = augmented_crop(painted.alpha, points, rng, by_hand=source.by_hand)
        image = replace(image, sign_px=image.sign_px * float(np.exp(rng.uniform(np.log(0.75), np.log(1.3)))))
    else:
        crop = clean_crop(painted.alpha)
        points = points + (crop.shape[0] - painted.alpha.shape[0]) / 2
    picture, points = prepare_with_points(crop, points.astype(np.float32), image)
    return Sample(picture, tuple(source.labels[i]), points, np.array([sign_class(n) for n in names], np.int64))


def sign_class(name: str) -> int:
    """Class of a painted sign. Names are hashed, as no table could hold those of every font and writer.

    A font's design size says nothing about the sign: `cmmi7:x` and `cmmi10:x` are one class.
    """
    font, _, glyph = name.rpartition(":")
    return zlib.crc32(f"{font.rstrip('0123456789')}:{glyph}".encode()) % 1024


class SampleStream(IterableDataset[list[Sample]]):
    """Endless batches of samples of like size.

    Args:
        sources: what to draw from, by their shares.
        longest: a shared integer, the most tokens that a formula may have now; the trainer raises it.
        train, image: settings.
        difficulty: which tokens are drawn more often, kept up to date by the trainer; None draws as formulas come.
    """

    # Samples that are sorted by size together; the first pools are small, so that training starts at once.
    POOL = (48, 192, 768)

    def __init__(
        self,
        sources: Sequence[Source],
        longest: Any,
        train: TrainConfig,
        image: ImageConfig,
        difficulty: Difficulty | None = None,
    ) -> None:
        self._sources = sources
        self._longest = longest
        self._train = train
        self._image = image
        self._lengths = [np.array([len(label) for label in source.labels]) for source in sources]
        self._difficulty = difficulty
        self._indices = [] if difficulty is None else [difficulty.index(source.labels) for source in sources]

    def __iter__(self) -> Iterator[list[Sample]]:
        worker = get_worker_info()
        rng = np.random.default_rng([self._train.seed, 0 if worker is None else worker.seed % 2**32])
        if worker is not None:
            torch.set_num_threads(1)
            # Ctrl-C reaches the whole process group: it is for the trainer, which saves its state and then ends us.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        for size in chain(self.POOL, repeat(self.POOL[-1])):
            chances = self._chances()
            pool = [self._draw(chances, rng) for _ in range(size)]
            batches = list(packed(pool, self._train))
            for k in rng.permutation(len(batches)):
                yield batches[k]

    def _chances(self) -> list[NDArray[np.float64]]:
        """For each source, how often each formula is drawn now, summed up."""
        if self._difficulty is None:
            return [np.arange(1.0, len(lengths) + 1.0) for lengths in self._lengths]
        return [np.cumsum(self._difficulty.factors(*index)) for index in self._indices]

    def _draw(self, chances: Sequence[NDArray[np.float64]], rng: np.random.Generator) -> Sample:
        shares = np.array([source.share for source in self._sources])
        s = int(rng.choice(len(shares), p=shares / shares.sum()))
        lengths, summed = self._lengths[s], chances[s]
        while True:
            # The draw may be rounded up to the sum of all.
            i = min(int(np.searchsorted(summed, rng.uniform(0.0, summed[-1]), side="right")), len(lengths) - 1)
            if lengths[i] <= self._longest.value:
                return draw(self._sources[s], i, self._image, rng)


def packed(samples: Sequence[Sample], train: TrainConfig) -> Iterator[list[Sample]]:
    """Batches of neighbours in size, each within the pixel budget when padded."""
    ordered = sorted(samples, key=lambda s: (-(-s.picture.shape[0] // 16), s.picture.shape[1]))
    batch: list[Sample] = []
    height = width = 0
    for sample in ordered:
        h, w = max(height, sample.picture.shape[0]), max(width, sample.picture.shape[1])
        if batch and (len(batch) >= train.max_batch or (len(batch) + 1) * h * w > train.batch_px):
            yield batch
            batch, h, w = [], *sample.picture.shape
        batch.append(sample)
        height, width = h, w
    if batch:
        yield batch


def sign_grid(samples: Sequence[Sample], rows: int, columns: int) -> Tensor:
    """Class of the sign whose centre lies in each grid cell, `NO_SIGN` elsewhere: int64 [N, rows, columns]."""
    grid = np.full((len(samples), rows, columns), NO_SIGN, np.int64)
    for cells, sample in zip(grid, samples, strict=True):
        y = np.clip(sample.sign_points[:, 1] // CELL_PX[0], 0, rows - 1).astype(int)
        x = np.clip(sample.sign_points[:, 0] // CELL_PX[1], 0, columns - 1).astype(int)
        cells[y, x] = sample.sign_classes
    return torch.from_numpy(grid)
