"""Whatever text a page holds, in whatever place it ends up, the document compiles and none of it is a command."""

from __future__ import annotations

import re
import shutil
import subprocess
import unicodedata
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from pipeline import prose_tex
from pipeline.write_tex import document_to_tex
from scanpage.document import Display, DisplayRow, Document, Formula, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.geometry import Box
from scanpage.latex import vocabulary
from scanpage.region import Region, RegionKind

BOX = Box(0, 0, 10, 10)
COUNT = 2000
ENGINES = [
    pytest.param(name, marks=pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed"))
    for name in ("pdflatex", "xelatex")
]

ASCII = "".join(map(chr, range(128)))
SIGNS = "\\{}$&#_%^~\"'`<>|-,!?[]*@=;: "
CONTROL = "".join(map(chr, [*range(32), *range(127, 160)])) + "\u2028\u2029\u200b\u200d\u202e\u2066\ufeff\u00ad\ufffe"
RIGHT_TO_LEFT = "".join(map(chr, [*range(0x5D0, 0x5EB), *range(0x620, 0x655), *range(0xFB1D, 0xFB50), 0x202B, 0x200F]))
EMOJI = "😀🎉👩🏽‍🔬👨‍👩‍👧‍👦🏳️‍🌈🇩🇪1️⃣❤️☺️🧮∑️"
MARKS = "aeiouxz\u0300\u0301\u0308\u0327\u0328\u0331\u0338\u0360\u20d7"
COMMANDS = [
    r"\input{/etc/passwd}", r"\input /etc/passwd ", r"\input{canary}", r"\input canary ", r"\include{canary}",
    r"\write18{touch touched}", r"\immediate\write18{touch touched}", r"\ShellEscape{touch touched}",
    r"\immediate\openout5=touched \immediate\write5{x}", r"\openin5=canary", r'\input|"touch touched"',
    r"\csname input\endcsname{canary}", r"\directlua{os.execute('touch touched')}", r"^^5cinput{canary}",
    r"^^^^005cinput{canary}", r"\catcode`\!=0 !input{canary}", r"\def\noindent{\input{canary}}",
    r"\let\par\input", r"\end{document}", r"\end", r"\bye", r"\stop", r"\begin{verbatim}", r"\verb|", r"\[", r"\]",
    r"$$", "$", "{", "}", r"\\[1em]", r"\\*", "[1]", "*", "&", r"\cr", r"\par", "%", "%\n\\input{canary}",
    "\n\n\\input{canary}", "\r\\input{canary}", "\x0b\\input{canary}", "\u2028\\input{canary}", r"\tag{1}",
    r"\tocheck{0.5}", r"\declarechar{0041}{\input{canary}}", r"\ExplSyntaxOn", r"\makeatletter\@@input canary ",
    r"\scantokens{\input{canary}}", r"\expandafter\input\expandafter{canary}", r"\special{pdf: x}",
    r"\loop\iftrue\repeat",
    r"\errmessage{x}", r"\batchmode", r"\newcommand{\x}[1]{#1}", "#1", "##", r"\_", r"\%", r"x^{2}", r"x _ { \input }",
    r"\frac{\input{canary}}{2}", r"\text{\input{canary}}", r"\begin{align*}", r"\end{align*}", r"\mathrm{\write18}",
]  # fmt: skip


def adversarial(count: int, seed: int) -> list[str]:
    """Texts of all kinds that a page, a file name or an error might hold; number *k* is always the same."""

    def from_signs(signs: str) -> Callable[[np.random.Generator], str]:
        return lambda rng: "".join(rng.choice(list(signs), rng.integers(1, 40)))

    def anything(rng: np.random.Generator) -> str:
        return "".join(map(chr, rng.integers(0, 0x110000, rng.integers(1, 20))))

    def commands(rng: np.random.Generator) -> str:
        return "".join(rng.choice(COMMANDS, rng.integers(1, 4)))

    def mixture(rng: np.random.Generator) -> str:
        parts = [kinds[rng.integers(len(kinds) - 1)](rng) for _ in range(4)]
        return str(rng.choice(["", " ", "\\"])).join(parts)

    def long(rng: np.random.Generator) -> str:
        return from_signs(ASCII)(rng) * 6

    signs = (ASCII, SIGNS, CONTROL + ASCII, RIGHT_TO_LEFT + " ", EMOJI, MARKS, "-,'<>`!?", "".join(prose_tex.DECLARED))
    kinds = [*map(from_signs, signs), anything, commands, commands, long, mixture]
    result = [ASCII, *COMMANDS]
    for index in range(count - len(result)):
        rng = np.random.default_rng((seed, index))
        result.append(kinds[index % len(kinds)](rng))
    return result


@cache
def texts(count: int = COUNT) -> tuple[str, ...]:
    return tuple(adversarial(count, 0))


@cache
def document(texts: tuple[str, ...], *, readings: bool = True) -> str:
    """A document with each text as prose, name of a page, reason of a failure, number and reading of a formula."""
    pages = []
    for text in texts:
        told = text if text.strip() else "x"
        inline, shown = (
            Formula(Region(BOX, kind), text if readings else "x", 0.5, check=kind is RegionKind.INLINE)
            for kind in (RegionKind.INLINE, RegionKind.ISOLATED)
        )
        prose = Paragraph((TextLine(BOX, (told, inline, told)), TextLine(BOX, (f"a{text}b-",)), TextLine(BOX, (told,))))
        numbered = Display((DisplayRow((shown, inline), told), DisplayRow((shown,))))
        name = Page(text, 1, 10, 10, 72.0)
        pages += [ScannedPage(name, (prose, numbered)), ScannedPage(name, failure=told)]
    return document_to_tex(Document(tuple(pages), Versions("0")))


STRUCTURE = {
    "\\[", "\\]", "\\\\", r"\noindent", r"\fbox", r"\parbox", r"\linewidth", r"\raggedright", r"\textbf", r"\texttt",
    r"\clearpage", r"\allowbreak", r"\mbox", r"\begin", r"\end", r"\tag", r"\text", r"\qquad", r"\tocheck",
}  # fmt: skip
ESCAPES = set(re.findall(r"\\[A-Za-z]+|\\.", "".join(prose_tex.SPECIAL.values())))


def control_sequences(source: str) -> set[str]:
    """What TeX's reading rules make a command of, comments left out."""
    found = set()
    for line in source.split("\n"):
        for match in re.finditer(r"\\[A-Za-z]+|\\.|%|\^\^", line):
            if match[0] == "%":
                break
            found.add(match[0])
    return found


def parts(source: str) -> tuple[str, str]:
    """The declarations of characters, and the body."""
    preamble, body = source.split("\\begin{document}\n", 1)
    declared = [line for line in preamble.splitlines() if re.match(r"\\declarechar\{[0-9A-F]{4,6}\}\{", line)]
    return "\n".join(declared), body


def test_all_of_ascii_and_every_kind_of_text_is_there() -> None:
    assert len(texts()) == COUNT and set(ASCII) <= set("".join(texts()))
    kinds = {unicodedata.bidirectional(char) for char in "".join(texts())}
    assert {"R", "AL", "RLO", "NSM", "BN", "B"} <= kinds


def test_the_only_commands_of_a_body_are_our_own() -> None:
    _, body = parts(document(texts(), readings=False))
    assert control_sequences(body) <= STRUCTURE | ESCAPES
    # Nor is there an active or special sign that the text brought: none stands without its backslash.
    prose = [line for line in body.split("\n") if not line.startswith("%")]
    bare = re.sub(r"\\tocheck\{0\.50\}\$x\$|\\.", "", "\n".join(prose))
    assert not re.search(r"[$#~^_]", bare.replace("% ", ""))


def test_the_only_commands_of_readings_are_those_of_mathematics() -> None:
    mathematics = {command for token in vocabulary() for command in re.findall(r"\\[A-Za-z]+|\\.", token)}
    _, body = parts(document(texts()))
    assert control_sequences(body) <= STRUCTURE | ESCAPES | mathematics
    environments = set(re.findall(r"^(?!%).*?\\begin\{(.*?)\}", body, re.MULTILINE))
    assert environments <= {"gather*", "align*", "matrix", "cases", "aligned"}


def test_characters_mean_only_what_is_in_our_tables() -> None:
    declared, _ = parts(document(texts()))
    tables = "".join([*prose_tex.DECLARED.values(), *prose_tex.ACCENTS.values()])
    ours = set(re.findall(r"\\[A-Za-z]+|\\.", tables)) | ESCAPES | {r"\declarechar", r"\texttt", r"\allowbreak"}
    assert control_sequences(declared) <= ours


def compiled(source: str, folder: Path, engine: str, *options: str) -> str:
    """Compile; returns the log. It must be without errors, and without characters that no font has."""
    (folder / "page.tex").write_text(source, "utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", *options, "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=280, check=False)
    log = (folder / "page.log").read_text("utf-8", "replace")
    assert done.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith(("!", "l.")))
    assert (folder / "page.pdf").stat().st_size > 0
    assert "Missing character" not in log, re.findall("Missing character.*", log)[:5]
    return log


@pytest.mark.tex
@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_two_thousand_adversarial_texts_compile(engine: str, tmp_path: Path) -> None:
    compiled(document(texts()), tmp_path, engine, "-no-shell-escape")


@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_no_text_reads_or_writes_a_file_even_where_that_is_allowed(engine: str, tmp_path: Path) -> None:
    (tmp_path / "canary.tex").write_text("\\typeout{THE CANARY SINGS}\n")
    log = compiled(document(tuple(COMMANDS)), tmp_path, engine, "-shell-escape")
    assert "SINGS" not in log and "canary.tex" not in log
    assert {path.name for path in tmp_path.iterdir()} == {
        "canary.tex",
        *(f"page.{end}" for end in ("tex", "aux", "log", "pdf")),
    }


@pytest.mark.tex
@pytest.mark.parametrize("engine", ENGINES)
def test_the_canary_would_sing(engine: str, tmp_path: Path) -> None:
    (tmp_path / "canary.tex").write_text("\\typeout{THE CANARY SINGS}\n")
    source = document(("x",)).replace("\\clearpage", "\\clearpage\\input{canary}\\immediate\\write18{touch touched}")
    assert "SINGS" in compiled(source, tmp_path, engine, "-shell-escape")
    assert (tmp_path / "touched").exists()
