"""Prose comes of a text layer where the picture bears it out."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from text_layers import FONT, LINES, SIZE, layer_of, page_of

from pipeline.prose import RapidProse
from scanpage.document import Formula
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.region import Region, RegionKind


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
        assert layer_line.stroke_px == pytest.approx(line.stroke_px, rel=0.15)


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
