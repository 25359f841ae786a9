"""Letters of a text layer, and the lines that they make."""

from __future__ import annotations

import numpy as np
import pytest
from text_layers import LINES, SIZE, layer_of, said

from pipeline.text_layer import TextLayer, composed, runs, tidy
from scanpage.homography import Homography


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


def test_more_accents_than_a_page_has_are_left_alone() -> None:
    accents = TextLayer.of_letters([("e", 40, 40, 50, 60, 0.0), *[("´", 40, 30, 50, 38, 0.0)] * 2001])
    assert composed(accents) is accents


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
    layer = layer_of(LINES)
    way = Homography.quarter_turns(1, *SIZE)
    turned = layer.seen_through(way)
    assert set(turned.directions) == {-90.0}
    back = turned.seen_through(way.inverse())
    assert np.allclose(back.boxes, layer.boxes) and np.allclose(back.directions, 0)
    assert said(back) == said(layer)
    assert layer.seen_through(Homography.identity()) is layer
