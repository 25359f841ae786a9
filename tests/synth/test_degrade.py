"""Boxes move with the pixels."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.degrade import Capture, degrade, warped
from synth.sheet import Sheet, Source, blank_sheet
from synth.warp import Warp


def slanted_warp() -> Warp:
    source = np.array([[0, 0], [400, 0], [400, 300], [0, 300]], np.float32)
    target = np.array([[30, 20], [370, 45], [390, 280], [12, 265]], np.float32)
    return Warp(cv2.getPerspectiveTransform(source, target), 6.0, 300.0, 0.7)


def sheet_with_shapes() -> Sheet:
    """Three formulas whose ink does not fill its box: a slash, a ring, a wedge."""
    sheet = blank_sheet(400, 300)
    for k, (x, y) in enumerate([(40, 30), (210, 120), (60, 200)]):
        alpha = np.zeros((60, 120), np.uint8)
        if k == 0:
            cv2.line(alpha, (4, 55), (115, 4), 255, 3)
        elif k == 1:
            cv2.circle(alpha, (60, 30), 25, 255, 3)
        else:
            cv2.fillPoly(alpha, [np.array([[2, 2], [117, 30], [2, 57]])], 255)
        sheet.formula(alpha, x, y, kind=RegionKind.ISOLATED, latex=str(k), source=Source.TYPESET)
    return sheet


def ink_box(pixels: np.ndarray, near: Box) -> Box:
    """Box around what is dark in and around `near`."""
    x0, y0, x1, y1 = near.padded(8).clipped(pixels.shape[1], pixels.shape[0]).pixels()
    dark = pixels[y0:y1, x0:x1].max(axis=2) < 170
    x, y, w, h = cv2.boundingRect(dark.astype(np.uint8))
    return Box(x0 + x, y0 + y, x0 + x + w, y0 + y + h)


def test_points_go_there_and_back() -> None:
    points = np.random.default_rng(0).uniform([0, 0], [400, 300], (50, 2)).astype(np.float32)
    warp = slanted_warp()
    assert np.abs(warp.inverse(warp.points(points)) - points).max() < 1e-2


def test_boxes_hug_the_ink_before_and_after_a_warp() -> None:
    sheet = sheet_with_shapes()
    for mark in sheet.marks:
        assert np.abs(np.subtract(mark.box.xyxy, ink_box(sheet.pixels, mark.box).xyxy)).max() <= 1
    warp = slanted_warp()
    picture = warp.picture(sheet.pixels, 400, 300, border=(255,) * 3)
    for mark in warped(sheet, warp):
        assert np.abs(np.subtract(mark.box.xyxy, ink_box(picture, mark.box).xyxy)).max() <= 2


def test_a_slash_that_turns_gets_a_smaller_box_than_its_turned_corners() -> None:
    sheet = sheet_with_shapes()
    warp = Warp(np.array([[0.9, -0.43, 100], [0.43, 0.9, 0], [0, 0, 1]]))
    box = sheet.marks[0].box
    corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]], np.float32)
    loose = np.ptp(warp.points(corners), axis=0)
    tight = warped(sheet, warp)[0].box
    assert tight.height < 0.5 * loose[1]


def test_content_is_brought_back_into_the_picture() -> None:
    warp = Warp(np.array([[1.4, 0.1, -60], [0.05, 1.3, 40], [1e-4, 0, 1]])).keeping(
        Box(10, 10, 390, 290), 400, 300, margin=3
    )
    edge = warp.points(np.array([[10, 10], [390, 10], [390, 290], [10, 290]], np.float32))
    assert edge.min() >= 2.9 and edge[:, 0].max() <= 397.1 and edge[:, 1].max() <= 297.1


def test_a_warp_that_keeps_the_content_is_left_alone() -> None:
    warp = Warp(np.eye(3)).keeping(Box(10, 10, 390, 290), 400, 300, margin=3)
    assert np.allclose(warp.homography, np.eye(3))


@pytest.mark.parametrize("capture", list(Capture))
def test_captures_keep_the_truth_in_the_picture_and_on_the_ink(capture: Capture) -> None:
    for seed in range(8):
        picture = degrade(np.random.default_rng(seed), sheet_with_shapes(), capture, 500)
        height, width = picture.pixels.shape[:2]
        assert max(height, width) == 500
        assert len(picture.marks) == 3 and 1 <= picture.jpeg_quality <= 100
        grey = picture.pixels.mean(axis=2)
        for mark in picture.marks:
            assert mark.box.x0 >= 2.5 and mark.box.y0 >= 2.5
            assert mark.box.x1 <= width - 2.5 and mark.box.y1 <= height - 2.5
            x0, y0, x1, y1 = mark.box.pixels()
            inside = grey[y0:y1, x0:x1]
            assert inside.min() < inside.max() - 25, (capture, seed)


def test_same_generator_same_picture() -> None:
    pictures = [degrade(np.random.default_rng(9), sheet_with_shapes(), Capture.PHOTO, 500) for _ in range(2)]
    assert np.array_equal(pictures[0].pixels, pictures[1].pixels)


def test_a_fax_keeps_pale_ink() -> None:
    """A pencil's grey is lighter than any fixed threshold for black ink."""
    for seed in range(6):
        sheet = blank_sheet(400, 300)
        alpha = np.zeros((60, 200), np.uint8)
        cv2.putText(alpha, "x = 5", (5, 45), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 150, 3)
        sheet.formula(alpha, 60, 60, kind=RegionKind.ISOLATED, latex="x", source=Source.INK, colour=(120, 120, 125))
        picture = degrade(np.random.default_rng(seed), sheet, Capture.FAX, 400)
        x0, y0, x1, y1 = picture.marks[0].box.pixels()
        black = (picture.pixels[y0:y1, x0:x1] == 0).mean()
        assert 0.08 < black < 0.5, seed


def test_an_old_book_is_grey_and_faded() -> None:
    for seed in range(4):
        picture = degrade(np.random.default_rng(seed), sheet_with_shapes(), Capture.BOOK, 500)
        red, green, blue = (picture.pixels[..., k].astype(int) for k in range(3))
        assert np.abs(red - green).max() <= 1 and np.abs(red - blue).max() <= 1
        inside = picture.pixels[40:-40, 40:-40]
        assert inside.max() < 255 and np.percentile(inside, 0.5) > 10
