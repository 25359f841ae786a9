"""From a clean sheet to what a scanner, a phone or a fax makes of it. The truth moves with the pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box
from synth.sheet import Mark, Pixels, Points, Sheet, Written
from synth.warp import Matrix, Warp

Field = npt.NDArray[np.float32]


class Capture(Enum):
    """How the page came into the computer. `BOOK` is the scan of an old one: grey, faded, the other side showing."""

    SCREEN = "screen"
    SCAN = "scan"
    BOOK = "book"
    FAX = "fax"
    PHOTO = "photo"


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished page.

    Attributes:
        pixels: uint8[h, w, 3], RGB.
        marks: its formulas.
        lines: its lines, in the order in which they are read.
        drawings: rims of its figures and tables.
        jpeg_quality: what JPEG is to keep, 1-100.
        corners: float32[4, 2], where the corners of the paper stand, from the top left one clockwise. They may
            lie outside the picture.
    """

    pixels: Pixels
    marks: tuple[Mark, ...]
    lines: tuple[Written, ...]
    drawings: tuple[Points, ...]
    jpeg_quality: int
    corners: Points


@dataclass(frozen=True, slots=True)
class View:
    """How a sheet is seen: by `warp`, in a picture of `width` x `height` pixels."""

    warp: Warp
    width: int
    height: int


# Shares of a tilt to try, from all of it to none.
TILTS = (1.0, 0.6, 0.3, 0.0)
OVERLAP_PX = 1.0
# A column of a sheet so full is paper; the loops of a wire fill less of theirs.
PAPER_COLUMN = 0.75
# A picture's formulas stay this far from its edge.
EDGE_MARGIN_PX = 3.0
GRAIN_TILE = 384


def degrade(rng: np.random.Generator, sheet: Sheet, capture: Capture, long_side: int) -> Picture:
    """Capture `sheet` as a picture whose longer side is `long_side` pixels."""
    old = capture is Capture.BOOK
    if old or (rng.random() < 0.3 and capture is not Capture.SCREEN):
        sheet = replace(sheet, pixels=_bleed_through(rng, sheet.pixels, strength=1.6 if old else 1.0))
    view = view_of(rng, sheet, capture, long_side)
    if capture is Capture.PHOTO:
        pixels = _light(rng, _photograph(rng, sheet, view))
        pixels = _sensor(rng, pixels, blur_px=float(rng.gamma(2.0, 0.35)), noise=float(rng.gamma(1.5, 1.6)))
    else:
        pixels = _scan(rng, sheet, view, tilted=capture is not Capture.SCREEN)
    if capture in (Capture.SCAN, Capture.BOOK):
        tone = cv2.convertScaleAbs(pixels, alpha=float(rng.uniform(0.85, 1.05)), beta=float(rng.uniform(0, 8)))
        tone = _worn(rng, pixels) if old else tone
        pixels = _sensor(rng, tone, blur_px=float(rng.gamma(1.5, 0.35)), noise=float(rng.gamma(1.5, 2.0)))
    elif capture is Capture.FAX:
        pixels = _fax(rng, pixels)
    if old or (capture is not Capture.SCREEN and rng.random() < 0.3):
        pixels = cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    quality = int(rng.integers(80, 97)) if capture in (Capture.SCREEN, Capture.FAX) else int(rng.integers(38, 96))
    lines = tuple(replace(line, rim=view.warp.points(line.rim)) for line in sheet.lines)
    drawings = tuple(view.warp.points(rim) for rim in sheet.drawings)
    return Picture(pixels, warped(sheet, view.warp), lines, drawings, quality, view.warp.points(paper_corners(sheet)))


def paper_corners(sheet: Sheet) -> Points:
    """Corners of the sheet's paper, float32[4, 2] in its pixels; a notebook's wire beyond the paper is none of it."""
    paper = np.flatnonzero((sheet.cover >= 128).mean(axis=0) > PAPER_COLUMN)
    left, right = (int(paper[0]), int(paper[-1]) + 1) if paper.size else (0, sheet.width)
    return np.array([[left, 0], [right, 0], [right, sheet.height], [left, sheet.height]], np.float32)


def warped(sheet: Sheet, warp: Warp) -> tuple[Mark, ...]:
    """The sheet's marks where `warp` puts them."""
    return tuple(replace(mark, rim=warp.points(mark.rim)) for mark in sheet.marks)


def _content(sheet: Sheet) -> Box:
    return Box.around(sheet.taken) if sheet.taken else Box(0, 0, sheet.width, sheet.height)


def view_of(rng: np.random.Generator, sheet: Sheet, capture: Capture, long_side: int) -> View:
    """A random way for `capture` to see `sheet`, in a picture whose longer side is `long_side` pixels."""
    ratio = sheet.width / sheet.height
    if capture is Capture.PHOTO:
        ratio = float(rng.choice([0.75, 0.75, 0.5625, 0.667, ratio]))
    width, height = (round(long_side * ratio), long_side) if ratio <= 1 else (long_side, round(long_side / ratio))
    upright = _upright(sheet, width, height)
    if capture is Capture.PHOTO:
        warp = _photo_warp(rng, sheet, width, height)
    else:
        scale = long_side / max(sheet.width, sheet.height)
        bend = {Capture.SCAN: 0.002, Capture.BOOK: 0.005}.get(capture, 0.0)
        warp = _scan_warp(rng, sheet, scale, width, height, bend=bend) if capture is not Capture.SCREEN else upright
    # Lines set close would get boxes that overlap if the page were tilted as much as that.
    for share in TILTS:
        tilted = warp.towards(upright, 1.0 - share).keeping(_content(sheet), width, height, margin=EDGE_MARGIN_PX)
        if not crowded(warped(sheet, tilted)):
            break
    return View(tilted, width, height)


def crowded(marks: Sequence[Mark]) -> bool:
    """Whether boxes of formulas overlap by more than a pixel's rounding."""
    edges = np.array([mark.box.xyxy for mark in marks]).reshape(-1, 4)
    low = np.maximum(edges[:, None, :2], edges[None, :, :2])
    high = np.minimum(edges[:, None, 2:], edges[None, :, 2:])
    deep = (high - low).min(axis=2) > OVERLAP_PX
    return bool((deep & ~np.eye(len(edges), dtype=bool)).any())


def _upright(sheet: Sheet, width: int, height: int) -> Warp:
    """The sheet as it is, as large as it fits and in the middle."""
    scale = min(width / sheet.width, height / sheet.height)
    dx, dy = (width - scale * sheet.width) / 2, (height - scale * sheet.height) / 2
    return Warp(np.array([[scale, 0, dx], [0, scale, dy], [0, 0, 1]]))


def _scan_warp(rng: np.random.Generator, sheet: Sheet, scale: float, width: int, height: int, *, bend: float) -> Warp:
    """Scanners see paper a little askew; where it bends, rows swing by `bend` page heights."""
    angle = float(np.clip(rng.normal(0, 0.8), -3, 3))
    turn = _around(width / 2, height / 2, np.deg2rad(angle)) @ np.diag([scale, scale, 1.0])
    wave = float(rng.normal(0, bend)) * sheet.height if rng.random() < 0.4 else 0.0
    return Warp(turn, wave, sheet.width * float(rng.uniform(1.2, 2.5)), float(rng.uniform(0, 2 * np.pi)))


def _photo_warp(rng: np.random.Generator, sheet: Sheet, width: int, height: int) -> Warp:
    """A camera sees the page in perspective, turned, and bent as paper lies."""
    # Some take in half of the table, some cut the paper's edges off.
    fill = float(
        rng.choice([rng.uniform(0.62, 0.85), rng.uniform(0.85, 1.1), rng.uniform(1.0, 1.3)], p=(0.25, 0.5, 0.25))
    )
    scale = fill * min(width / sheet.width, height / sheet.height)
    corners = np.array([[0, 0], [sheet.width, 0], [sheet.width, sheet.height], [0, sheet.height]], np.float32)
    centre = np.array([width / 2, height / 2]) + rng.normal(0, 0.035, 2) * [width, height]
    target = (corners - [sheet.width / 2, sheet.height / 2]) * scale
    target += rng.normal(0, 0.018, (4, 2)) * [width, height] + centre
    angle = float(np.clip(rng.normal(0, 2.5), -9, 9))
    lens = _around(float(centre[0]), float(centre[1]), np.deg2rad(angle)) @ cv2.getPerspectiveTransform(
        corners, target.astype(np.float32)
    )
    wave = float(rng.normal(0, 0.004)) * sheet.height if rng.random() < 0.6 else 0.0
    return Warp(lens, wave, sheet.width * float(rng.uniform(0.8, 3.0)), float(rng.uniform(0, 2 * np.pi)))


def _scan(rng: np.random.Generator, sheet: Sheet, view: View, *, tilted: bool) -> Pixels:
    if (view.width, view.height) == (sheet.width, sheet.height) and view.warp.is_identity:
        return sheet.pixels
    outside = int(rng.choice([255, 245, 30])) if tilted else 255
    pixels, cover = _seen(sheet, view, border=(outside, outside, outside, 255))
    pixels[cover < 128] = outside
    return pixels


def _seen(sheet: Sheet, view: View, *, border: Sequence[int]) -> tuple[Pixels, Pixels]:
    """The sheet's pixels and its cover in the picture; `border` has their values outside the sheet."""
    seen = view.warp.picture(cv2.merge([sheet.pixels, sheet.cover]), view.width, view.height, border=border)
    return cv2.cvtColor(seen, cv2.COLOR_RGBA2RGB), cv2.extractChannel(seen, 3)


def _photograph(rng: np.random.Generator, sheet: Sheet, view: View) -> Pixels:
    width, height = view.width, view.height
    page, cover = _seen(sheet, view, border=(255, 255, 255, 0))
    desk = _desk(rng, (width + 1) // 2, (height + 1) // 2)
    shadow = cv2.GaussianBlur(cv2.resize(cover, desk.shape[1::-1]), (0, 0), 9)
    dark = cv2.addWeighted(shadow, -float(rng.uniform(0.1, 0.6)), shadow, 0.0, 255.0)
    desk = cv2.multiply(desk, cv2.merge([dark] * 3), scale=1 / 255.0)
    weight = cover.astype(np.float32) / np.float32(255)
    pixels: Pixels = cv2.blendLinear(page, cv2.resize(desk, (width, height)), weight, 1 - weight)
    return pixels


def _around(x: float, y: float, radians: float) -> Matrix:
    """Rotation about (x, y)."""
    cos, sin = np.cos(radians), np.sin(radians)
    return np.array([[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]])


def _desk(rng: np.random.Generator, width: int, height: int) -> Pixels:
    """What lies under the page: plain, wood, or a patterned cloth."""
    kind = int(rng.choice([0, 0, 0, 1, 1, 2, 3]))
    base = np.array(
        rng.choice([[18, 18, 20], [60, 60, 62], [150, 145, 140], [215, 212, 205], [120, 80, 45], [70, 45, 25]])
    )
    desk = np.empty((height, width, 3), np.float32)
    desk[:] = base * rng.uniform(0.8, 1.2)
    if kind == 1:
        grain = rng.normal(0, 1, (height // 2 + 1, 9)).astype(np.float32)
        desk += cv2.resize(cv2.GaussianBlur(grain, (1, 5), 0), (width, height))[..., None] * 14
    elif kind == 2:
        step = int(rng.integers(8, 40))
        cells = rng.normal(0, 30, (height // step + 1, width // step + 1, 1)) * rng.uniform(0.3, 1, 3)
        desk += cv2.resize(cells.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    elif kind == 3:
        desk += _smooth_field(rng, width, height, 4)[..., None] * 25
    return np.clip(desk, 0, 255).astype(np.uint8)


def _smooth_field(rng: np.random.Generator, width: int, height: int, cells: int) -> Field:
    """float32[height, width], slowly varying, about normal."""
    small = rng.normal(0, 1, (cells, cells)).astype(np.float32)
    field: Field = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return field


def _light(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Uneven light, the shadow of a hand or a phone, the lamp's colour."""
    height, width = pixels.shape[:2]
    gain = 1.0 + _smooth_field(rng, width, height, 3) * float(rng.uniform(0.02, 0.12))
    if rng.random() < 0.5:
        small = np.ones((height // 8 + 1, width // 8 + 1), np.float32)
        centre = rng.uniform(-0.1, 1.1, 2) * small.shape[::-1]
        angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
        radii = rng.uniform(0.15, 0.6, 7) * max(small.shape)
        corners = centre + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
        cv2.fillPoly(small, [np.round(corners).astype(np.int32)], float(rng.uniform(0.45, 0.88)))
        small = cv2.GaussianBlur(small, (0, 0), float(rng.uniform(1.5, 9)))
        gain *= cv2.resize(small, (width, height))
    lamp = rng.uniform(0.88, 1.0, 3) * rng.uniform(0.6, 1.02)
    gains = cv2.merge([gain * np.float32(value) for value in lamp])
    haze = float(rng.uniform(0, 22))
    lit: Pixels = cv2.add(cv2.multiply(pixels, gains, dtype=cv2.CV_8U), (haze, haze, haze, 0.0))
    return lit


def _sensor(rng: np.random.Generator, pixels: Pixels, *, blur_px: float, noise: float) -> Pixels:
    """Blur (standard deviation in pixels) and noise (standard deviation in grey levels)."""
    if blur_px > 0.3:
        pixels = cv2.GaussianBlur(pixels, (0, 0), min(blur_px, 1.8))
    if noise < 0.5:
        return pixels
    height, width = pixels.shape[:2]
    # A tile of grain repeated: nobody sees the period, and normal numbers are dear.
    tile = np.round(rng.normal(0, min(noise, 12.0), (GRAIN_TILE, GRAIN_TILE))).astype(np.int16)
    grain = np.tile(tile, (-(-height // GRAIN_TILE), -(-width // GRAIN_TILE)))[:height, :width]
    noisy: Pixels = cv2.add(pixels, cv2.merge([grain] * 3), dtype=cv2.CV_8U)
    return noisy


def _fax(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Black and white, with specks. The threshold lies between paper and ink, so that pale ink is not lost."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), (0, 0), float(rng.uniform(0.3, 0.8)))
    dark, light = np.percentile(grey[::3, ::3], [0.3, 60])
    threshold = light - max(float(rng.uniform(0.25, 0.5)) * (light - dark), 12.0)
    binary = np.where(grey < threshold, 0, 255).astype(np.uint8)
    specks = rng.integers(0, 2**16, binary.shape, np.uint16)
    binary[specks < rng.integers(0, 60)] = 0
    fax: Pixels = cv2.cvtColor(binary, cv2.COLOR_GRAY2RGB)
    return fax


def _worn(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """An old book: grey paper with spots and fibres, faded print, soft edges."""
    height, width = pixels.shape[:2]
    low = float(rng.uniform(20, 80))
    high = float(rng.uniform(185, 245))
    faded = cv2.convertScaleAbs(pixels, alpha=(high - low) / 255, beta=low)
    faded = cv2.GaussianBlur(faded, (0, 0), float(rng.uniform(0.4, 0.9)))
    spots = rng.normal(0, 1, (height // 3 + 1, width // 3 + 1)).astype(np.float32) * float(rng.uniform(2, 7))
    spots += _smooth_field(rng, width // 3 + 1, height // 3 + 1, 6) * float(rng.uniform(2, 10))
    paper = cv2.resize(spots, (width, height))
    worn: Pixels = cv2.add(faded, cv2.merge([paper] * 3), dtype=cv2.CV_8U)
    return worn


def _bleed_through(rng: np.random.Generator, pixels: Pixels, *, strength: float = 1.0) -> Pixels:
    """The back of the paper shows: here the page itself, mirrored, blurred and faint."""
    shift = int(rng.integers(-40, 40))
    back = np.roll(cv2.flip(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), 1), shift, axis=0)
    back = cv2.GaussianBlur(back, (0, 0), 1.5)
    paper = float(np.median(back[::16, ::16]))
    ink = cv2.addWeighted(back, -1.0, back, 0.0, paper)
    clear = cv2.addWeighted(ink, -strength * float(rng.uniform(0.04, 0.18)), ink, 0.0, 255.0)
    seen: Pixels = cv2.multiply(pixels, cv2.merge([clear] * 3), scale=1 / 255.0)
    return seen
