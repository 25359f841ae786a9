"""Measuring an exported model: clean pictures of known formulas, read by the engine that users have."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from recognizer.augment import clean_crop
from recognizer.config import Pieces
from recognizer.metrics import Metrics, Perplexity, canonical, levenshtein
from recognizer.predict import Encoded, Recognizer, blank, rows_of
from recognizer.reading import Reading
from recognizer.reliability import Bin, draw, expected_calibration_error, reliability
from recognizer.render_match import render
from recognizer.tokenizer import LatexTokenizer
from scanpage.errors import ExitCode, UsageError
from scanpage.files import atomic_path, write_text
from synth import typeset
from synth.corpus import load_layouts
from synth.ink import paint_ink, read_inks
from synth.paint import paint_print
from synth.pen import Pen

INK_HEIGHT_PX = 96
PLAIN_PEN = Pen(width_px=3.0, pressure=0.0, taper=0.0, tremor_px=0.0)
WORST_SHOWN = 60
PERPLEXITY_SAMPLES = 1000
CHUNK = 128
"""Samples prepared at a time, so that those of a size are read together."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A crop uint8 [h, w], black on white, and its canonical tokens."""

    crop: NDArray[np.uint8]
    label: tuple[str, ...]


def printed(paths: Sequence[Path], em_px: float) -> Iterator[Sample]:
    """Formulas of layout files as a printer paints them."""
    for path in paths:
        for layout in load_layouts(path):
            yield Sample(clean_crop(paint_print(layout, em_px).alpha), tuple(canonical(layout.latex)))


def handwritten(paths: Sequence[Path]) -> Iterator[Sample]:
    """Inks as a plain pen writes them; a label outside the label language stays, and counts as not read."""
    rng = np.random.default_rng(0)
    for path in paths:
        for ink in read_inks(path):
            painted = paint_ink(ink, INK_HEIGHT_PX, rng, pen=PLAIN_PEN, variation=0.0)
            yield Sample(clean_crop(painted.alpha), tuple(canonical(ink.label)))


def run(arguments: argparse.Namespace) -> int:
    """`recognizer evaluate`: prints the figures as a table; returns the exit code."""
    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError(f"--limit must be 1 or more, got {arguments.limit}")
    if not arguments.em > 0:
        raise UsageError(f"--em must be above 0, got {arguments.em}")
    for name in ("sacrebleu", "jiwer", *(["matplotlib"] if arguments.reliability else [])):
        import_module(name)  # what is not installed is told before the long work
    recognizer = Recognizer(arguments.weights, arguments.threads)
    found = printed(arguments.layouts, arguments.em) if arguments.layouts else handwritten(arguments.inks)
    samples = list(islice(found, arguments.limit))
    if not samples:
        raise UsageError("there is nothing to evaluate on: the files hold no formulas")
    readings, seconds, perplexity = _read(recognizer, samples)
    figures: dict[str, float] = {"samples": len(samples), "ms_per_formula": 1000 * seconds / len(samples)}
    figures |= measure(readings, samples)
    bins = confidence_bins(readings, samples)
    figures["calibration_error"] = expected_calibration_error(bins)
    figures |= perplexity.summary()
    if not arguments.no_typeset and typeset.available():
        rendered = render([r.tokens for r in readings], [s.label for s in samples])
        figures["compile_rate"] = sum(r.compiles for r in rendered) / len(rendered)
        figures["render_match"] = sum(r.matches for r in rendered) / len(rendered)
    sys.stdout.write("".join(f"{name:20} {value:10.4f}\n" for name, value in figures.items()))
    if arguments.json:
        _write_json(arguments.json, recognizer.version, figures, samples, readings)
    if arguments.worst:
        _write_worst(arguments.worst, samples, readings)
    if arguments.reliability:
        draw(bins, arguments.reliability)
    return ExitCode.DONE


def measure(readings: Sequence[Reading], samples: Sequence[Sample]) -> dict[str, float]:
    """Figures of `recognizer.metrics` for readings of samples."""
    metrics = Metrics()
    for reading, sample in zip(readings, samples, strict=True):
        metrics.update(reading.tokens, sample.label)
    return metrics.summary()


def confidence_bins(readings: Sequence[Reading], samples: Sequence[Sample]) -> list[Bin]:
    """Readings sorted by their confidence into the bins of `recognizer.reliability`."""
    right = [reading.tokens == sample.label for reading, sample in zip(readings, samples, strict=True)]
    return reliability([reading.score for reading in readings], right)


def _read(recognizer: Recognizer, samples: Sequence[Sample]) -> tuple[list[Reading], float, Perplexity]:
    """Readings of samples, the seconds that they took, and the perplexity of their labels.

    That is empty for vocabularies that are not of our tokens. Of large sets it is that of some thousand samples that
    are spread evenly: their many tokens tell it to the second digit.
    """
    readings = [Reading("", 0.0, ())] * len(samples)
    seconds, perplexity = 0.0, Perplexity()
    tokenizer = LatexTokenizer(recognizer.config.vocabulary) if recognizer.config.pieces is Pieces.TOKENS else None
    measured = range(0, len(samples), max(1, len(samples) // PERPLEXITY_SAMPLES))
    with tqdm(total=len(samples), file=sys.stderr, disable=None, unit="formula") as bar:
        for start in range(0, len(samples), CHUNK):
            begin = time.perf_counter()
            pictures = [recognizer.prepare(sample.crop) for sample in samples[start : start + CHUNK]]
            for members in recognizer.batches(pictures):
                encoded = recognizer.encode([pictures[i] for i in members])
                for i, written in zip(members, recognizer.search(encoded), strict=True):
                    if not blank(pictures[i]):
                        readings[start + i] = recognizer.reading(written)
                seconds += time.perf_counter() - begin
                rows = {row: samples[start + i].label for row, i in enumerate(members) if start + i in measured}
                for log_probabilities in _of_labels(recognizer, encoded, rows, tokenizer):
                    perplexity.add(log_probabilities)
                bar.update(len(members))
                begin = time.perf_counter()
    return readings, seconds, perplexity


def _of_labels(
    recognizer: Recognizer, encoded: Encoded, labels: Mapping[int, Sequence[str]], tokenizer: LatexTokenizer | None
) -> list[list[float]]:
    """Log-probabilities of the labels of some rows, each token given the true ones before it."""
    if not labels or tokenizer is None:
        return []
    numbers = [tokenizer.encode(label)[1 : recognizer.config.max_tokens] for label in labels.values()]
    return recognizer.log_probabilities(rows_of(encoded, list(labels)), numbers)


def _write_json(
    path: Path, version: str, figures: dict[str, float], samples: Sequence[Sample], readings: Sequence[Reading]
) -> None:
    rows = [
        {"label": " ".join(s.label), "reading": " ".join(r.tokens), "score": round(r.score, 4)}
        for s, r in zip(samples, readings, strict=True)
    ]
    data = {"weights": version, "figures": figures, "readings": rows}
    write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def _write_worst(folder: Path, samples: Sequence[Sample], readings: Sequence[Reading]) -> None:
    """Pictures of the readings with most errors, and a table of what they say and were read as."""
    errors = [levenshtein(r.tokens, s.label) for s, r in zip(samples, readings, strict=True)]
    worst = sorted((i for i in range(len(errors)) if errors[i]), key=lambda i: -errors[i])[:WORST_SHOWN]
    lines = []
    for i in worst:
        with atomic_path(folder / f"{i:05d}.png") as temporary:
            cv2.imwrite(str(temporary), samples[i].crop)
        lines.append(f"{i:05d}\t{errors[i]}\t{' '.join(samples[i].label)}\t{' '.join(readings[i].tokens)}\n")
    write_text(folder / "worst.tsv", "picture\terrors\tlabel\treading\n" + "".join(lines))
