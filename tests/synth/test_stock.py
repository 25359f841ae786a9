"""The material of pages: told apart, and drawn as wanted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from scanpage.errors import InputError, UsageError
from synth import stock as module
from synth.config import GenerateSettings
from synth.corpus import LayoutCorpus, save_layouts
from synth.ink import Ink
from synth.layout import Layout
from synth.mathtext import typeset_mathtext
from synth.shards import Shard
from synth.stock import Stock, in_print, is_formula, is_line, load_stock, prepare_layouts


def test_inks_are_told_apart(stock: Stock) -> None:
    assert len(stock.inks) == 12 and len(stock.lines) == 1
    assert all(is_formula(written.ink) for written in stock.inks)
    assert is_line(stock.lines[0]) and not is_formula(stock.lines[0])


def test_labels_of_inks_become_canonical(tmp_path: Path, layouts: Path) -> None:
    path = tmp_path / "inks.jsonl"
    record = {"id": "a", "label": "x^2", "strokes": [[0, 0, 9, 9], [9, 0, 12, 3]], "symbols": [["x", [0]], ["2", [1]]]}
    path.write_text(json.dumps(record) + "\n")
    stock = load_stock(GenerateSettings(pages=1, inks=(path,)), [layouts])
    assert [written.ink.label for written in stock.inks] == ["x ^ { 2 }"]


# Label of an ink that is not segmented, and whether it is prose.
UNSEGMENTED = [("", True), ("a cat sat", True), (r"\frac{a}{b}", False), ("x=2", False), ("x", False)]


@pytest.mark.parametrize(("label", "prose"), UNSEGMENTED)
def test_formulas_without_segmentation_are_no_prose(label: str, prose: bool) -> None:
    ink = Ink("a", label, (np.array([[0, 0], [9, 9]], dtype=np.float32),))
    assert is_line(ink) is prose


def test_formulas_are_drawn_by_length(stock: Stock) -> None:
    rng = np.random.default_rng(0)
    drawn = [stock.layout(rng, width_em=50, height_em=5, glyphs=(1, 1)) for _ in range(20)]
    assert {layout.latex for layout in drawn if layout} <= {"x", "n", r"\alpha"}
    assert len([layout for layout in drawn if layout]) == 20
    assert stock.layout(rng, width_em=50, height_em=5, glyphs=(200, 300)) is None


def stock_of(*formulas: str) -> Stock:
    layouts = [result for result in typeset_mathtext(list(formulas)) if isinstance(result, Layout)]
    assert len(layouts) == len(formulas)
    return Stock((LayoutCorpus(Shard.of(layouts)),), (), (), (), (), ())


def test_lone_letters_come_as_often_as_formulas_begin_with_them() -> None:
    stock = stock_of("x = n", "x^{2}", "x + 1", "n = x", "2 x", r"\frac{x}{n}", r"\alpha = x")
    rng = np.random.default_rng(0)
    drawn = [layout for _ in range(500) if (layout := stock.symbol(rng)) is not None]
    counts = Counter(layout.latex for layout in drawn)
    assert set(counts) == {"x", "n", r"\alpha"} and counts["x"] > 2 * counts["n"]
    assert all(len(layout.glyphs) == 1 and not layout.rules for layout in drawn)
    assert in_print(drawn[0], rng, 24.0).alpha.max() > 200


def test_where_no_formula_begins_with_a_letter_there_is_no_lone_one() -> None:
    assert stock_of("1 + 2", "(2)").symbol(np.random.default_rng(0)) is None


def test_a_corpus_without_formulas_is_an_input_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.layouts"
    save_layouts(empty, [])
    with pytest.raises(InputError, match=r"empty\.layouts"):
        load_stock(GenerateSettings(pages=1), [empty])


def test_layouts_given_are_all_there_is(layouts: Path, tmp_path: Path) -> None:
    typeset = tmp_path / "typeset.layouts"
    assert prepare_layouts(GenerateSettings(pages=1, layouts=(layouts,)), typeset) == [layouts]
    assert not typeset.exists()


def test_formulas_are_typeset_once(layouts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    formulas, typeset = tmp_path / "formulas.txt", tmp_path / "typeset.layouts"
    formulas.write_text("x^2\n\\frac{a}{b}\n")
    settings = GenerateSettings(pages=1, layouts=(layouts,), formulas=(formulas,))
    assert prepare_layouts(settings, typeset) == [layouts, typeset]
    assert [layout.latex for layout in module.load_layouts(typeset)] == ["x ^ { 2 }", r"\frac { a } { b }"]
    before = typeset.read_bytes()
    monkeypatch.setattr(module, "_typeset", None)
    assert prepare_layouts(settings, typeset) == [layouts, typeset]
    assert typeset.read_bytes() == before


def test_formulas_that_cannot_be_typeset_leave_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    formulas, typeset = tmp_path / "formulas.txt", tmp_path / "typeset.layouts"
    formulas.write_text("\\nosuchcommand\n")
    with pytest.raises(UsageError, match="none of the formulas"):
        prepare_layouts(GenerateSettings(pages=1, formulas=(formulas,)), typeset)
    assert not typeset.exists()
