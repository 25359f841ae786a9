"""Blocks of printed pages: what is a formula is marked, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from scanpage.region import RegionKind
from synth.blocks import bullets, figure_row, lesson_heading, references
from synth.flow import Formula, Piece, is_plain, is_torn, reads_on
from synth.han import HanFace
from synth.printed import printed_sheet
from synth.prose import LANGUAGES, Face, Prose, matplotlib_fonts
from synth.setting import Column, Setter, draw_print, word_scrap
from synth.sheet import INK_THRESHOLD
from synth.stock import Stock


def setter(stock: Stock, seed: int) -> Setter:
    rng = np.random.default_rng(seed)
    prose = Prose(tuple(LANGUAGES["en"].split()))
    how = replace(draw_print(rng, stock, prose, 18.0), inline=0.0, display=0.3)
    return Setter(rng, printed_sheet(rng, 900, 1200), stock, prose, how)


def test_references_headings_and_plots_hold_no_formulas(stock: Stock) -> None:
    for seed in range(4):
        page = setter(stock, seed)
        end = figure_row(page, 60, 840, 60)
        column = Column(60, 840, end, 1150)
        assert lesson_heading(page, column) and references(page, column)
        assert 60 < end < column.y <= 1150
        assert page.sheet.marks == [] and len(page.sheet.taken) > 12


def test_bullets_hold_formulas_that_stand_alone(stock: Stock) -> None:
    marks = []
    for seed in range(6):
        page = setter(stock, seed)
        bullets(page, Column(60, 840, 60, 1150))
        marks += page.sheet.marks
    assert marks and {mark.kind for mark in marks} == {RegionKind.ISOLATED}


def test_fonts_without_a_languages_accents_are_left_alone(stock: Stock) -> None:
    vietnamese = Prose(tuple(LANGUAGES["vi"].split()))
    fonts = {draw_print(np.random.default_rng(seed), stock, vietnamese, 18.0).face.path for seed in range(12)}
    assert fonts and all("DejaVu" in font for font in fonts)


def test_italics_and_bold_are_other_faces_where_the_folder_has_them() -> None:
    roman = Face(next(path for path in matplotlib_fonts() if path.endswith("cmr10.ttf")), 20)
    assert roman.variant("italic").path.endswith("cmti10.ttf") and roman.variant("bold").path.endswith("cmb10.ttf")
    assert roman.variant("italic").variant("bold").path.endswith("cmti10.ttf")  # there is no bold of it
    scrap = word_scrap(roman.variant("italic"), "displacement")
    assert scrap.alpha[0].any() and scrap.alpha[-1].any() and scrap.width >= roman.width("displacement") * 0.8


def test_square_signs_look_different_and_fill_their_square() -> None:
    face = HanFace.drawn(np.random.default_rng(0), 24)
    assert len({sign.tobytes() for sign in face.signs}) > 40
    assert all(sign.shape == (24, 24) and (sign >= INK_THRESHOLD).mean() > 0.05 for sign in face.signs)
    assert face.word(np.random.default_rng(1), 3).width == 72


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        ("( 4 . 8 )", True),
        ("1 7", True),
        ("{ } ^ { 3 }", True),
        ("{ } _ { C }", True),
        ("x ^ { 3 }", False),
        ("x", False),
        ("1 + 2", False),
        (r"\frac { 1 } { 2 }", False),
        (r"\mathrm { P e t r o R } 9 0", True),
        (r"\mathrm { m a x } ( x )", False),
        (r"p _ { \mathrm { m o d e l } } ( z ) = \frac { 1 } { Z } e ^ { - z }", False),
        ("a r e g a u g e c o u p l i n g s", True),
        ("a b c d + e f", False),
    ],
)
def test_numbers_and_words_are_told_from_formulas(latex: str, plain: bool) -> None:
    assert is_plain(latex) == plain


@pytest.mark.parametrize(
    ("latex", "torn"),
    [
        ("y =", True),
        (r"m \geq", True),
        ("= 6", True),
        (r"x \rightarrow", True),
        (r"\geq 4 8", False),
        (r"\star", False),
        ("A ^ { + }", False),
        ("x = 6", False),
    ],
)
def test_formulas_that_stop_at_a_sign_are_torn(latex: str, torn: bool) -> None:
    assert is_torn(latex) == torn


def test_between_two_formulas_stands_a_word_that_is_no_part_of_them(stock: Stock) -> None:
    for seed in range(8):
        page = setter(stock, seed)
        page = replace(page, print=replace(page.print, inline=0.7))
        pieces = [piece for piece in page.pieces(120) if not (isinstance(piece, str) and piece in ",.;:)")]
        near = [pair for pair in pairwise(pieces) if any(isinstance(p, Formula) for p in pair)]
        assert len(near) > 20 and not any(map(_all_read_on, near))


def _all_read_on(pair: tuple[Piece, Piece]) -> bool:
    return all(map(reads_on, pair))
