"""Words, fonts, and lines with formulas in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scanpage.errors import InputError
from synth.flow import Formula, Piece, Style, break_lines, line_width, place_line, slanted
from synth.prose import Face, Prose, find_fonts, matplotlib_fonts, pseudo_word, read_text
from synth.sheet import INK_THRESHOLD, Source, blank_sheet

FONTS = matplotlib_fonts()
FACE = Face(FONTS[0], 20)


def box_formula(width: int, height: int, baseline: float) -> Formula:
    return Formula(np.full((height, width), 255, np.uint8), baseline, "x", Source.TYPESET)


def test_same_seed_gives_the_same_words() -> None:
    first, second = (Prose.of_page(np.random.default_rng(1)).words(np.random.default_rng(2), 30) for _ in range(2))
    assert first == second and len(first) == 30
    assert first[0][0].isupper()


def test_text_is_read_in_order() -> None:
    text = ("one", "two", "three", "four")
    words = Prose((), text).words(np.random.default_rng(0), 6)
    start = text.index(words[0])
    assert words == [text[(start + k) % 4] for k in range(6)]


def test_pseudo_words_are_lower_case_letters() -> None:
    assert all(pseudo_word(np.random.default_rng(seed)).isalpha() for seed in range(50))


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\xff"], ids=["no words", "not UTF-8"])
def test_unusable_text_is_an_input_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"text\.txt"):
        read_text(path)


def test_folders_without_fonts_and_broken_fonts_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no fonts"):
        find_fonts(tmp_path)
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match=r"broken\.ttf"):
        find_fonts(tmp_path)


@pytest.mark.parametrize("path", sorted(set(FONTS)), ids=lambda p: Path(p).stem)
def test_every_font_paints_words(path: str) -> None:
    face = Face(path, 24)
    strip = face.paint([(0.0, "Height"), (100.0, "Höhe")])
    assert (strip.alpha >= INK_THRESHOLD).sum() > 200
    columns = np.flatnonzero((strip.alpha >= INK_THRESHOLD).any(axis=0))
    assert abs(columns[0] - strip.origin_x) < 6


def test_accents_that_a_font_lacks_are_dropped() -> None:
    cmr = next(path for path in FONTS if "cmr10" in path)
    assert Face(cmr, 20).printable("phương") == "phuong"
    dejavu = next(path for path in FONTS if "DejaVuSerif" in path)
    assert Face(dejavu, 20).printable("phương") == "phương"


def test_lines_keep_to_their_width() -> None:
    pieces: list[Piece] = [
        *Prose.of_page(np.random.default_rng(0)).words(np.random.default_rng(1), 60),
        box_formula(90, 20, 15),
    ]
    style = Style(FACE)
    lines = break_lines(pieces, style, 300, indent=40)
    assert [piece for line in lines for piece in line] == pieces
    assert line_width(lines[0], style) <= 260
    assert all(line_width(line, style) <= 300 for line in lines)


def test_punctuation_does_not_begin_a_line() -> None:
    style = Style(FACE)
    width = FACE.width("word") + style.space + 50
    lines = break_lines(["word", box_formula(50, 10, 8), ",", "next"], style, width)
    assert [len(line) for line in lines] == [3, 1]


def test_a_piece_wider_than_the_line_is_left_out() -> None:
    assert break_lines(["a", box_formula(500, 10, 8)], Style(FACE), 100) == [["a"]]


def test_inline_formulas_stand_on_the_baseline_and_touch_no_word() -> None:
    sheet = blank_sheet(600, 100)
    right = place_line(
        np.random.default_rng(0), sheet, ["Hang", box_formula(60, 30, 20), "up"], Style(FACE), 20, 50, justify_to=160
    )
    assert right == pytest.approx(180)
    (mark,) = sheet.marks
    assert (mark.box.y0, mark.box.y1) == (30, 60)
    assert all(a.intersection(b) == 0 for k, a in enumerate(sheet.taken) for b in sheet.taken[:k])


def test_lines_with_few_words_are_not_torn_apart() -> None:
    sheet = blank_sheet(600, 100)
    assert place_line(np.random.default_rng(0), sheet, ["two", "words"], Style(FACE), 20, 50, justify_to=500) < 200


def test_slanted_ink_keeps_its_left_baseline() -> None:
    alpha = np.zeros((21, 200), np.uint8)
    alpha[10, :] = 255
    turned, row = slanted(alpha, 10.5, 0.1)
    ink = turned >= 100
    assert abs(np.flatnonzero(ink[:, 2]).mean() + 0.5 - row) < 1.5
    last = np.flatnonzero(ink.any(axis=0))[-1]
    assert np.flatnonzero(ink[:, last - 1]).mean() + 0.5 - row == pytest.approx(0.1 * last, abs=2)
