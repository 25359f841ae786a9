"""Previews: boxes and scores where they belong."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.draw import KIND_COLOURS, PAGE_SIDE_PX, draw_regions, preview_paths, write_preview
from scanpage.errors import OutputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

BLANK = np.full((1000, 500, 3), 255, np.uint8)


@pytest.mark.parametrize("kind", RegionKind)
def test_a_box_has_the_colour_of_its_kind_and_leaves_the_ink_readable(kind: RegionKind) -> None:
    picture = np.asarray(draw_regions(BLANK, [Region(Box(100, 200, 300, 260), kind, 0.9)])).astype(int)
    scale = PAGE_SIDE_PX / 1000
    assert picture.shape == (PAGE_SIDE_PX, PAGE_SIDE_PX // 2, 3)
    edge = picture[round(230 * scale), round(300 * scale) : round(300 * scale) + 5]
    assert (np.abs(edge - KIND_COLOURS[kind]).sum(1) < 10).any()
    assert picture[round(230 * scale), round(200 * scale)].min() > 200


@pytest.mark.parametrize("kind", RegionKind)
@pytest.mark.parametrize("corner", [(0, 0), (480, 0), (0, 980), (480, 980)])
def test_the_score_stands_on_the_page_even_at_its_edges(kind: RegionKind, corner: tuple[int, int]) -> None:
    x, y = corner
    box = Box(x, y, x + 20, y + 20)
    one, other = (np.asarray(draw_regions(BLANK, [Region(box, kind, score)])).astype(int) for score in (0.11, 0.88))
    # Pictures of one box that differ by the score alone differ by its two digits, all of them on the page.
    rows, columns = np.nonzero(np.abs(one - other).sum(2) > 100)
    assert len(rows) > 20
    assert rows.min() > 0 and rows.max() < one.shape[0] - 1
    assert columns.min() > 0 and columns.max() < one.shape[1] - 1


def test_small_pictures_are_doubled_and_thin_ones_survive() -> None:
    assert draw_regions(np.full((40, 60, 3), 255, np.uint8), []).size == (120, 80)
    assert draw_regions(np.full((8, 4000, 3), 255, np.uint8), []).size == (1500, 3)


def test_names_are_those_of_the_sources_told_apart() -> None:
    sources = [Path("a/p.png"), Path("b/p.jpg"), Path("p-2.png"), Path("q.r.png")]
    assert [path.name for path in preview_paths(Path("out"), sources)] == ["p.jpg", "p-2.jpg", "p-2-2.jpg", "q.r.jpg"]


def test_previews_are_jpegs_or_a_clear_error(tmp_path: Path) -> None:
    write_preview(tmp_path / "new" / "page.jpg", BLANK, [])
    with Image.open(tmp_path / "new" / "page.jpg") as picture:
        assert picture.format == "JPEG"
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        write_preview(tmp_path / "file" / "page.jpg", BLANK, [])
