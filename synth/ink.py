"""Real handwriting: inks read from JSON lines or InkML, and painted with another pen each time."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError
from scanpage.geometry import Box
from synth.inkml import read_inkml
from synth.paint import Painted
from synth.pen import Ink, Pen, Points, Stroke, Writing, paint_writing

__all__ = ["Ink", "Pen", "Stroke", "paint_ink", "read_inks", "symbol_size"]

_ENDINGS = (".inkml", ".jsonl", ".jsonl.gz")
_ON_BASELINE = frozenset("0123456789abcdehiklmnorstuvwxzABCDEFGHIJKLMNOPRSTUVWXYZ")


def read_inks(path: Path) -> Iterator[Ink]:
    """The inks of a `.jsonl` or `.jsonl.gz` file, an InkML file, or all such files under a folder (in name order).

    Raises:
        InputError: the path is missing or an ink in it cannot be read.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.name.endswith(_ENDINGS) and file.is_file():
                yield from read_inks(file)
    elif path.suffix == ".inkml":
        yield read_inkml(path)
    else:
        yield from _read_json_lines(path)


def _read_json_lines(path: Path) -> Iterator[Ink]:
    read = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.strip():
                    yield _from_json(json.loads(line))
                read += 1
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        message = f"cannot read line {read + 1} of {path}: {error}; expected the JSON ink format"
        raise InputError(message) from error


def _from_json(record: Mapping[str, Any]) -> Ink:
    strokes = tuple(np.array(flat, dtype=np.float32).reshape(-1, 2) for flat in record["strokes"])
    parts = record.get("symbols") or record.get("words") or ()
    symbols = tuple((str(label), tuple(int(i) for i in indices)) for label, indices in parts)
    if not strokes or not all(len(stroke) for stroke in strokes):
        raise ValueError("no strokes, or one without points")
    if any(not 0 <= i < len(strokes) for _, indices in symbols for i in indices):
        raise ValueError("a symbol names a stroke that is not there")
    return Ink(str(record["id"]), str(record.get("label") or ""), strokes, symbols)


def symbol_size(strokes: Sequence[Stroke]) -> float:
    """The longer side of a middling stroke, in the strokes' units: how large the hand writes."""
    return _middling(*Writing.of(strokes).bounds())


def _middling(lows: Points, highs: Points) -> float:
    return max(float(np.median((highs - lows).max(axis=1))), 1e-3)


def paint_ink(
    ink: Ink | Sequence[Stroke],
    height_px: float,
    rng: np.random.Generator,
    *,
    pen: Pen | None = None,
    variation: float = 1.0,
) -> Painted:
    """Paints an ink.

    Args:
        ink: an ink, or strokes alone.
        height_px: height of the whole ink; an ink that is flatter than its letters (a lone dash) gets that height's
            letter size instead.
        rng: decides pen and variation.
        pen: what to write with; None draws one.
        variation: how far slant, rotation, proportions and the places of symbols stray from what was written;
            0 keeps them.

    Returns:
        The picture; `glyphs` are the segmented symbols by label, `baseline_px` is an estimate.
    """
    strokes = ink.strokes if isinstance(ink, Ink) else ink
    symbols = [s for s in ink.symbols if s[1]] if isinstance(ink, Ink) else []
    writing = _varied(Writing.of(strokes), [s for _, s in symbols], rng, variation)
    lows, highs = writing.bounds()
    low, high = lows.min(axis=0), highs.max(axis=0)
    size = _middling(lows, highs)
    tall = max(float(high[1] - low[1]), size)
    pen = pen or Pen.drawn(rng, size * height_px / tall)
    scale = max(height_px - pen.width_px, 1.0) / tall
    placed = Writing((writing.points - low) * scale, writing.counts)
    painted = paint_writing(placed, symbols, pen, rng, baseline=0.0)
    return replace(painted, baseline_px=_baseline(painted.glyphs, painted.alpha.shape[0] - pen.width_px / 2))


def _varied(
    writing: Writing, symbols: Sequence[tuple[int, ...]], rng: np.random.Generator, variation: float
) -> Writing:
    """Strokes moved as another hand would have: symbols shifted and scaled a little, then the whole sheared."""
    counts = writing.counts
    size = _middling(*writing.bounds())
    owners = np.arange(len(counts)) if not symbols else np.full(len(counts), len(symbols))
    for k, strokes in enumerate(symbols):
        owners[list(strokes)] = k
    groups = int(owners.max()) + 1
    shift = rng.normal(0.0, 0.04 * size * variation, (groups, 2))
    stretch = np.exp(rng.normal(0.0, 0.05 * variation, (groups, 2)))
    if symbols and groups > len(symbols):  # strokes without a symbol stay
        shift[-1], stretch[-1] = 0.0, 1.0
    owner = np.repeat(owners, counts)
    total = np.maximum(np.bincount(owner, minlength=groups), 1)
    centre = np.stack([np.bincount(owner, writing.points[:, axis], groups) / total for axis in (0, 1)], axis=1)
    moved = (writing.points - centre[owner]) * stretch[owner] + (centre + shift)[owner]
    bent = moved @ _random_linear(rng, variation).T
    wander = rng.normal(0.0, 0.06 * size * variation)
    waves, phase = rng.uniform(0.1, 0.4) / size, rng.uniform(0.0, 2 * np.pi)
    bent[:, 1] += wander * np.sin(bent[:, 0] * waves + phase)
    return Writing(bent, counts)


def _random_linear(rng: np.random.Generator, variation: float) -> npt.NDArray[np.float64]:
    """Proportions, slant and rotation as a matrix [2, 2]."""
    aspect = math.exp(rng.normal(0.0, 0.1 * variation))
    slant = rng.normal(0.0, 0.12 * variation)
    turn = math.radians(rng.normal(0.0, 1.5 * variation))
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    linear: npt.NDArray[np.float64] = rotation @ np.array([[aspect, -slant], [0.0, 1.0]])
    return linear


def _baseline(boxes: Sequence[tuple[str, Box]], bottom: float) -> float:
    """Where the largest half of the symbols without descenders stand; the bottom of the ink if there are none."""
    standing = sorted((box for label, box in boxes if label in _ON_BASELINE), key=lambda box: -box.height)
    if not standing:
        return bottom
    return float(np.median([box.y1 for box in standing[: (len(standing) + 1) // 2]]))
