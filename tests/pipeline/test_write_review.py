from __future__ import annotations

import base64
import hashlib
import json
import re
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.write_json import document_to_json
from pipeline.write_review import PAGE_SIDE_PX, page_picture, write_review
from scanpage.document import Display, DisplayRow, Document, Formula, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.errors import OutputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

WIDTH, HEIGHT = 1000, 2000
PAGE = Page("a & b/notes.pdf", 1, WIDTH, HEIGHT, 200.0)


def formula(latex: str) -> Formula:
    return Formula(Region(Box(100, 200, 300, 400), RegionKind.ISOLATED), latex, 0.75)


def scanned(*latex: str, text: str = "so", page: Page = PAGE) -> ScannedPage:
    line = TextLine(Box(0, 0, 500, 20), (text,))
    rows = tuple(DisplayRow((formula(each),)) for each in latex)
    return ScannedPage(page, (Paragraph((line,)), Display(rows)))


def review(path: Path, *pages: ScannedPage) -> str:
    pictures = [
        None
        if each.failure is not None
        else page_picture(each, np.full((each.page.height_px, each.page.width_px, 3), 250, np.uint8))
        for each in pages
    ]
    write_review(path, Document(pages, Versions("1.2.3")), lambda index: pictures[index])
    return path.read_text("utf-8")


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    value = json.loads(found[1])
    assert isinstance(value, dict)
    return value


def pictures_of(page: str) -> list[Image.Image]:
    sources = re.findall(r'src="data:image/jpeg;base64,([^"]*)"', page)
    return [Image.open(BytesIO(base64.b64decode(source))) for source in sources]


def test_holds_the_document_and_the_places_of_what_was_read(tmp_path: Path) -> None:
    one = scanned("x = 1")
    data = data_of(review(tmp_path / "r.html", one))
    assert data["document"] == document_to_json(Document((one,), Versions("1.2.3")))
    text, equation = data["slots"]  # type: ignore[misc]
    assert (text["content"], text["place"]) == ("so", [0, 0, 0.5, 0.01])
    assert (equation["source"], equation["place"]) == ("x = 1", [0.1, 0.1, 0.3, 0.2])
    assert equation["aligned"] == ["x", "= 1"]


def test_pages_of_all_inputs_stand_in_one_file(tmp_path: Path) -> None:
    second = scanned("y", page=Page("b.png", 1, 600, 300, 100.0))
    page = review(tmp_path / "r.html", scanned("x"), second)
    assert [picture.size for picture in pictures_of(page)] == [(PAGE_SIDE_PX // 2, PAGE_SIDE_PX), (600, 300)]
    assert "<title>Review of notes.pdf and 1 more</title>" in page


def test_loads_nothing_from_anywhere(tmp_path: Path) -> None:
    page = review(tmp_path / "r.html", scanned("x"))
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    assert not re.search(r"\bfetch\b|XMLHttpRequest|\bimport\b|innerHTML|insertAdjacentHTML|\beval\b", page)
    assert not re.search(r"https?://(?!www\.w3\.org/1998/Math/MathML)", page)


def test_its_policy_lets_its_own_script_and_style_run_only(tmp_path: Path) -> None:
    page = review(tmp_path / "r.html", scanned("x"))
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for name, tag in (("script-src", "script"), ("style-src", "style")):
        inner = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert inner is not None
        digest = base64.b64encode(hashlib.sha256(inner[1].encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]


def test_markup_in_what_was_read_is_no_markup(tmp_path: Path) -> None:
    hostile = "</script><script>alert(1)</script><!--"
    named = scanned(r"\bad{</script>}", text=hostile, page=Page("<b>.pdf", 1, 100, 100, 200.0))
    page = review(tmp_path / "r.html", named, ScannedPage(PAGE, failure=hostile))
    assert page.count("</script>") == 2
    assert "<!--" not in page
    assert "<b>" not in page
    assert data_of(page)["slots"][0]["content"] == hostile  # type: ignore[index]


def test_a_page_that_was_not_read_is_told(tmp_path: Path) -> None:
    page = review(tmp_path / "r.html", scanned("x"), ScannedPage(Page("b.pdf", 3, 0, 0, 200.0), failure="b.pdf: torn"))
    assert "Page not read: b.pdf: torn" in page
    assert len(pictures_of(page)) == 1


def test_same_run_has_the_same_fingerprint(tmp_path: Path) -> None:
    prints = [data_of(review(tmp_path / name, scanned("x")))["fingerprint"] for name in ("a.html", "b.html")]
    assert prints[0] == prints[1] != data_of(review(tmp_path / "c.html", scanned("y")))["fingerprint"]


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        review(tmp_path / "file" / "r.html", scanned("x"))
