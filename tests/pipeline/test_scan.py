from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.engines import Engines
from pipeline.normalise import NormalPage
from pipeline.page_range import PageRange
from pipeline.scan import ScanOptions, scan
from scanpage.document import Alternative, Display, Paragraph, ScannedPage, Versions
from scanpage.errors import InputError, UsageError
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.region import Region, RegionKind

Maker = Callable[..., Path]
RED = (255, 0, 0)
"""Pages of this colour make the stand-in detector fail."""


def test_front_door_is_the_same_function() -> None:
    import scanpage

    assert scanpage.scan is scan


def test_page_becomes_prose_with_inline_formula_and_display(picture: Maker, engines: Engines) -> None:
    document = scan([picture("a.png")], engines=engines)
    (page,) = document.pages
    paragraph, display = page.blocks
    assert isinstance(paragraph, Paragraph) and isinstance(display, Display)
    assert paragraph.lines[0].text == "Let us see: $x ^ { 2 } + 1 = 0$"
    assert display.rows[0].formulas[0].score == 0.75
    assert page.page.width_px == 200
    assert document.versions == Versions("0.1.0", "stub-detector", "stub-recognizer", "stub-prose")
    assert document.failures == ()


def test_crops_are_the_pixels_of_the_regions(picture: Maker, engines: Engines) -> None:
    scan([picture("a.png")], engines=engines)
    assert [crop.shape for crop in engines.recognizer.crops] == [(34, 124, 3), (20, 44, 3)]


def test_without_prose_every_formula_is_a_display(picture: Maker, engines: Engines) -> None:
    document = scan([picture("a.png")], engines=replace(engines, prose=None))
    assert all(isinstance(block, Display) for block in document.pages[0].blocks)
    assert len(document.formulas) == 2


def test_drawings_are_cut_out_unless_formulas_alone_are_asked_for(tmp_path: Path, engines: Engines) -> None:
    page = np.full((600, 500, 3), 255, np.uint8)
    cv2.circle(page, (250, 350), 120, (0, 0, 0), 2)
    cv2.imwrite(str(tmp_path / "circle.png"), page)
    assert len(scan([tmp_path / "circle.png"], engines=engines).figures) == 1
    assert scan([tmp_path / "circle.png"], engines=replace(engines, prose=None)).figures == ()


def test_min_score_and_pages_reach_the_stages(pdf: Maker, engines: Engines) -> None:
    options = ScanOptions(pages=PageRange.parse("2-3"), min_score=0.25, dpi=72)
    document = scan([pdf(pages=4)], options=options, engines=engines)
    assert [page.page.number for page in document] == [2, 3]
    assert engines.detector.min_scores == [0.25, 0.25]


@pytest.mark.parametrize(
    ("latex", "score", "below", "check"),
    [
        ("x", 0.49, None, True),
        ("x", 0.5, None, False),
        ("x", 0.75, 0.8, True),
        ("x", 0.0, 0.0, False),
        (" ", 0.0, 0.5, False),  # not read at all: a failure
    ],
)
def test_readings_of_little_confidence_are_to_be_checked(
    latex: str, score: float, below: float | None, check: bool, picture: Maker, engines: Engines
) -> None:
    options = ScanOptions() if below is None else ScanOptions(check_below=below)
    engines = replace(engines, recognizer=type(engines.recognizer)(latex, score))  # type: ignore[call-arg]
    document = scan([picture("a.png")], options=options, engines=engines)
    assert [formula.check for formula in document.formulas] == [check] * 2
    assert len(document.to_check) == (2 if check else 0)


def test_other_readings_are_kept_where_they_are_asked_for(picture: Maker, engines: Engines) -> None:
    document = scan([picture("a.png")], options=ScanOptions(alternatives=2), engines=engines)
    expected = (Alternative("x _ 0", 0.375), Alternative("x _ 1", 0.25))
    assert [formula.alternatives for formula in document.formulas] == [expected] * 2
    assert scan([picture("a.png")], engines=engines).formulas[0].alternatives == ()


def test_bad_page_of_many_is_a_failure_among_results(picture: Maker, engines: Engines, tmp_path: Path) -> None:
    inputs = [picture("good.png"), picture("red.png", colour=RED), tmp_path / "empty.png"]
    inputs[2].write_bytes(b"")
    document = scan(inputs, engines=engines)
    assert [page.failure is None for page in document] == [True, False, False]
    red, empty = document.failures
    assert red == f"{inputs[1]} page 1 could not be processed: the graph broke"
    assert empty == f"{inputs[2]} is empty"


def test_an_error_of_our_own_is_traced_where_that_is_asked_for(
    picture: Maker, engines: Engines, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        scan([picture("good.png"), picture("red.png", colour=RED)], engines=engines)
    [record] = [record for record in caplog.records if record.name == "pipeline.scan"]
    assert "the graph broke" in record.message
    assert record.exc_info is not None


def test_errors_of_opencv_and_onnx_runtime_cost_their_page_only(
    pdf: Maker, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = pytest.importorskip("onnxruntime.capi.onnxruntime_pybind11_state")
    errors = [cv2.error("too large"), runtime.RuntimeException("no memory")]
    detect = engines.detector.detect

    def break_twice(image: np.ndarray, *, min_score: float | None = None) -> list[Region]:
        if errors:
            raise errors.pop(0)
        return detect(image, min_score=min_score)

    monkeypatch.setattr(engines.detector, "detect", break_twice)
    document = scan([pdf(pages=3)], options=ScanOptions(dpi=72), engines=engines)
    assert ["too large" in document.failures[0], "no memory" in document.failures[1]] == [True, True]
    assert [page.failure is None for page in document] == [False, False, True]


def test_nothing_readable_at_all_is_an_error(picture: Maker, engines: Engines) -> None:
    with pytest.raises(InputError, match="the graph broke"):
        scan([picture("red.png", colour=RED)], engines=engines)
    with pytest.raises(InputError, match="does not exist"):
        scan(["missing.pdf"], engines=engines)
    with pytest.raises(UsageError, match="no input"):
        scan([], engines=engines)


def test_each_finished_page_is_told_with_its_picture(pdf: Maker, engines: Engines) -> None:
    told: list[tuple[int, tuple[int, ...]]] = []

    def remember(page: ScannedPage, image: np.ndarray | None) -> None:
        assert image is not None
        told.append((page.page.number, image.shape))

    scan([pdf(pages=2)], options=ScanOptions(dpi=72), engines=engines, on_done=remember)
    assert told == [(1, (400, 300, 3)), (2, (400, 300, 3))]


@pytest.mark.parametrize(
    "bad",
    [
        {"dpi": 10},
        {"dpi": 5000},
        {"min_score": 1.5},
        {"threads": -1},
        {"check_below": -0.1},
        {"check_below": float("nan")},
        {"alternatives": -1},
        {"alternatives": 1000},
    ],
)
def test_settings_out_of_range_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(UsageError, match=next(iter(bad)).replace("_", "-")):
        ScanOptions(**bad)  # type: ignore[arg-type]


class QuarterTurner:
    """A stand-in that turns every picture by a quarter, anticlockwise."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []

    def normalise(self, image: np.ndarray) -> NormalPage:
        self.seen.append(image.shape)
        height, width = image.shape[:2]
        way = Homography.quarter_turns(1, width, height)
        return NormalPage(np.ascontiguousarray(np.rot90(image)), way.inverse(), 1)


def test_what_is_read_on_the_upright_page_has_its_place_in_the_picture(picture: Maker, engines: Engines) -> None:
    turner = QuarterTurner()
    document = scan([picture("a.png", size=(120, 200))], engines=replace(engines, normaliser=turner))
    (page,) = document.pages
    assert turner.seen == [(200, 120, 3)]
    assert (page.page.width_px, page.page.height_px, page.page.quarter_turns) == (120, 200, 1)
    # On the upright page, 200 x 120, they stand at (40, 60, 160, 90) and (100, 12, 140, 28).
    boxes = {formula.region.kind: formula.box for formula in document.formulas}
    assert boxes == {RegionKind.ISOLATED: Box(30, 40, 60, 160), RegionKind.INLINE: Box(92, 100, 108, 140)}


def test_crops_are_cut_from_the_upright_page(picture: Maker, engines: Engines) -> None:
    scan([picture("a.png", size=(120, 200))], engines=replace(engines, normaliser=QuarterTurner()))
    assert [crop.shape for crop in engines.recognizer.crops] == [(34, 124, 3), (20, 44, 3)]
