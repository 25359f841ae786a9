"""Truth boxes hold their ink to within two pixels and keep clear of each other, however the page was captured."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.compose import CAPTURES, compose
from synth.config import PageKind
from synth.degrade import Capture, View, crowded, degrade, view_of, warped
from synth.sheet import Colour, Mark, Pixels, Sheet, Source, blank_sheet
from synth.stock import Stock
from synth.warp import Warp

TOLERANCE_PX = 2.0
# What is fainter is no ink that anyone sees; resampling makes thin strokes fainter than they were on the sheet.
VISIBLE = 24
LONG_SIDE = 800

Item = tuple[Pixels, int, int]


@pytest.fixture
def items(monkeypatch: pytest.MonkeyPatch) -> list[Item]:
    """The mask and place of every formula that is laid on a sheet from now on, in the order of the marks."""
    laid: list[Item] = []
    original = Sheet.formula

    def recording(
        self: Sheet, alpha: Pixels, x: int, y: int, *, kind: RegionKind, latex: str, source: Source, colour: Colour
    ) -> None:
        before = len(self.marks)
        original(self, alpha, x, y, kind=kind, latex=latex, source=source, colour=colour)
        if len(self.marks) > before:
            laid.append((alpha.copy(), x, y))

    monkeypatch.setattr(Sheet, "formula", recording)
    return laid


def seen_ink(item: Item, sheet: Sheet, view: View) -> Box:
    """Where one formula's ink lies in the picture when nothing else is on the page."""
    alone = blank_sheet(sheet.width, sheet.height)
    alone.ink(*item, colour=(0, 0, 0))
    picture = view.warp.picture(alone.pixels, view.width, view.height, border=(255,) * 3)
    x, y, width, height = cv2.boundingRect((picture[..., 0] <= 255 - VISIBLE).astype(np.uint8))
    return Box(x, y, x + width, y + height)


def overlapping(marks: tuple[Mark, ...]) -> list[tuple[Box, Box]]:
    """Pairs of boxes that overlap by more than a pixel both ways."""
    boxes = [mark.box for mark in marks]
    pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k]]
    return [
        (a, b)
        for a, b in pairs
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1.01 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.01
    ]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("kind", "capture"), [(kind, capture) for kind in PageKind for capture, odds in CAPTURES[kind].items() if odds]
)
def test_boxes_hold_their_ink(kind: PageKind, capture: Capture, seed: int, stock: Stock, items: list[Item]) -> None:
    rng = np.random.default_rng([seed, 5])
    sheet = compose(rng, stock, kind, LONG_SIDE)
    view = view_of(rng, sheet, capture, LONG_SIDE)
    marks = warped(sheet, view.warp)
    assert len(marks) == len(items)
    assert overlapping(marks) == []
    # A dozen formulas of a page tell enough.
    for k in range(0, len(marks), max(1, len(marks) // 12)):
        ink = seen_ink(items[k], sheet, view)
        assert np.abs(np.subtract(marks[k].box.xyxy, ink.xyxy)).max() <= TOLERANCE_PX, (k, marks[k].latex)


@pytest.mark.parametrize("real", [True, False], ids=["inks", "no inks"])
def test_boxes_keep_clear_of_each_other(real: bool, stock: Stock, plain_stock: Stock) -> None:
    for kind in PageKind:
        for seed in range(2):
            rng = np.random.default_rng([seed, 6])
            sheet = compose(rng, stock if real else plain_stock, kind, LONG_SIDE)
            assert overlapping(tuple(sheet.marks)) == []
            for capture in Capture:
                view = view_of(rng, sheet, capture, LONG_SIDE)
                assert overlapping(warped(sheet, view.warp)) == [], (kind, seed, capture)


def solid_page(shift: int = 0) -> Sheet:
    """Black shapes whose extremes lie on a slant: rings, slashes and bands in rows, `shift` pixels further left."""
    sheet = blank_sheet(600, 800)
    for k in range(15):
        alpha = np.zeros((70, 150), np.uint8)
        if k % 3 == 0:
            cv2.ellipse(alpha, (75, 35), (70, 30), 0, 0, 360, 255, 7)
        elif k % 3 == 1:
            cv2.line(alpha, (16, 54), (134, 15), 255, 24)
        else:
            cv2.fillPoly(alpha, [np.array([[4, 4], [50, 4], [145, 35], [145, 65], [100, 65], [4, 34]])], 255)
        x, y = 30 - shift + 195 * (k % 3), 40 + 150 * (k // 3)
        sheet.formula(alpha, x, y, kind=RegionKind.ISOLATED, latex=str(k), source=Source.TYPESET, colour=(0, 0, 0))
    return sheet


@pytest.mark.parametrize(
    ("capture", "shift"),
    # At the edge of a screen's picture everything is made a little smaller, for nothing stands closer than 3 px to it.
    [*((capture, 0) for capture in Capture), (Capture.SCREEN, 31)],
)
def test_boxes_hold_solid_ink_in_the_finished_picture(capture: Capture, shift: int) -> None:
    """With blur, noise, shadows and the other side showing: two fifths of the contrast are taken for the edge."""
    for seed in range(3):
        picture = degrade(np.random.default_rng([seed, 7]), solid_page(shift), capture, 800)
        grey = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
        for mark in picture.marks:
            x0, y0, x1, y1 = mark.box.padded(7).clipped(grey.shape[1], grey.shape[0]).pixels()
            part = cv2.GaussianBlur(grey[y0:y1, x0:x1], (0, 0), 1.0)
            dark, light = np.percentile(part, 2), np.percentile(part, 95)
            edge = dark + 0.4 * (light - dark)
            x, y, width, height = cv2.boundingRect((part < edge).astype(np.uint8))
            ink = Box(x0 + x, y0 + y, x0 + x + width, y0 + y + height)
            assert np.abs(np.subtract(mark.box.xyxy, ink.xyxy)).max() <= TOLERANCE_PX, (seed, mark.latex)


def test_crowded_pages_are_told_from_others() -> None:
    def mark(x: float, y: float) -> Mark:
        corners = np.array([[x, y], [x + 50, y + 20]], np.float32)
        return Mark(corners, RegionKind.ISOLATED, "x", Source.INK)

    assert not crowded([])
    assert not crowded([mark(0, 0), mark(0, 20), mark(49.5, 5)])
    assert crowded([mark(0, 0), mark(0, 18)])


def test_close_lines_are_tilted_less() -> None:
    """Two long lines a pixel apart would overlap as soon as they turn."""
    for seed in range(20):
        sheet = blank_sheet(600, 800)
        for y in (300, 331, 362):
            alpha = np.full((30, 500), 255, np.uint8)
            sheet.formula(alpha, 50, y, kind=RegionKind.ISOLATED, latex="x", source=Source.INK, colour=(0, 0, 0))
        view = view_of(np.random.default_rng(seed), sheet, Capture.PHOTO, 800)
        assert overlapping(warped(sheet, view.warp)) == []


def test_a_blend_of_warps_goes_from_one_to_the_other() -> None:
    tilted = Warp(np.array([[0.9, -0.2, 30], [0.2, 0.9, 5], [1e-4, 0, 1]]), 5.0, 200.0, 0.3)
    flat = Warp(np.diag([0.5, 0.5, 1.0]))
    points = np.random.default_rng(0).uniform(0, 400, (20, 2)).astype(np.float32)
    assert np.allclose(tilted.towards(flat, 0.0).points(points), tilted.points(points))
    assert np.allclose(tilted.towards(flat, 1.0).points(points), flat.points(points), atol=1e-3)
