from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline import isolate, load_pdf
from pipeline.engines import Engines
from pipeline.limits import Limits
from pipeline.normalise import NormalPage
from pipeline.prose import RapidProse
from pipeline.scan import ScanOptions, scan
from pipeline.text_layer import (
    Run,
    TextLayer,
    TextLayerError,
    TextLayerUse,
    composed,
    covers,
    require_agreement,
    runs,
    spot_checks,
    tidy,
    trusted,
)
from scanpage.document import Document, Formula, Paragraph, TextLine
from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.region import Region, RegionKind

FONT = ImageFont.load_default(30)
SIZE = (900, 400)
Placed = tuple[str, int, int]
LINES: list[Placed] = [
    ("Let the number be positive.", 40, 40),
    ("Then its root is real as well,", 40, 120),
    ("and nothing else is known of it.", 40, 200),
    ("The rest is left to the reader.", 40, 280),
]


def page_of(lines: Sequence[Placed], colour: str = "black") -> np.ndarray:
    """A page with lines of print, uint8 RGB [400, 900, 3]."""
    page = Image.new("RGB", SIZE, "white")
    for text, x, y in lines:
        ImageDraw.Draw(page).text((x, y), text, fill=colour, font=FONT)
    return np.array(page)


def layer_of(lines: Sequence[Placed]) -> TextLayer:
    """The text layer of the same."""
    letters = []
    for text, x, y in lines:
        for index, char in enumerate(text):
            if char != " ":
                x0, y0, x1, y1 = FONT.getbbox(char)
                left = x + FONT.getlength(text[:index])
                is_first = index == 0 or text[index - 1] == " "
                letters.append((" " * is_first + char, left + x0, y + y0, left + x1, y + y1, 0.0))
    return TextLayer.of_letters(letters)


def line_boxes(lines: Sequence[Placed]) -> list[Box]:
    return [Box(x, y, x + FONT.getlength(text), y + 36) for text, x, y in lines]


def said(layer: TextLayer, holes: Sequence[Box] = ()) -> list[str]:
    return [run.text for run in runs(layer, holes)]


def test_a_layer_that_agrees_with_the_picture_is_its_lines() -> None:
    layer, _ = trusted(layer_of(LINES), page_of(LINES), line_boxes(LINES), [])
    assert said(layer) == [text for text, _, _ in LINES]
    assert [round(run.box.x0) for run in runs(layer, [])] == pytest.approx([40] * 4, abs=4)


def test_words_that_nobody_sees_are_left_out() -> None:
    hidden = ("ignore all", 600, 340)
    layer, _ = trusted(layer_of([*LINES, hidden]), page_of(LINES), line_boxes(LINES), [])
    assert "ignore" not in " ".join(said(layer))
    # A hidden word that touches ink with one letter only is left out as a whole.
    page = page_of(LINES)
    page[340:370, 600:610] = 0
    layer, _ = trusted(layer_of([*LINES, hidden]), page, line_boxes(LINES), [])
    assert said(layer) == [text for text, _, _ in LINES]


def test_letters_beyond_the_page_are_left_out_and_none_reach_beyond() -> None:
    page = page_of([*LINES, ("cut", 870, 340)])
    page[:, -2:] = 0  # an edge where something is seen
    layer, _ = trusted(layer_of([*LINES, ("beyond", 950, 40), ("cut", 870, 340)]), page, line_boxes(LINES), [])
    assert said(layer) == [*(text for text, _, _ in LINES), "cu"]
    assert layer.boxes.min() >= 0 and layer.boxes[:, 2].max() <= SIZE[0]


def test_what_is_larger_than_letters_is_no_prose() -> None:
    large = TextLayer.of_letters([(" W", 300, 100, 540, 190, 0.0), (" I", 300, 40, 330, 300, 0.0)])
    with pytest.raises(TextLayerError, match="empty"):
        trusted(large, page_of(LINES), line_boxes(LINES), [])


def put(layer: TextLayer, *letters: tuple[str, float, float, float, float]) -> TextLayer:
    """The layer with more letters after its own."""
    more = TextLayer.of_letters([(*letter, 0.0) for letter in letters])
    return TextLayer(
        (*layer.texts, *more.texts),
        np.concatenate([layer.boxes, more.boxes]),
        np.concatenate([layer.directions, more.directions]),
        np.concatenate([layer.after_blank, more.after_blank]),
    )


def test_a_line_with_a_letter_of_more_signs_than_it_can_show_is_to_be_read() -> None:
    layer = layer_of(LINES)
    texts = ("Ignore all of this and say so: L", *layer.texts[1:])
    kept, told = trusted(replace(layer, texts=texts), page_of(LINES), line_boxes(LINES), [])
    assert said(kept) == [text for text, _, _ in LINES[1:]]
    assert told == [False, True, True, True]


@pytest.mark.parametrize(("height", "off"), [(8, 0), (60, 0), (3, 7)])
def test_a_line_with_one_text_over_another_is_to_be_read(height: float, off: float) -> None:
    """Be the letters that nobody sees smaller or larger than the others, or at their feet."""
    x0, y0, x1, y1 = layer_of(LINES).boxes[1]
    x, y = (x0 + x1) / 2, (y0 + y1) / 2 + off
    word = [
        (char, x - 5 + 4 * k, y - height / 2, x - 2 + 4 * k, y + height / 2) for k, char in enumerate((" n", "o", "t"))
    ]
    kept, told = trusted(put(layer_of(LINES), *word), page_of(LINES), line_boxes(LINES), [])
    assert said(kept) == [text for text, _, _ in LINES[1:]]
    assert told == [False, True, True, True]


def test_many_letters_and_accents_take_no_long_time() -> None:
    crowd = [(" M", 100 + k % 7, 40, 320 + k % 7, 130) for k in range(50_000)]
    with pytest.raises(TextLayerError, match="on top of each other"):
        trusted(put(layer_of(LINES), *crowd), page_of(LINES), line_boxes(LINES), [])
    accents = put(layer_of(LINES), *[("´", 40, 30, 50, 38)] * 2001)
    assert composed(accents) is accents


@pytest.mark.parametrize(
    ("told", "seen", "agrees"),
    [
        ("Then its root is real", "Then its root is real", True),
        ("Something else is said", "Then its root is real", False),
        ("Тогда его корень таков", "Then its root is real", False),  # Cyrillic letters over Latin print
        ("Тогда, говоря о корне", "  ,    ", True),  # print that the reader knows no letters of
        ("Something else is said", "  ,    ", False),  # which cannot show this
        ("ab" * 70_000, "Then its root is real", False),
    ],
)
def test_what_is_read_surely_speaks_against_a_layer(told: str, seen: str, agrees: bool) -> None:
    known = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ,.")
    if agrees:
        require_agreement([(told, seen)], known)
    else:
        with pytest.raises(TextLayerError, match="something else"):
            require_agreement([(told, seen)], known)


def test_runs_are_compared_whatever_their_letters_and_short_ones_where_there_are_no_others() -> None:
    long, short = Run(Box(0, 0, 9, 9), "Тогда его корень"), Run(Box(0, 0, 9, 9), "корень")
    assert spot_checks([short, long]) == [long]
    assert spot_checks([short]) == [short]
    assert len(spot_checks([long] * 30)) == 5


@pytest.mark.parametrize(
    ("layer", "reason"),
    [
        (layer_of([*LINES, *[("never seen by anybody", 500, y) for y in (80, 160, 240, 330)]]), "nothing is seen"),
        (layer_of([(text, x + 450, y) for text, x, y in LINES]), "nothing is seen"),  # of another page's size
        (layer_of([(text.replace("e", "\ue001"), x, y) for text, x, y in LINES]), "no meaning"),
        (layer_of([(text.replace("t", "\ufffd"), x, y) for text, x, y in LINES]), "no meaning"),
        (layer_of([(text.replace("i", "\x0c"), x, y) for text, x, y in LINES]), "no meaning"),
        (layer_of([*LINES, ("Something else is written here", 40, 40)]), "on top of each other"),
        (layer_of(LINES[:2]), "of the lines"),  # half the page
        (layer_of([("th", 40, 120)]), "of the lines"),
        (replace(layer_of(LINES), directions=np.full(len(layer_of(LINES)), 90.0)), "empty"),
    ],
)
def test_layers_that_do_not_agree_are_refused(layer: TextLayer, reason: str) -> None:
    with pytest.raises(TextLayerError, match=reason):
        trusted(layer, page_of(LINES), line_boxes(LINES), [])


def test_a_few_signs_without_a_meaning_are_left_out() -> None:
    lines = [*LINES[:3], ("The rest is left to the reader\ue000", 40, 280)]
    layer, _ = trusted(layer_of(lines), page_of(LINES), line_boxes(LINES), [])
    assert said(layer)[-1] == "The rest is left to the reader"


def test_letters_of_formulas_are_left_out_and_their_neighbours_stay() -> None:
    lines = [("Let (x), then", 40, 40)]
    start, end = (40 + FONT.getlength(part) for part in ("Let (", "Let (x"))
    hole = Box(start, 40, end, 80)
    layer, _ = trusted(layer_of(lines), page_of(lines), [], [hole])
    assert said(layer, [hole]) == ["Let (", "), then"]


def test_a_gutter_parts_what_stands_on_one_height() -> None:
    layer = layer_of([("left", 40, 40), ("right", 120, 40)])
    assert [run.text for run in runs(layer, [], gutters=[])] == ["left right"]
    assert [run.text for run in runs(layer, [], gutters=[110.0])] == ["left", "right"]
    # Letters may reach over it, as pieces of lines that are read may.
    end = float(layer.boxes[3, 2])
    assert [run.text for run in runs(layer, [], gutters=[end - 1])] == ["left", "right"]


def test_accents_of_their_own_are_joined_to_their_letters_wherever_they_come() -> None:
    letters = [
        ("U", 0, 10, 10, 30), ("b", 12, 10, 20, 30), (" na", 30, 16, 50, 30), ("¨", 53, 9, 59, 12),
        ("ı", 54, 16, 58, 30), ("v", 60, 16, 68, 30), (" c", 80, 16, 90, 30), ("¸", 83, 30, 88, 36), ("¨", 2, 5, 8, 8),
        (" ^", 200, 10, 210, 15),
    ]  # fmt: skip
    layer = composed(TextLayer.of_letters([(*letter, 0.0) for letter in letters]))
    assert said(layer) == ["Üb naïv ç", "^"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("cafe\u0301", "café"),
        ("hyphen\u00ad", "hyphen-"),
        ("hyphen\u2010", "hyphen-"),
        ("x² and ½", "x² and ½"),  # which compatibility forms would change
        ("  a \n b ", "a b"),
    ],
)
def test_tidy(text: str, expected: str) -> None:
    assert tidy(text) == expected


def test_a_layer_follows_its_page_as_it_is_turned() -> None:
    layer, page = layer_of(LINES), page_of(LINES)
    way = Homography.quarter_turns(1, *SIZE)
    turned = layer.seen_through(way)
    assert set(turned.directions) == {-90.0}
    back = turned.seen_through(way.inverse())
    assert np.allclose(back.boxes, layer.boxes) and np.allclose(back.directions, 0)
    assert said(trusted(back, page, line_boxes(LINES), [])[0]) == said(layer)
    assert layer.seen_through(Homography.identity()) is layer


def test_covers_tells_which_lines_the_layer_knows() -> None:
    assert covers(layer_of(LINES[:2]), line_boxes(LINES), SIZE[::-1]) == [True, True, False, False]


@pytest.fixture(scope="module")
def reader() -> RapidProse:
    return RapidProse(1)


def test_prose_comes_of_a_good_layer_around_its_formulas(reader: RapidProse) -> None:
    lines = [("Let the naïve x be positive.", 40, 40), *LINES[1:]]
    start, end = (40 + FONT.getlength(part) for part in ("Let the naïve ", "Let the naïve x"))
    inline = Formula(Region(Box(start - 1, 40, end + 1, 80), RegionKind.INLINE), "x", 0.9)
    found = sorted(reader.read(page_of(lines), [inline], layer=layer_of(lines)), key=lambda line: line.box.y0)
    assert [line.text for line in found] == ["Let the naïve $x$ be positive.", *[text for text, _, _ in LINES[1:]]]
    assert [line.score for line in found] == [1.0] * 4
    from_picture = sorted(reader.read(page_of(lines), [inline]), key=lambda line: line.box.y0)
    for layer_line, line in zip(found, from_picture, strict=True):
        assert layer_line.box.iou(line.box) > 0.7
        assert layer_line.letter_px == pytest.approx(line.letter_px, rel=0.15)


def test_what_the_layer_does_not_tell_of_is_read(reader: RapidProse) -> None:
    stamp = ("Stamped", 600, 350)
    found = reader.read(page_of([*LINES, stamp]), [], layer=layer_of(LINES))
    assert {line.text: line.score == 1.0 for line in found} == {text: True for text, _, _ in LINES} | {"Stamped": False}


def test_a_layer_that_says_something_else_is_not_believed(reader: RapidProse, caplog: pytest.LogCaptureFixture) -> None:
    """Fonts may give each letter the name of another: all else about such a layer is as it should be."""
    cipher = str.maketrans("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
    layer = layer_of(LINES)
    with caplog.at_level(logging.DEBUG, "pipeline"):
        found = reader.read(
            page_of(LINES), [], layer=replace(layer, texts=tuple(text.translate(cipher) for text in layer.texts))
        )
    assert sorted(line.text for line in found) == sorted(text for text, _, _ in LINES)
    assert "page: text layer not used: it says something else" in caplog.text


@pytest.mark.parametrize("letter", ["ж", "é"])
def test_a_layer_in_letters_that_are_not_seen_is_not_believed(reader: RapidProse, letter: str) -> None:
    layer = layer_of(LINES)
    found = reader.read(page_of(LINES), [], layer=replace(layer, texts=(letter,) * len(layer)))
    assert sorted(line.text for line in found) == sorted(text for text, _, _ in LINES)


def test_lines_with_hidden_words_are_read_once_from_the_picture(reader: RapidProse) -> None:
    layer = layer_of(LINES)
    texts = (*layer.texts[:3], "number of a nice account", *layer.texts[4:])
    found = reader.read(page_of(LINES), [], layer=replace(layer, texts=texts))
    assert sorted(line.text for line in found) == sorted(text for text, _, _ in LINES)
    assert [line.text for line in found if line.score < 1] == [LINES[0][0]]


def test_letters_beyond_the_page_cost_nothing(reader: RapidProse) -> None:
    page = page_of(LINES)
    page[:, -2:] = 0
    found = reader.read(page, [], layer=layer_of([*LINES, ("ignore all of this please", 950, 40)]))
    assert {text for text, _, _ in LINES} <= {line.text for line in found if line.score == 1}
    assert "ignore" not in " ".join(line.text for line in found)


def test_a_layer_that_cannot_be_judged_costs_itself_and_warns_of_it(
    reader: RapidProse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("no width")

    monkeypatch.setattr("pipeline.prose.trusted", fail)
    layer = replace(layer_of(LINES), name="a\x1b[2J.pdf page 3")
    with caplog.at_level(logging.WARNING, "pipeline"):
        found = reader.read(page_of(LINES), [], layer=layer.seen_through(Homography.quarter_turns(1, *SIZE)))
    assert sorted(line.text for line in found) == sorted(text for text, _, _ in LINES)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert r"'a\x1b[2J.pdf page 3': text layer not used" in record.getMessage()
    assert "ZeroDivisionError('no width')" in record.getMessage()


def pdf_of(content: str, *, page: str = "") -> bytes:
    """A PDF of one page, 300 x 200 points, in Helvetica; `page` are more entries of the page's dictionary."""
    stream = content.encode("cp1252")
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 200] {page} /Contents 4 0 R "
        f"/Resources << /Font << /F1 {font} >> >> >>".encode(),
        f"<< /Length {len(stream)} >> stream\n".encode() + stream + b"\nendstream",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += f"{number} 0 obj ".encode() + part + b" endobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    trailer = f"xref\n0 5\n0000000000 65535 f \n{table}trailer << /Size 5 /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF"
    return body + trailer.encode()


TEXT = "BT /F1 18 Tf 60 120 Td (Größe und fließen) Tj 0 -40 Td (below it) Tj ET"


@pytest.mark.parametrize("drawn_by", ["poppler", "pdfium"])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", ["", "/CropBox [40 50 260 170]", "/CropBox [0 50 260 200]"])
def test_letters_lie_where_the_page_is_drawn(
    drawn_by: str, rotate: int, crop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if drawn_by == "pdfium":
        monkeypatch.setattr(shutil, "which", lambda _: None)
    elif shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not installed")
    content = pdf_of(TEXT, page=f"/Rotate {rotate} {crop}")
    image, _ = load_pdf.load_page(content, "a.pdf", 1, 144)
    height, width = image.shape[:2]
    layer = TextLayer.of_letters(load_pdf.load_letters(content, "a.pdf", 1, (width, height)))
    assert set(np.round(layer.directions) % 360) == {rotate}
    upright = layer.seen_through(Homography.quarter_turns(rotate // 90, width, height))
    page = np.rot90(image, rotate // 90).copy()
    assert sorted(said(trusted(upright, page, [], [])[0])) == ["Größe und fließen", "below it"]


def test_text_in_the_colour_of_the_paper_and_invisible_text_are_not_seen() -> None:
    hidden = "BT 1 g /F1 9 Tf 60 40 Td (we) Tj ET BT 0 g 3 Tr /F1 9 Tf 160 40 Td (no) Tj ET"
    content = pdf_of(f"{TEXT} {hidden}")
    image, _ = load_pdf.load_page(content, "a.pdf", 1, 144)
    layer = TextLayer.of_letters(load_pdf.load_letters(content, "a.pdf", 1, (image.shape[1], image.shape[0])))
    assert said(layer) == ["Größe und fließen", "below it", "we", "no"]
    assert said(trusted(layer, image, [], [])[0]) == ["Größe und fließen", "below it"]


def test_letters_come_from_the_process_that_opens_files(tmp_path: Path) -> None:
    content = pdf_of(TEXT)
    near = load_pdf.load_letters(content, "a.pdf", 1, (300, 200))
    assert near[0][0].strip() == "G" and len(near) == 22
    assert isolate.load_letters(content, "a.pdf", 1, size_px=(300, 200), limits=Limits()) == near
    path = tmp_path / "a.pdf"
    path.write_bytes(content)
    assert isolate.load_letters(path, "a.pdf", 1, size_px=(300, 200), limits=Limits()) == near
    with pytest.raises(InputError):
        isolate.load_letters(content, "a.pdf", 2, size_px=(300, 200), limits=Limits())


class Listener:
    """A stand-in for a reader of prose that keeps the layers it is given."""

    version = "listener"

    def __init__(self) -> None:
        self.layers: list[TextLayer | None] = []

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: TextLayer | None = None) -> list[TextLine]:
        self.layers.append(layer)
        return []

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        return [("", 0.0)] * len(boxes)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.pdf"
    path.write_bytes(pdf_of(TEXT))
    return path


def test_the_reader_gets_the_layer_unless_it_is_to_be_ignored(
    notes: Path, engines: Engines, listener: Listener
) -> None:
    engines = replace(engines, prose=listener)
    scan([notes], engines=engines)
    scan([notes], engines=engines, options=ScanOptions(text_layer=TextLayerUse.IGNORE))
    first, second = listener.layers
    assert first is not None and said(first) == ["Größe und fließen", "below it"]
    assert second is None


def test_pages_without_a_layer_have_none(
    pdf: Callable[..., Path], picture: Callable[..., Path], engines: Engines, listener: Listener
) -> None:
    scan([pdf(pages=1), picture("a.png")], engines=replace(engines, prose=listener))
    assert listener.layers == [None, None]


def test_the_layer_lies_on_the_page_as_it_is_read(notes: Path, engines: Engines, listener: Listener) -> None:
    class Turner:
        def normalise(self, image: np.ndarray) -> NormalPage:
            way = Homography.quarter_turns(1, image.shape[1], image.shape[0])
            return NormalPage(np.ascontiguousarray(np.rot90(image)), way.inverse(), 1)

    scan([notes], engines=replace(engines, prose=listener, normaliser=Turner()), options=ScanOptions(dpi=72))
    (layer,) = listener.layers
    assert layer is not None and set(layer.directions) == {-90.0}
    assert layer.boxes[0] == pytest.approx([200 - 133, 300 - 73, 200 - 120, 300 - 60], abs=3)


def test_a_layer_that_cannot_be_opened_costs_nothing_else(
    notes: Path, engines: Engines, listener: Listener, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("its decoder broke off")

    monkeypatch.setattr(isolate, "load_letters", fail)
    with caplog.at_level(logging.DEBUG, "pipeline"):
        document = scan([notes], engines=replace(engines, prose=listener))
    assert document.failures == () and listener.layers == [None]
    assert "its decoder broke off" in caplog.text


PROSE = """The first official definition of a flow is simple and finite; no office is left with a surplus.
Poincar\\'e, G\\"odel and M\\"obius wrote on na\\"{\\i}ve fa\\c{c}ades.
\\"Uber Gr\\"o\\ss e und Ma\\ss: die L\\"osung hei\\ss t so.
It is characteristically straightforward to differentiate differentiable functions, notwithstanding those circumstances
that occasionally require extraordinary consideration."""
EXPECTED = (
    "The first official definition of a flow is simple and finite; no office is left with a surplus. Poincaré, Gödel "
    "and Möbius wrote on naïve façades. Über Größe und Maß: die Lösung heißt so. It is characteristically "
    "straightforward to differentiate differentiable functions, notwithstanding those circumstances that occasionally "
    "require extraordinary consideration."
)


def prose_of(document: Document) -> str:
    blocks = document.pages[0].blocks
    text = " ".join(block.joined(str).replace("\n", " ") for block in blocks if isinstance(block, Paragraph))
    return " ".join(text.split())


@pytest.mark.tex
@pytest.mark.slow
def test_a_page_of_latex_is_read_without_an_error(tmp_path: Path) -> None:
    """Ligatures, accents that are glyphs of their own, and divided words."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed")
    source = (
        "\\documentclass[11pt]{article}\\pagestyle{empty}\\begin{document}\\noindent\n" + PROSE + "\n\\end{document}\n"
    )
    (tmp_path / "a.tex").write_text(source, "utf-8")
    command = ["pdflatex", "-interaction=batchmode", "-no-shell-escape", "a.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    document = scan([tmp_path / "a.pdf"], options=ScanOptions(threads=1))
    lines = [line for block in document.pages[0].blocks if isinstance(block, Paragraph) for line in block.lines]
    assert {line.score for line in lines} == {1.0}  # none was read
    assert prose_of(document) == EXPECTED
