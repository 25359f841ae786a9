"""The review page in a real Chromium, opened from a file."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.formula_tex import tidy
from pipeline.read_json import document_from_json
from pipeline.write_json import document_to_json
from pipeline.write_review import page_picture, write_review
from pipeline.write_tex import document_to_tex
from scanpage.document import (
    Alternative,
    Block,
    Display,
    DisplayRow,
    Document,
    Formula,
    Page,
    Paragraph,
    Piece,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.geometry import Box
from scanpage.latex import normalise, repair, tokenize, vocabulary
from scanpage.latex_symbols import ACCENTS, ALPHABETS, FUNCTIONS, SYNONYMS, TWO_ARGUMENTS
from scanpage.latex_unicode import SIGNS
from scanpage.region import Region, RegionKind

PAGE = Page("notes.pdf", 1, 400, 600, 100.0)
TURNED = Page("photo.jpg", 1, 600, 400, 100.0, quarter_turns=1)
HOSTILE = (
    "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt = 2'> <!-- \\input{/etc/passwd} "
    "$x$ 50% a_b ~ ^ # & {} -- '' 中文 naïve “quoted” ½ "
)

WAIT_S = 20.0


class Browser:
    """A headless Chromium with one page open; what it saves goes to `downloads`."""

    def __init__(self, downloads: Path) -> None:
        # Both programs are named, so that selenium does not look for others, on the network.
        chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
        if chromium is None or chromedriver is None:
            pytest.skip("Chromium and its chromedriver are not installed")
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = chromium
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,900"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Chromium takes the clicks of scripts for nobody's, and asks before it saves a second file for them.
        settings = {"automatic_downloads": 1}
        prefs = {"download.default_directory": str(downloads), "profile.default_content_setting_values": settings}
        options.add_experimental_option("prefs", prefs)
        self.downloads = downloads
        self.driver = webdriver.Chrome(options=options, service=Service(chromedriver))

    def open(self, page: Path) -> None:
        """Open a file by its `file://` address, as a person does."""
        self.driver.get(page.resolve().as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def errors(self) -> list[str]:
        """What the console has told since the last call, warnings included."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def saved(self, name: str) -> str:
        """The text of a file that the page saves, once it is there; it is removed, so that another may follow."""
        path = self.downloads / name
        end = time.monotonic() + WAIT_S
        while not path.is_file():
            assert time.monotonic() < end, f"{name} was not saved"
            time.sleep(0.05)
        text = path.read_text("utf-8")
        path.unlink()
        return text


Open = Callable[[Document], Browser]


def formula(
    latex: str, y: float = 0, *, score: float = 0.9, inline: bool = False, others: tuple[str, ...] = ()
) -> Formula:
    kind = RegionKind.INLINE if inline else RegionKind.ISOLATED
    alternatives = tuple(Alternative(other, 0.1) for other in others)
    check = bool(latex) and score < 0.5
    return Formula(Region(Box(100, y, 180, y + 20), kind), latex, score, alternatives, check)


def inline(latex: str, y: float = 0, *, score: float = 0.9) -> Formula:
    return formula(latex, y, score=score, inline=True)


def display(*rows: Formula, tag: str | None = None) -> Display:
    return Display(tuple(DisplayRow((one,), tag) for one in rows))


def paragraph(*lines: tuple[Piece, ...]) -> Paragraph:
    return Paragraph(tuple(TextLine(Box(20, 10, 380, 30), pieces) for pieces in lines))


def document(*blocks: Block, page: Page = PAGE) -> Document:
    return Document((ScannedPage(page, blocks),), Versions("1.2.3"))


NOTES = document(
    paragraph(
        ("The func-",),
        ("tion of Navier-",),
        (
            "Stokes (see",
            inline("x ^ { 2 }", 10, score=0.3),
            "), now",
        ),
    ),
    display(formula("E = m c ^ { 2 }", 100, score=0.2, others=("E = m c", "E = n c")), tag="1"),
    paragraph(("for all", inline(r"x \in A"), inline("y"), ". Then…")),
    display(formula("x = 1", 200), formula("= [ 2 ]", 230, score=0.4), formula(r"x \geq 2", 260)),
    display(formula("", 300, score=0)),
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("downloads"))
    yield browser
    browser.driver.quit()


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens the review page of a document; nothing may have been told on the console at the end."""

    def open_page(whole: Document) -> Browser:
        def picture(index: int) -> bytes | None:
            scanned = whole.pages[index]
            blank = np.full((scanned.page.height_px, scanned.page.width_px, 3), 250, np.uint8)
            return None if scanned.failure is not None else page_picture(scanned, blank)

        write_review(tmp_path / "review.html", whole, picture)
        chromium.open(tmp_path / "review.html")
        chromium.run("localStorage.clear()")  # of tests before, which had the same document
        chromium.driver.refresh()
        return chromium

    chromium.errors()
    yield open_page
    assert chromium.errors() == []


def card_of(browser: Browser, number: int) -> str:
    """A selector of the card of a formula, by the number that the page shows."""
    find = (
        "return [...document.querySelectorAll('.number')].find(e => e.textContent == arguments[0]).closest('.card').id"
    )
    return f"#{browser.run(find, str(number))}"


def write(browser: Browser, selector: str, text: str) -> None:
    browser.run(
        "const area = document.querySelector(arguments[0]); area.value = arguments[1];"
        "area.dispatchEvent(new Event('input', {bubbles: true}))",
        selector,
        text,
    )


def save(browser: Browser, kind: str) -> str:
    browser.run(f"document.querySelector('#save-{kind}').click()")
    return browser.saved(f"review.{kind}")


def visible_text(browser: Browser, selector: str) -> str:
    return str(browser.run("return document.querySelector(arguments[0]).textContent", selector))


def test_what_nobody_touched_is_saved_as_it_was_written(opened: Open) -> None:
    browser = opened(NOTES)
    assert save(browser, "tex") == document_to_tex(NOTES)
    assert json.loads(save(browser, "json")) == document_to_json(NOTES)


def test_an_edited_formula_is_rendered_and_saved(opened: Open) -> None:
    browser = opened(NOTES)
    card = card_of(browser, 2)
    assert visible_text(browser, f"{card} math") == "E=mc2"
    write(browser, f"{card} textarea", r"E = \frac12 mv^2")
    assert visible_text(browser, f"{card} math mfrac") == "12"
    saved = document_from_json(json.loads(save(browser, "json")))
    assert saved.formulas[1].latex == r"E = \frac { 1 } { 2 } m v ^ { 2 }"
    assert (saved.formulas[1].check, saved.formulas[1].score) == (False, 1)
    source = save(browser, "tex")
    assert r"  E = \frac{1}{2}mv^{2} \tag{1}" in source
    assert source == document_to_tex(saved)


def test_a_word_with_a_hyphen_in_a_correction_keeps_it_at_the_end_of_a_line(opened: Open) -> None:
    browser = opened(document(paragraph(("a semi-",), ("locally compact",), ("n-",), ("fold, semi locally",))))
    assert save(browser, "tex").count("semi%\nlocally") == save(browser, "tex").count("n-%\nfold") == 1
    write(browser, "#reading-3 textarea", "fold, semi-locally")
    source = save(browser, "tex")
    assert "semi-%\nlocally" in source
    assert source == document_to_tex(document_from_json(json.loads(save(browser, "json"))))


def test_every_change_is_saved_as_the_program_would_write_it(opened: Open) -> None:
    browser = opened(NOTES)
    texts = [f"#reading-{index} textarea" for index in (0, 1)]
    write(browser, texts[0], "A Fan-\ntasy, of-")
    write(browser, texts[1], "  fice 100% of (α, ½) " + HOSTILE)
    write(browser, f"{card_of(browser, 4)} textarea", "[a]")
    write(browser, f"{card_of(browser, 6)} textarea", "*b")  # a row without a relation: the rows are no longer aligned
    write(browser, f"{card_of(browser, 8)} textarea", r"\sum_{i=1}^n i'")
    for number in (1, 2):
        browser.run(f"document.querySelector('{card_of(browser, number)} .accept').click()")
    saved = document_from_json(json.loads(save(browser, "json")))
    assert not saved.to_check
    source = save(browser, "tex")
    assert source == document_to_tex(saved)
    assert "gather*" in source
    assert r"\sum_{i = 1}^{n}i^{\prime}" in source
    assert "\\tocheck" not in source


def test_every_character_of_a_text_is_written_as_the_program_does(opened: Open) -> None:
    kept = (chr(code) for code in (*range(0x20, 0xD800), *range(0xF900, 0xFFFE), *range(0x1D400, 0x1D800)))
    signs = [char for char in kept if unicodedata.category(char) != "Cn"]
    text = "a" + "".join(signs) + " \\ {x}_^~# -- --- '' ,, << >> `` \x00\x01\x1f\u200b b"
    browser = opened(document(paragraph(("so",), (text, inline("x")))))
    written = save(browser, "tex")
    assert written == document_to_tex(document(paragraph(("so",), (text, inline("x")))))


def test_a_text_that_is_emptied_is_gone(opened: Open) -> None:
    browser = opened(NOTES)
    write(browser, "#reading-0 textarea", "  ")
    line = browser.run("return document.querySelector('.chip').closest('.card').id")
    for index in (1, 2):
        write(browser, f"#{line} .line textarea:nth-of-type({index})", "")
    saved = document_from_json(json.loads(save(browser, "json")))
    assert save(browser, "tex") == document_to_tex(saved)
    assert len(saved.pages[0].blocks[0].lines) == 2  # type: ignore[union-attr]


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_what_is_saved_compiles(opened: Open, tmp_path: Path) -> None:
    browser = opened(NOTES)
    write(browser, "#reading-0 textarea", HOSTILE)
    write(
        browser, f"{card_of(browser, 2)} textarea", r"\begin{pmatrix}a&b\\c&d\end{pmatrix} \text{ if } α\le\mathbb{1}"
    )
    (tmp_path / "saved.tex").write_text(save(browser, "tex"), "utf-8")
    command = ["pdflatex", "-no-shell-escape", "-interaction=nonstopmode", "-halt-on-error", "saved.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\input{/etc/passwd}", "\\input is not known"),
        (r"x } \write18{ls}", "closes nothing"),
        (r"\frac{1}", "lacks"),
        (r"{x", "not closed"),
        (r"x^1^2", "two superscripts"),
        (r"\begin{tabular}{c}x\end{tabular}", "tabular"),
        (r"\left( x", "\\left without"),
        (r"x % y", "% is not known"),
        (r"constructor \constructor", "\\constructor"),
        (r"\mathbb{x} <img src=x onerror=alert(1)>", "\\mathbb has no x"),
        ("{" * 60 + "}" * 60, "too deeply"),
        (r"\hat{}", "over nothing"),
        ("  ", "nothing"),
        ("\\", "\\ is not known"),
        ("x$", "$ is not known"),
    ],
)
def test_a_wrong_formula_is_told_and_not_saved(opened: Open, latex: str, message: str) -> None:
    browser = opened(NOTES)
    card = card_of(browser, 2)
    write(browser, f"{card} textarea", latex)
    assert message in visible_text(browser, f"{card} .error")
    assert browser.run(f"return document.querySelector('{card} .rendering').hidden")
    for kind in ("tex", "json"):
        browser.run(f"document.querySelector('#save-{kind}').click()")
        assert "Not saved: formula 2 has to be mended" in visible_text(browser, "#trouble")
    browser.run(f"document.querySelector('{card} .undo').click()")
    assert save(browser, "tex") == document_to_tex(NOTES)
    assert browser.run("return document.querySelector('#trouble').hidden")


def samples() -> list[str]:
    """A formula for each token of the label language."""
    shown: dict[str, str] = dict.fromkeys(SIGNS.keys() | FUNCTIONS, "{}")
    shown |= dict.fromkeys(ACCENTS, "{}{{x}}") | dict.fromkeys(TWO_ARGUMENTS, "{}{{a}}{{b}}")
    shown |= dict.fromkeys(ALPHABETS, "{}{{A}}")
    whole = [pattern.format(token) for token, pattern in shown.items()]
    structures = [
        r"\sqrt[3]{x} + \sqrt{y}", r"a \quad b", r"\mathrm{if~so}", r"\left(\frac{a}{b}\right]",
        r"\begin{matrix}a & b \\ c & d\end{matrix}", r"\begin{cases}a & b \\ c & d\end{cases}",
        r"\begin{aligned}a & = b \\ & = d\end{aligned}", r"{}_{2}F_{1}^{\prime}",
    ]  # fmt: skip
    formulas = whole + structures
    assert set(vocabulary()) == {token for latex in formulas for token in tokenize(latex)}
    return formulas


def test_every_command_of_the_label_language_is_rendered_and_kept(opened: Open) -> None:
    browser = opened(NOTES)
    read = """
        const data = JSON.parse(document.getElementById('data').textContent), reader = latexReader(data.language);
        return arguments[0].map(latex => {
          try {
            const tree = reader.parse(latex);
            const math = reader.mathml(tree, true);
            document.body.append(math);
            const {width, height} = math.getBoundingClientRect();
            math.remove();
            return [reader.source(tree), width * height];
          } catch (error) { return [String(error), 0]; }
        });"""
    formulas = samples()
    for latex, (source, area) in zip(formulas, browser.run(read, formulas), strict=True):
        assert source == tidy(normalise(latex)), latex
        assert area > 0, latex


TYPED = [
    r"\dfrac12", r"a\le b\to c", r"$x$", r"\[ x \]", r"\operatorname{rank}A", r"\text{if } x", r"x''", r"\not=",
    r"\begin{bmatrix}1\\2\end{bmatrix}", r"a \\ b", r"\big(x\big)", r"\lvert x\rvert",
    r"\xrightarrow[a]{b}", r"\underbrace{x+y}_{n}", r"1+\dots+n", r"a\pmod n", r"\bm{x}", r"{ab}^2",
    r"\limsup\limits_n", r"\begin{array}{lr}a&b\\c&d\end{array}", r"\sqrt[n]x", r"\binom n k",
    r"x_{a}^{b}", r"f(x,y)=-1",
]  # fmt: skip


def test_what_the_page_takes_the_program_takes(opened: Open) -> None:
    browser = opened(NOTES)
    script = """
        const data = JSON.parse(document.getElementById('data').textContent), reader = latexReader(data.language);
        return arguments[0].map(latex => reader.tokens(reader.parse(latex)));"""
    for latex, tokens in zip(TYPED, browser.run(script, TYPED), strict=True):
        assert normalise(tokens) == normalise(latex), latex


def test_what_the_recognizer_may_write_comes_back_and_what_the_page_takes_can_be_written(opened: Open) -> None:
    rng = random.Random(20)
    tokens = [
        *vocabulary(),
        *"{}{}{}^_^_[]'",
        "\\frac",
        "\\left",
        "\\right",
        "\\text",
        "\\boldsymbol",
        "\\\\",
        *SYNONYMS,
    ]
    readings = [repair(rng.choices(tokens, k=rng.randint(2, 20))) for _ in range(400)]
    known = [" ".join(reading) for reading in readings if reading and repair(reading) == reading]
    typed = [" ".join(rng.choices(tokens, k=rng.randint(1, 8))) for _ in range(2000)]
    browser = opened(NOTES)
    script = """
        const data = JSON.parse(document.getElementById('data').textContent), reader = latexReader(data.language);
        return arguments[0].map(latex => {
          try { return reader.tokens(reader.parse(latex)); } catch (error) {
            if (!(error instanceof LatexError)) throw error;
            return null;
          }
        });"""
    assert browser.run(script, known) == known
    taken = [latex for latex in browser.run(script, typed) if latex is not None]
    assert len(taken) > 500
    for latex in taken:
        assert normalise(latex)


def test_doubtful_ones_stand_first_until_order_is_switched(opened: Open) -> None:
    browser = opened(NOTES)
    numbers = "return [...document.querySelectorAll('.card .number')].map(e => +e.textContent)"
    assert visible_text(browser, "#left") == "4 to check"
    assert browser.run(numbers)[:5] == [8, 2, 1, 6, 3]
    browser.run("document.querySelector('input[value=reading]').click()")
    assert browser.run(numbers) == list(range(1, 9))
    assert browser.run("return document.querySelectorAll('#readings > .card').length") == 12


def test_boxes_and_readings_lead_to_each_other(opened: Open) -> None:
    browser = opened(NOTES)
    browser.run("document.querySelectorAll('.box.isolated')[0].click()")
    assert browser.run("return document.querySelector('.card.current .number').textContent") == "2"
    browser.run(f"document.querySelector('{card_of(browser, 5)} .crop').click()")
    assert browser.run("return document.querySelector('.box.current .badge').textContent") == "5"


def test_keys_lead_through_the_doubtful_ones(opened: Open) -> None:
    browser = opened(NOTES)
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))"
    current = "return document.querySelector('.card.current .number').textContent"
    seen = []
    for key in "nnaap":
        browser.run(press, key)
        seen.append(browser.run(current))
    assert seen == ["8", "2", "1", "6", "8"]
    assert visible_text(browser, "#left") == "2 to check"
    assert save(browser, "tex").count("\\tocheck{") == 1 + document_to_tex(NOTES).count("\\tocheck{") - 3


def test_changes_outlive_a_reload(opened: Open) -> None:
    browser = opened(NOTES)
    card = card_of(browser, 3)
    write(browser, f"{card} textarea", "z")
    browser.driver.refresh()
    assert visible_text(browser, f"{card} math") == "z"
    assert visible_text(browser, f"{card} .state") == "edited"


def test_an_alternative_can_be_taken(opened: Open) -> None:
    browser = opened(NOTES)
    card = card_of(browser, 2)
    browser.run(f"document.querySelector('{card} .other').click()")
    assert "  E = mc \\tag{1}" in save(browser, "tex")


def test_hostile_text_stays_text(opened: Open) -> None:
    others = replace(formula(r"\bad{<img src=x onerror='window.hurt=3'>}"), check=True)
    page = replace(PAGE, source=HOSTILE.replace("/", "|"))
    failed = ScannedPage(replace(page, number=2), failure=HOSTILE)
    whole = document(paragraph((HOSTILE, inline("x"))), display(others), page=page)
    whole = replace(whole, pages=(*whole.pages, failed))
    browser = opened(whole)
    write(browser, ".line textarea", HOSTILE + HOSTILE)
    assert browser.run("return window.hurt") is None
    assert browser.run("return document.querySelectorAll('script').length") == 2
    assert save(browser, "tex") == document_to_tex(document_from_json(json.loads(save(browser, "json"))))


def test_a_page_on_its_side_is_shown_upright_and_saved_as_it_was(opened: Open) -> None:
    whole = document(display(formula("x = 1", 50)), page=TURNED)
    browser = opened(whole)
    size = browser.run("const i = document.querySelector('img'); return [i.naturalWidth, i.naturalHeight]")
    assert size == [400, 600]
    assert json.loads(save(browser, "json")) == document_to_json(whole)
    box = browser.run("const s = document.querySelector('.box').style; return [s.left, s.top]")
    assert "12.5%" in box[0]


@pytest.mark.parametrize("width", [1200, 380])
def test_nothing_is_wider_than_the_window(opened: Open, width: int) -> None:
    browser = opened(NOTES)
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wide = "const r = document.querySelector('.readings'); return r.scrollWidth > r.clientWidth"
        assert not browser.run(wide)
        assert browser.run("return document.documentElement.scrollWidth") <= width
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
