"""What stands on pages beside formulas and prose: plots, diagrams, tables, scribbles. None of it is a formula."""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import numpy.typing as npt

from synth.prose import Face, pseudo_word
from synth.sheet import Pixels

SHIFT = 4  # cv2 draws at 1/16 px


def figure(rng: np.random.Generator, width: int, height: int, face: Face) -> Pixels:
    """A plot, a diagram or a geometric sketch, as an ink mask uint8[height, width]."""
    makers = (partial(_plot, face=face), _bars, partial(_diagram, face=face), sketch, _photo)
    return makers[int(rng.integers(len(makers)))](rng, width, height)


def table(rng: np.random.Generator, width: int, face: Face) -> Pixels:
    """A table of words and numbers, as an ink mask uint8[h, width]."""
    rows, columns = int(rng.integers(3, 9)), int(rng.integers(2, 6))
    row_height, column_width = round(face.size * 1.7), width // columns
    height = rows * row_height + 2
    mask = np.zeros((height, width), np.uint8)
    style = int(rng.integers(3))
    for r in range(rows + 1):
        if style == 0 or r in (0, 1, rows):
            cv2.line(mask, (0, r * row_height), (width, r * row_height), 255, 1)
    if style == 0:
        for c in range(columns + 1):
            cv2.line(mask, (min(c * column_width, width - 1), 0), (min(c * column_width, width - 1), height), 255, 1)
    for r in range(rows):
        words = [(c * column_width + 4.0, _cell(rng, r, c)) for c in range(columns)]
        words = [(x, w) for x, w in words if face.width(w) < column_width - 8]
        if words:
            strip = face.paint(words)
            y = (r + 1) * row_height - round(row_height * 0.3) - strip.baseline
            _merge(mask, strip.alpha, -strip.origin_x, y)
    return mask


def scribble(rng: np.random.Generator, width: int, height: int, pen_px: float) -> Pixels:
    """A crossed-out patch: zigzags or a few strokes through nothing."""
    count = int(rng.integers(5, 24))
    x = np.linspace(3, width - 4, count) + rng.normal(0, width / count / 3, count)
    y = np.where(np.arange(count) % 2, 0.15, 0.85) * height + rng.normal(0, height * 0.08, count)
    return _strokes(width, height, [smooth(np.stack([x, y], axis=1))], pen_px)


def arrow(rng: np.random.Generator, width: int, height: int, pen_px: float) -> Pixels:
    """An arrow by hand from left to right."""
    y0, y1 = rng.uniform(0.3, 0.7, 2) * height
    shaft = smooth(np.array([[3, y0], [width / 2, (y0 + y1) / 2 + rng.normal(0, height * 0.08)], [width - 4, y1]]))
    head = height * 0.25
    barbs = np.array([[width - 4 - head, y1 - head], [width - 4, y1], [width - 4 - head, y1 + head]])
    return _strokes(width, height, [shaft, barbs], pen_px)


def frame(rng: np.random.Generator, width: int, height: int, pen_px: float) -> Pixels:
    """A box by hand around a result, as one shaky stroke."""
    wobble = partial(rng.normal, 0, min(width, height) * 0.02)
    inset = pen_px + 2
    x0, y0, x1, y1 = inset, inset, width - inset, height - inset
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]) + np.clip(wobble((5, 2)), -2, 2)
    return _strokes(width, height, [corners], pen_px)


def brace(rng: np.random.Generator, width: int, height: int, pen_px: float) -> Pixels:
    """A curly brace by hand, its point to the right."""
    x = np.array([0.15, 0.45, 0.5, 0.5, 0.9, 0.5, 0.5, 0.45, 0.15]) * (width - 2 * pen_px) + pen_px
    y = np.array([0.0, 0.04, 0.12, 0.42, 0.5, 0.58, 0.88, 0.96, 1.0]) * (height - 2 * pen_px - 2) + pen_px + 1
    return _strokes(width, height, [smooth(np.stack([x + rng.normal(0, 0.03 * width, 9), y], axis=1))], pen_px)


def divider(rng: np.random.Generator, width: int, height: int, pen_px: float) -> Pixels:
    """A line by hand from top to bottom."""
    x = np.clip(width / 2 + rng.normal(0, 0.06 * width, 3), pen_px, width - pen_px)
    y = np.array([pen_px, height / 2, height - pen_px - 1])
    return _strokes(width, height, [smooth(np.stack([x, y], axis=1))], pen_px)


def stroke_out(rng: np.random.Generator, alpha: Pixels, pen_px: float) -> Pixels:
    """Writing crossed out: by a zigzag, by one line or two, or by a cross. The size stays."""
    height, width = alpha.shape
    kind = int(rng.integers(3))
    if kind == 0:
        return np.maximum(alpha, scribble(rng, width, height, pen_px))
    ends = np.array([[0.02, 0.5], [0.98, 0.5]] if kind == 1 else [[0.1, 0.1], [0.9, 0.9]])
    first = (ends + rng.uniform(-0.1, 0.1, (2, 2))) * [width - 1, height - 1]
    second = first * [1, 1.2] if kind == 1 else [width - 1, 0] - first * [1, -1]
    lines = _strokes(width, height, [first, second], pen_px)
    return np.maximum(alpha, lines)


def smooth(points: npt.NDArray[np.float64], steps: int = 8) -> npt.NDArray[np.float64]:
    """A Catmull-Rom curve through float64[n, 2] points, `steps` samples a span."""
    padded = np.concatenate([points[:1], points, points[-1:]])
    p0, p1, p2, p3 = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    curve = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2 + (3 * p1 - p0 - 3 * p2 + p3) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def _strokes(width: int, height: int, lines: list[npt.NDArray[np.float64]], pen_px: float) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    curves = [np.round(line * (1 << SHIFT)).astype(np.int32) for line in lines]
    cv2.polylines(mask, curves, False, 255, max(1, round(pen_px)), cv2.LINE_AA, SHIFT)
    return mask


def _cell(rng: np.random.Generator, row: int, column: int) -> str:
    if row == 0 or column == 0:
        return pseudo_word(rng).capitalize()
    return f"{rng.uniform(0, 100):.{int(rng.integers(0, 3))}f}"


def _merge(mask: Pixels, alpha: Pixels, x: int, y: int) -> None:
    x0, y0 = max(x, 0), max(y, 0)
    x1, y1 = min(x + alpha.shape[1], mask.shape[1]), min(y + alpha.shape[0], mask.shape[0])
    if x0 < x1 and y0 < y1:
        target = mask[y0:y1, x0:x1]
        np.maximum(target, alpha[y0 - y : y1 - y, x0 - x : x1 - x], out=target)


def plot_layers(rng: np.random.Generator, width: int, height: int, face: Face) -> tuple[Pixels, list[Pixels]]:
    """Axes with their numbers, and one to three curves, each a mask uint8[height, width] of its own."""
    axes = np.zeros((height, width), np.uint8)
    left, bottom = round(width * 0.12), round(height * 0.85)
    cv2.line(axes, (left, 4), (left, bottom), 255, 1)
    cv2.line(axes, (left, bottom), (width - 4, bottom), 255, 1)
    small = Face(face.path, max(8, round(face.size * 0.7)))
    for k in range(5):
        strip = small.paint([(0.0, str(k * 10))])
        x = left + k * (width - left) // 5 - strip.origin_x
        _merge(axes, strip.alpha, x, bottom + small.size + 3 - strip.baseline)
    return axes, [_curve(rng, width, height, left, bottom) for _ in range(int(rng.integers(1, 4)))]


def _curve(rng: np.random.Generator, width: int, height: int, left: int, bottom: int) -> Pixels:
    x = np.linspace(left, width - 6, 60)
    y = np.convolve(np.cumsum(rng.normal(0, 1, 60)), np.ones(5) / 5, mode="same")
    y = (y - y.min()) / (np.ptp(y) + 1e-6) * (bottom - 20) * rng.uniform(0.5, 0.95) + 8
    return _strokes(width, height, [np.stack([x, y], axis=1)], float(1 + rng.integers(2)))


def _plot(rng: np.random.Generator, width: int, height: int, face: Face) -> Pixels:
    axes, curves = plot_layers(rng, width, height, face)
    plot: Pixels = np.maximum.reduce([axes, *curves])
    return plot


def _bars(rng: np.random.Generator, width: int, height: int) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    count = int(rng.integers(3, 10))
    for k, value in enumerate(rng.uniform(0.1, 0.95, count)):
        x0, x1 = round((k + 0.2) * width / count), round((k + 0.8) * width / count)
        cv2.rectangle(mask, (x0, round(height * (1 - value))), (x1, height - 1), int(rng.integers(90, 256)), -1)
    cv2.line(mask, (0, height - 1), (width, height - 1), 255, 1)
    return mask


def _diagram(rng: np.random.Generator, width: int, height: int, face: Face) -> Pixels:
    mask = np.zeros((height, width), np.uint8)
    count = int(rng.integers(2, 5))
    for k in range(count):
        x0, x1 = round((k + 0.1) * width / count), round((k + 0.75) * width / count)
        y0 = round(height * rng.uniform(0.1, 0.5))
        y1 = y0 + round(height * 0.35)
        cv2.rectangle(mask, (x0, y0), (x1, y1), 255, 1)
        word = pseudo_word(rng)
        if face.width(word) < x1 - x0 - 6:
            strip = face.paint([(0.0, word)])
            _merge(mask, strip.alpha, x0 + 3 - strip.origin_x, (y0 + y1) // 2 + face.size // 3 - strip.baseline)
        if k < count - 1:
            end = round((k + 1.1) * width / count)
            cv2.arrowedLine(mask, (x1, (y0 + y1) // 2), (end, (y0 + y1) // 2), 255, 1, cv2.LINE_AA, tipLength=0.3)
    return mask


def sketch(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """A triangle, a circle with its radius, or axes with a parabola: what geometry answers show."""
    mask = np.zeros((height, width), np.uint8)
    kind = int(rng.integers(3))
    if kind == 0:
        corners = np.round(rng.uniform(0.08, 0.92, (3, 2)) * [width, height]).astype(np.int32)
        cv2.polylines(mask, [corners], True, 255, 2, cv2.LINE_AA)
    elif kind == 1:
        centre, radius = (width // 2, height // 2), round(min(width, height) * 0.42)
        cv2.circle(mask, centre, radius, 255, 2, cv2.LINE_AA)
        cv2.line(mask, centre, (centre[0] + radius, centre[1]), 255, 1, cv2.LINE_AA)
    else:
        cv2.arrowedLine(mask, (4, height * 3 // 4), (width - 4, height * 3 // 4), 255, 1, cv2.LINE_AA, tipLength=0.04)
        cv2.arrowedLine(mask, (width // 2, height - 4), (width // 2, 4), 255, 1, cv2.LINE_AA, tipLength=0.04)
        x = np.linspace(0.1, 0.9, 40)
        y = 0.85 - (rng.uniform(1.5, 4) * (x - 0.5) ** 2)
        curve = np.round(np.stack([x * width, np.clip(y, 0.02, 0.98) * height], axis=1)).astype(np.int32)
        cv2.polylines(mask, [curve], False, 255, 2, cv2.LINE_AA)
    return mask


def _photo(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """A grey picture: smooth noise."""
    small = rng.integers(30, 220, (int(rng.integers(3, 9)), int(rng.integers(3, 9)))).astype(np.uint8)
    picture: Pixels = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return picture
