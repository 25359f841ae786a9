"""Calibrating an exported model: what its token probabilities are worth, learnt from formulas of known truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from recognizer.augment import augmented_crop, clean_crop
from recognizer.calibration import Calibration, fit
from recognizer.evaluate import CHUNK, INK_HEIGHT_PX, Sample
from recognizer.metrics import canonical
from recognizer.predict import SETTINGS, Recognizer
from recognizer.reliability import expected_calibration_error, reliability
from scanpage import weights
from scanpage.errors import ExitCode, UsageError
from scanpage.files import check_folder
from synth.corpus import load_layouts
from synth.ink import Ink, paint_ink, read_inks
from synth.layout import Layout
from synth.paint import paint_print

MIN_READINGS = 200
MIN_OF_EACH = 20
"""So many must be right and so many wrong: below this the parameters are mostly chance."""
EM_PX = (20.0, 60.0)
"""Sizes of printed formulas, as pages of 150 to 400 dpi have them."""

Truth = tuple[Sequence[float], bool]
"""The log-probabilities of a reading's tokens, and whether it is exactly right."""


def run(arguments: argparse.Namespace) -> int:
    """`recognizer calibrate`: fits, writes and prints how far confidence was and is from accuracy."""
    if not (arguments.layouts or arguments.inks):
        raise UsageError("there is nothing to calibrate on: give --layouts, --inks, or both as your pages mix them")
    if arguments.limit < 1:
        raise UsageError(f"--limit must be 1 or more, got {arguments.limit}")
    recognizer = Recognizer(arguments.weights, arguments.threads)
    check_folder(recognizer.folder)
    rng = np.random.default_rng(arguments.seed)
    samples = chain(printed(arguments.layouts, arguments.limit, rng), handwritten(arguments.inks, arguments.limit, rng))
    readings = list(read(recognizer, samples))
    check(readings)
    fitted = fit([logs for logs, _ in readings], [right for _, right in readings])
    weights.replace(recognizer.folder, SETTINGS, replace(recognizer.config, calibration=fitted).save)
    figures = {
        "readings": len(readings),
        "exact_match": sum(right for _, right in readings) / len(readings),
        "error_before": calibration_error(recognizer.config.calibration, readings),
        "error_after": calibration_error(fitted, readings),
    }
    sys.stdout.write("".join(f"{name:20} {value:10.4f}\n" for name, value in figures.items()))
    return ExitCode.DONE


def check(readings: Sequence[Truth]) -> None:
    """Refuse what no calibration can be learnt from. Raises `UsageError`."""
    right = sum(right for _, right in readings)
    wrong = len(readings) - right
    if len(readings) < MIN_READINGS or min(right, wrong) < MIN_OF_EACH:
        raise UsageError(
            f"{len(readings)} readings, {right} of them right and {wrong} wrong, are too few to calibrate on: "
            f"give formulas for {MIN_READINGS} (each is read twice), at least {MIN_OF_EACH} right and as many wrong"
        )


def calibration_error(calibration: Calibration, readings: Sequence[Truth]) -> float:
    """Expected calibration error over readings."""
    confidences = [calibration.probability(logs) for logs, _ in readings]
    return expected_calibration_error(reliability(confidences, [right for _, right in readings]))


def printed(paths: Sequence[Path], limit: int, rng: np.random.Generator) -> Iterator[Sample]:
    """Formulas of layout files or folders, clean and as a scan or photo shows them."""
    for path in paths:
        layouts = load_layouts(path)
        for layout in layouts[:: _stride(len(layouts), limit)]:
            label = tuple(canonical(layout.latex))
            em_px = float(np.exp(rng.uniform(*np.log(EM_PX))))
            yield Sample(clean_crop(_printed(layout, em_px)), label)
            yield Sample(_captured(_printed(layout, em_px), rng, by_hand=False), label)


def handwritten(paths: Sequence[Path], limit: int, rng: np.random.Generator) -> Iterator[Sample]:
    """Inks, clean and as a scan or photo shows them."""
    for path in paths:
        inks = list(read_inks(path))
        for ink in inks[:: _stride(len(inks), limit)]:
            label = tuple(canonical(ink.label))
            yield Sample(clean_crop(_written(ink, rng)), label)
            yield Sample(_captured(_written(ink, rng), rng, by_hand=True), label)


def _printed(layout: Layout, em_px: float) -> np.ndarray:
    return paint_print(layout, em_px).alpha


def _written(ink: Ink, rng: np.random.Generator) -> np.ndarray:
    return paint_ink(ink, INK_HEIGHT_PX, rng).alpha


def _captured(alpha: np.ndarray, rng: np.random.Generator, *, by_hand: bool) -> np.ndarray:
    return augmented_crop(alpha, np.zeros((0, 2), np.float32), rng, by_hand=by_hand)[0]


def _stride(count: int, limit: int) -> int:
    """Every how manieth of `count` items makes at most `limit` from all over them: files are often sorted."""
    return max(1, -(-count // limit))


def read(recognizer: Recognizer, samples: Iterator[Sample]) -> Iterator[Truth]:
    """Greedy readings of samples, judged."""
    with tqdm(file=sys.stderr, disable=None, unit="formula") as bar:
        while chunk := list(islice(samples, CHUNK)):
            written = recognizer.write([recognizer.prepare(sample.crop) for sample in chunk])
            for row, sample in zip(written, chunk, strict=True):
                if row.log_probabilities:
                    yield row.log_probabilities, recognizer.reading([row]).tokens == sample.label
            bar.update(len(chunk))
