"""Pages of DVI files, ours against matplotlib's own slower reading of the same file."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from synth.dvi import EM_SP, Page, read_pages
from synth.tex import available, run_latex
from synth.typeset import FontFamily

pytestmark = [pytest.mark.tex, pytest.mark.skipif(not available(), reason="LaTeX is not installed")]
dviread = pytest.importorskip("matplotlib.dviread")

FORMULAS = [
    r"\frac{a}{b}+\sqrt[3]{x_{1}}",
    r"\left(\begin{matrix} 1 & 0 \\ 0 & 1 \end{matrix}\right)",
    r"\overbrace{abc}\underbrace{\int_0^1}\widehat{xyz}\bar{\alpha}",
    r"\mathbb{R}\mathcal{F}\mathfrak{g}\mathbf{x}\mathrm{y}\text{words and more}",
    r"\cancel{x}\hspace{-3em}\raise 5pt\hbox{up}\special{nothing}\rule{1em}{2pt}",
    r"\char200 \hat{}\,\kern-100pt x",
]


@pytest.fixture(params=FontFamily, ids=lambda family: family.name)
def dvi(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    run = run_latex(tmp_path, [(f, True) for f in FORMULAS], packages=request.param.value, time_limit_s=20)
    assert run.dvi is not None
    return run.dvi


def test_every_glyph_and_rule_stands_where_matplotlib_has_it(dvi: Path) -> None:
    ours = dict(read_pages(dvi))
    assert list(ours) == list(range(1, len(FORMULAS) + 1))
    with dviread.Dvi(str(dvi), None) as file:
        for number, theirs in enumerate(file, 1):
            page, origin = ours[number], theirs.boxes[0]
            if isinstance(page, str):
                continue
            texts = [text for text in theirs.text if text.font.texname.decode() in {g.font for g in page.glyphs}]
            placed = [((t.x - origin.x) / EM_SP, (t.y - origin.y) / EM_SP) for t in texts]
            # Blanks have no outline, and are not ours to keep.
            assert [(g.x, g.y) for g in page.glyphs] == [p for p in placed if p in {(g.x, g.y) for g in page.glyphs}]
            assert len(placed) - len(page.glyphs) <= 3
            rules = [(b.x - origin.x, b.y - origin.y - b.height, b.width, b.height) for b in theirs.boxes[1:]]
            found = [(r.box.x0, r.box.y0, r.box.width, r.box.height) for r in page.rules]
            assert found == [pytest.approx([v / EM_SP for v in rule]) for rule in rules]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 0.99])
def test_a_file_that_ends_early_gives_its_whole_pages(tmp_path: Path, share: float) -> None:
    formulas = [(r"\frac{a}{b}", True)] * 30
    run = run_latex(tmp_path, formulas, packages=FontFamily.COMPUTER_MODERN.value, time_limit_s=20)
    assert run.dvi is not None
    whole = dict(read_pages(run.dvi))
    data = run.dvi.read_bytes()
    run.dvi.write_bytes(data[: int(len(data) * share)])
    part = dict(read_pages(run.dvi))
    assert len(part) <= 30 * share + 1
    assert part == {number: whole[number] for number in range(1, len(part) + 1)}


def test_a_glyph_without_an_outline_is_named(tmp_path: Path) -> None:
    # Concrete Roman comes with TeX's own sources only, and nothing makes bitmaps of it.
    if subprocess.run(["kpsewhich", "ccr10.tfm"], capture_output=True).returncode:
        pytest.skip("there is no font without outlines")
    formulas = [(r"\hbox{\font\bare=ccr10 \bare a}", True), ("b", True)]
    run = run_latex(tmp_path, formulas, packages=FontFamily.COMPUTER_MODERN.value, time_limit_s=20)
    assert run.dvi is not None
    first, second = dict(read_pages(run.dvi)).values()
    assert isinstance(first, str)
    assert "ccr10" in first
    assert isinstance(second, Page)


def test_pages_that_are_no_formulas_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "plain.tex").write_text(r"\documentclass{article}\begin{document}text\newpage more\end{document}")
    subprocess.run(["latex", "-interaction=batchmode", "plain.tex"], cwd=tmp_path, capture_output=True, check=True)
    assert list(read_pages(tmp_path / "plain.dvi")) == []
