import numpy as np
import pytest

from scanpage.errors import InputError
from scanpage.latex import normalise
from synth.corpus import MIXED_FAMILIES, Wanted, build_layouts, load_layouts, save_layouts
from synth.faithful import prints_in, source_of
from synth.layout import Layout
from synth.mathtext import typeset_mathtext
from synth.paint import paint_print
from synth.typeset import FontFamily, available

needs_tex = pytest.mark.skipif(not available(), reason="LaTeX is not installed")


@pytest.fixture
def layouts() -> list[Layout]:
    return typeset_mathtext([r"\frac{a}{b}", "x", r"\sqrt{\alpha} + x_{1}", r"\overline{y}"])


def test_round_trip_keeps_everything_to_a_thousandth_em(layouts, tmp_path):
    save_layouts(tmp_path / "a.layouts", layouts)
    corpus = load_layouts(tmp_path / "a.layouts")
    assert len(corpus) == len(layouts)
    assert list(corpus.labels) == [layout.latex for layout in layouts]
    for before, after in zip(layouts, corpus, strict=True):
        assert [g.shape for g in after.glyphs] == [g.shape for g in before.glyphs]
        for old, new in zip(before.glyphs, after.glyphs, strict=True):
            assert (new.x, new.y, new.size) == pytest.approx((old.x, old.y, old.size), abs=6e-4)
        for old, new in zip(before.rules, after.rules, strict=True):
            assert new.box.xyxy == pytest.approx(old.box.xyxy, abs=6e-4)


def test_a_corpus_is_painted_from_its_own_outlines(layouts, tmp_path):
    save_layouts(tmp_path / "a.layouts", layouts)
    for before, after in zip(layouts, load_layouts(tmp_path / "a.layouts"), strict=True):
        old, new = paint_print(before, 32.0).alpha, paint_print(after, 32.0).alpha
        assert new.sum() == pytest.approx(float(old.sum()), rel=0.03)


def test_indices_and_slices(layouts, tmp_path):
    save_layouts(tmp_path / "a.layouts", layouts)
    corpus = load_layouts(tmp_path / "a.layouts")
    assert corpus[-1].latex == layouts[-1].latex
    assert [layout.latex for layout in corpus[1:3]] == [layout.latex for layout in layouts[1:3]]
    assert corpus.glyph_counts.tolist() == [len(layout.glyphs) for layout in layouts]
    with pytest.raises(IndexError):
        corpus[len(layouts)]


def test_an_empty_corpus(tmp_path):
    save_layouts(tmp_path / "a.layouts", [])
    assert list(load_layouts(tmp_path / "a.layouts")) == []


@pytest.mark.parametrize("damage", [lambda d: d[: len(d) // 2], lambda d: b"", lambda d: b"nonsense"])
def test_damaged_files_are_named(layouts, tmp_path, damage):
    path = tmp_path / "a.layouts"
    save_layouts(path, layouts)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"a\.layouts"):
        load_layouts(path)


def test_other_versions_are_refused(layouts, tmp_path):
    path = tmp_path / "a.layouts"
    save_layouts(path, layouts)
    with np.load(path) as archive:
        columns = dict(archive)
    columns["version"] = np.array([99])
    with path.open("wb") as file:
        np.savez_compressed(file, **columns)
    with pytest.raises(InputError, match="version 99"):
        load_layouts(path)


@pytest.mark.tex
@needs_tex
def test_building_normalises_typesets_and_counts(tmp_path):
    formulas = ["x^2", "x^{2}", "a", r"\frac12", r"\nosuch", r"\mathbb{1}_{A}", r"\mathcal{a}", "y + z + w"]
    wanted = Wanted(families=MIXED_FAMILIES, display=0.5, min_tokens=2, exclude=frozenset({"y + z + w"}))
    built = build_layouts(formulas, tmp_path / "a.layouts", wanted=wanted)
    corpus = load_layouts(tmp_path / "a.layouts")
    assert list(corpus.labels) == [" ".join(normalise(f)) for f in ("x^2", r"\frac12", r"\mathbb{1}_{A}")]
    assert (built.formulas, built.layouts) == (8, 3)
    assert built.dropped["length"] == 1
    assert built.dropped["seen before"] == 1
    assert built.dropped["excluded"] == 1
    assert built.dropped["letter missing from its alphabet"] == 1
    assert sum(built.dropped.values()) == 5


@pytest.mark.tex
@needs_tex
def test_same_seed_same_corpus(tmp_path):
    formulas = [f"x^{{{i}}}" for i in range(40)]
    for name in ("a", "b"):
        build_layouts(formulas, tmp_path / name, wanted=Wanted(families=MIXED_FAMILIES, display=0.5, limit=30), seed=7)
    a, b = load_layouts(tmp_path / "a"), load_layouts(tmp_path / "b")
    assert len(a) == 30
    assert list(a) == list(b)
    assert len({layout.glyphs[0].font for layout in a}) > 1


def test_families_that_confuse_symbols_are_known():
    assert not prints_in([r"\varrho"], FontFamily.TIMES)
    assert prints_in([r"\varrho"], FontFamily.COMPUTER_MODERN)


@pytest.mark.parametrize(
    ("label", "possible"),
    [
        (r"\mathbb { R }", True),
        (r"\mathbb { k }", True),
        (r"\mathbb { 1 }", True),
        (r"\mathbb { 2 }", False),
        (r"\mathcal { C P }", True),
        (r"\mathcal { f }", False),
        (r"\mathfrak { g }", True),
    ],
)
def test_letters_missing_from_alphabets(label, possible):
    assert (source_of(label.split()) is not None) is possible
