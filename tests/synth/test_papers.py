"""Papers leave room to write, and say where their lines are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from synth.papers import Ruling, draw_stationery, make_paper

WIDTH, HEIGHT = 620, 860


@pytest.mark.parametrize("ruling", list(Ruling))
@pytest.mark.parametrize("wire", [-1, 0, 1])
def test_content_lies_on_the_paper(ruling: Ruling, wire: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        sheet = make_paper(rng, replace(draw_stationery(rng, HEIGHT), ruling=ruling, wire=wire), WIDTH, HEIGHT)
        x0, y0, x1, y1 = sheet.content.pixels()
        assert 0 <= x0 < x1 <= WIDTH and 0 <= y0 < y1 <= HEIGHT
        assert x1 - x0 > WIDTH / 2
        assert sheet.cover[y0:y1, x0 + 1 : x1 - 1].min() == 255


def test_ruled_lines_stand_at_the_pitch_it_tells() -> None:
    rng = np.random.default_rng(3)
    stationery = replace(
        draw_stationery(rng, HEIGHT),
        ruling=Ruling.RULED,
        wire=0,
        head=False,
        red_margin=False,
        line=(0, 0, 0),
        line_strength=1.0,
    )
    sheet = make_paper(rng, stationery, WIDTH, HEIGHT)
    dark = np.flatnonzero(sheet.pixels[:, WIDTH // 2].sum(axis=1) < 300)
    expected = np.arange(sheet.first_line_px, HEIGHT - stationery.pitch_px * 0.4, sheet.pitch_px)
    assert len(dark) == len(expected)
    assert np.abs(dark - expected).max() <= 1


def test_blank_paper_is_blank() -> None:
    rng = np.random.default_rng(4)
    stationery = replace(draw_stationery(rng, HEIGHT), ruling=Ruling.BLANK, wire=0, head=False, red_margin=False)
    sheet = make_paper(rng, stationery, WIDTH, HEIGHT)
    assert (sheet.pixels == sheet.pixels[0, 0]).all()


def test_a_wire_reaches_beyond_the_paper() -> None:
    rng = np.random.default_rng(5)
    sheet = make_paper(rng, replace(draw_stationery(rng, HEIGHT), wire=-1), WIDTH, HEIGHT)
    beside = sheet.cover[:, : round(WIDTH * 0.03)]
    assert (beside == 0).any() and (beside == 255).any()
