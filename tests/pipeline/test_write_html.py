from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from documents import document, formula, paragraph, row

from pipeline.write_html import document_to_html
from scanpage.document import (
    Block,
    Display,
)

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def page(*blocks: Block, failure: str | None = None) -> str:
    return document_to_html(document(*blocks, failure=failure))


def test_prose_with_an_inline_formula() -> None:
    assert "<p>see (<math><mrow><mi>x</mi></mrow></math>), and a &lt; b</p>" in page(
        paragraph(("see (", formula("x"), "), and a < b"))
    )


def test_divided_word_is_joined() -> None:
    assert "<p>the function of Navier-Stokes</p>" in page(paragraph(("the func-",), ("tion of Navier-",), ("Stokes",)))


def test_one_row_is_a_formula_and_several_are_a_table() -> None:
    assert '<div class="display"><math display="block"><mrow><mi>x</mi>' in page(Display((row("x = 1"),)))
    table = page(Display((row("x = 1"), row("= 2", tag="3"))))
    assert table.count("<mtr>") == 2 and table.count(' class="right"') == table.count(' class="left"') == 2
    assert "<mtext>(3)</mtext>" in table
    gathered = page(Display((row("a = 1", "b = 2"), row("c"))))
    assert gathered.count('<mtd class="center">') == 2 and '<mspace width="2em"' in gathered


def test_doubtful_readings_are_marked_with_their_probability() -> None:
    title = 'title="to be checked: right with a probability of 0.38'
    marked = page(paragraph((formula("x", check=True), "and", formula("y"))))
    assert f'<span {title}"><math><mrow class="check"><mi>x</mi>' in marked and marked.count(title) == 1
    display = page(Display((row("z", "w", check=True), row("v"))))
    assert f'<div class="display" {title}, 0.38">' in display and display.count('<mrow class="check">') == 2


@pytest.mark.parametrize("latex", ["", "{ x", r"\input { secret }", "<script>\\x"])
def test_unusable_reading_is_shown_as_its_source(latex: str) -> None:
    source = page(Display((row("a", latex),)), paragraph((formula(latex),)))
    assert source.count('<code class="unread" title="formula not read">') == 2
    assert "<script" not in source and "<mi>a</mi>" in source


def test_failed_page_is_told() -> None:
    assert "<strong>Page not read:</strong> notes.pdf page 1 &lt;gone&gt;" in page(failure="notes.pdf page 1 <gone>")


def test_the_page_needs_nothing_else() -> None:
    source = page(Display((row("x"),)))
    assert "default-src 'none'" in source
    assert not any(word in source for word in ("http:", "https:", "src=", "href=", "@import", "url("))


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_browser_shows_the_formulas_and_runs_nothing(tmp_path: Path) -> None:
    blocks = (
        paragraph(('<img src=x onerror="document.title=1">', formula(r"\frac { a } { b }"))),
        Display((row("x = 1"), row("= 2"))),
    )
    (tmp_path / "a.html").write_text(page(*blocks), "utf-8")
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{tmp_path}/a.html"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    assert "<title>notes.pdf</title>" in shown and "<img" not in shown
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in shown and shown.count("<mtr>") == 2
