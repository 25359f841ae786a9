import shutil
import tempfile
import time

import pytest

from scanpage.errors import OutputError
from synth import typeset as module
from synth.layout import Failure, Layout
from synth.typeset import FontFamily, available, typeset

pytestmark = [pytest.mark.tex, pytest.mark.skipif(not available(), reason="LaTeX is not installed")]

BAD = [
    (r"\undefinedcommand x", "Undefined control sequence"),
    (r"a & b", "alignment tab"),
    (r"\left( x", "right"),
    (r"\begin{nosuch} y", "undefined"),
    (r"\frac{a}", ""),
    (r"\iffalse", ""),  # would swallow all that follows
    (r"\end{document}", ""),
    (r"a}{", "unbalanced braces"),
    (r"a % b", "comment"),
    ("a \\", "ends in a backslash"),
    ("a\nb", "line break"),
    ("", "nothing to see"),
]


@pytest.mark.parametrize(("formula", "reason"), BAD)
def test_a_broken_formula_costs_only_itself(formula, reason):
    before, broken, after = typeset(["a", formula, "b"], time_limit_s=5)
    assert isinstance(broken, Failure)
    assert reason in broken.reason
    assert broken.latex == formula
    assert [g.name for g in before.glyphs] == ["a"]
    assert [g.name for g in after.glyphs] == ["b"]


# Formulas that would never end, or take all there is, each in its own way; and part of the reason.
EVIL = [
    (r"\def\again{\again}\again", "1 s"),  # silent
    (r"\loop\iftrue\repeat", "1 s"),
    (r"\loop\message{x}\iftrue\repeat", ""),  # with little to say, again and again: fast machines soon said too much
    (r"\loop\message{\the\count0 \the\count0 \the\count0 \the\count0}\iftrue\repeat", ""),  # with much to say
    (r"\loop\message{[\the\count5.\the\count1]}\advance\count5 1\iftrue\repeat", ""),  # as if it shipped pages
    (r"\edef\y{aaaaaaaa}\loop\edef\y{\y\y}\iftrue\repeat", "main memory"),
    (r"\def\x{\x\x}\x", "input stack"),
    (r"\input{/dev/zero}", ""),
]


@pytest.mark.parametrize(("formula", "reason"), EVIL)
def test_endless_formulas_cost_seconds_and_only_themselves(formula, reason):
    start = time.monotonic()
    results = typeset(["a", formula, "b", r"\nosuch", "c"], time_limit_s=1)
    assert [isinstance(r, Layout) for r in results] == [True, False, True, False, True]
    assert reason in results[1].reason
    assert time.monotonic() - start < 20  # 2 s and the starts of TeX, on a busy machine too


def test_many_endless_formulas_in_a_batch():
    loop = r"\loop\iftrue\repeat"
    results = typeset(["a", loop, "b", loop, loop, "c"], time_limit_s=0.5)
    assert [isinstance(r, Layout) for r in results] == [True, False, True, False, False, True]


@pytest.mark.parametrize("formula", [r"\gdef\frac{x}", r"\global\let\alpha\beta", r"\shipout\hbox{x}"])
def test_what_would_change_other_formulas_is_refused(formula):
    broken, after = typeset([formula, r"\frac{\alpha}{2}"])
    assert broken.reason == "changes other formulas"
    assert len(after.glyphs) == 2
    assert isinstance(typeset([r"\globe"])[0], Failure)


def test_no_room_for_temporary_files_is_the_users_to_mend(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(OutputError, match="TMPDIR"):
        typeset(["x"])


def test_a_full_disk_is_not_blamed_on_formulas(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert isinstance(typeset(["x"])[0], Layout)
    with pytest.raises(OutputError, match="no space left"):
        typeset([r"\end{document}"])


def test_styles_of_each_formula():
    formula = r"\sum_{i=1}^{n} i"
    heights = [layout.box.height for layout in typeset([formula] * 3, display=[True, False, True])]
    assert heights[0] == heights[2] > 1.5 * heights[1]


def test_more_errors_than_tex_tolerates_in_a_row():
    results = typeset([*([r"\nosuch"] * 120), "x"])
    assert all(isinstance(r, Failure) for r in results[:-1])
    assert isinstance(results[-1], Layout)


def test_batches_keep_the_order(monkeypatch):
    monkeypatch.setattr(module, "BATCH", 3)
    names = [r.glyphs[0].name for r in typeset(list("abcdefgh"))]
    assert names == list("abcdefgh")


def test_positions_are_in_em_from_the_baseline():
    (layout,) = typeset([r"\frac{a}{b}"])
    top, bottom = layout.glyphs
    (bar,) = layout.rules
    assert top.y < bar.box.y0 < bar.box.y1 < bottom.y
    assert bar.box.height == pytest.approx(0.04, abs=0.005)  # TeX's rule is 0.4 pt
    assert bar.box.center[1] == pytest.approx(-0.25, abs=0.01)  # the mathematics axis
    (letter,) = typeset(["x"])
    assert letter.glyphs[0].y == 0
    assert letter.box.y1 == pytest.approx(0.011, abs=0.002)  # cmmi10's x descends 11 units below the baseline


def test_text_style_is_smaller_than_display_style():
    formula = [r"\sum_{i=1}^{n} i"]
    (display,), (text,) = typeset(formula), typeset(formula, display=False)
    assert display.box.height > 1.5 * text.box.height


@pytest.mark.parametrize("family", FontFamily)
def test_every_family_sets_letters_symbols_and_alphabets(family):
    formula = (
        r"\sum_{i=0}^{\infty} \alpha_i \leqslant \mathbb{R} \mathcal{F} \mathfrak{g} \mathbf{x} \mathrm{y} \sqrt{2}"
    )
    (layout,) = typeset([formula], family=family)
    assert isinstance(layout, Layout)
    assert len(layout.glyphs) == 15
    assert all(g.shape.contours for g in layout.glyphs)


def test_a_letter_that_its_font_lacks_is_a_failure():
    (result,) = typeset([r"\mathscr{m}"])
    assert isinstance(result, Failure)
    assert "Missing character" in result.reason


def test_no_file_is_left_behind(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    typeset(["x", r"\loop\iftrue\repeat"], time_limit_s=1)
    assert list(tmp_path.iterdir()) == []


def test_formulas_cannot_run_programs(tmp_path):
    target = tmp_path / "made"
    typeset([rf"\immediate\write18{{touch {target}}} x"])
    assert not target.exists()
