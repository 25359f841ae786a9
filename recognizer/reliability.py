"""Whether confidence means something: among readings of 80 %, four in five should be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpage.files import atomic_path

BINS = 15
"""As many, and as wide as each other, as in Guo et al. (2017), On Calibration of Modern Neural Networks."""
PRINT, BAR, GAP = "#2b2f36", "#4a7fb5", "#d9663a"


@dataclass(frozen=True, slots=True)
class Bin:
    """Readings of like confidence: their number, their mean confidence, and the share that is exactly right."""

    count: int
    confidence: float
    accuracy: float


def reliability(confidences: Sequence[float], right: Sequence[bool], *, bins: int = BINS) -> list[Bin]:
    """Readings sorted into `bins` equal intervals of confidence, each (a, b] and the first [0, b].

    Args:
        confidences: of each reading, in [0, 1].
        right: whether each is exactly right.
        bins: number of intervals.

    Returns:
        The bins from low to high; an empty one has confidence and accuracy 0.

    Raises:
        ValueError: the sequences differ in length, or a confidence is no probability.
    """
    values, truth = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    if values.shape != truth.shape:
        raise ValueError(f"{len(values)} confidences for {len(truth)} readings")
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError("confidences must lie in [0, 1]")
    place = np.clip(np.ceil(values * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for k in range(bins):
        inside = place == k
        count = int(inside.sum())
        means = (float(values[inside].mean()), float(truth[inside].mean())) if count else (0.0, 0.0)
        found.append(Bin(count, *means))
    return found


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """Mean distance of confidence and accuracy over the bins, each weighed by its readings; 0 where there are none."""
    total = sum(b.count for b in bins)
    return sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total if total else 0.0


def draw(bins: Sequence[Bin], path: Path) -> None:
    """Draw accuracy over confidence, and how many readings each bin holds, into a PNG. Raises `OutputError`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    width = 1.0 / len(bins)
    centres = (np.arange(len(bins)) + 0.5) * width
    total = sum(b.count for b in bins)
    figure = Figure(figsize=(5.0, 6.0), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    held = [(centre, b) for centre, b in zip(centres, bins, strict=True) if b.count]
    upper.plot([0, 1], [0, 1], color=PRINT, linewidth=1, linestyle=(0, (4, 3)), zorder=3, label="as sure as right")
    upper.bar(
        [centre for centre, _ in held],
        [b.accuracy for _, b in held],
        width=0.92 * width,
        color=BAR,
        label="share that is exactly right",
    )
    upper.plot(
        [b.confidence for _, b in held],
        [b.accuracy for _, b in held],
        color=GAP,
        marker="o",
        markersize=5,
        linestyle="none",
        zorder=4,
        label="at their mean confidence",
    )
    upper.set(ylabel="exactly right", ylim=(0, 1.02), xlim=(0, 1))
    upper.set_title(f"{total:,} formulas, expected calibration error {expected_calibration_error(bins):.1%}", size=11)
    upper.legend(loc="upper left", frameon=False, fontsize=9)
    lower.bar(centres, [b.count / max(1, total) for b in bins], width=0.92 * width, color=BAR)
    lower.set(xlabel="confidence", ylabel="readings")
    for axes in (upper, lower):
        axes.grid(axis="y", color="#e3e5e8", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    lower.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    with atomic_path(path) as temporary:
        FigureCanvasAgg(figure).print_png(str(temporary))
