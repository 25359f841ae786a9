"""A `Document` as one HTML page that needs nothing else: its formulas are MathML, its style stands in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Collection, Sequence
from html import escape as escaped
from xml.etree.ElementTree import Element, SubElement, tostring

from pipeline import formula_tex, mathml
from pipeline.outputs import MADE_BY
from pipeline.prose_tex import clean
from scanpage.document import Block, Display, DisplayRow, Document, Figure, Formula, Paragraph, Piece, ScannedPage

# Should anything of a page ever become markup, it still may not load or run anything.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_STYLE = """
body { max-width: 44rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; }
body { font: 1.05rem/1.55 "Latin Modern Roman", Georgia, "Times New Roman", serif; }
section + section { border-top: 1px solid #ccc; margin-top: 2rem; padding-top: 1rem; }
.source { margin: 0; font: 0.75rem sans-serif; color: #767676; text-align: right; }
p { margin: 0.8em 0; overflow-wrap: break-word; }
h2, h3 { margin: 1.2em 0 0.5em; line-height: 1.25; overflow-wrap: break-word; }
.display { margin: 1em 0; overflow-x: auto; overflow-y: hidden; }
math { font-size: 1.1em; }
mtd.left { text-align: left; text-align: -moz-left; text-align: -webkit-left; }
mtd.right { text-align: right; text-align: -moz-right; text-align: -webkit-right; }
mtable.rows > mtr > mtd { padding: 0.25em 0; }
figure { margin: 1.2em 0; text-align: center; }
img { max-width: 100%; }
.check { background: #fff3c4; border-bottom: 2px dotted #b00020; }
.unread, .failure { color: #b00020; }
@media print {
  body { max-width: none; font-size: 11pt; }
  section + section { break-before: page; border: 0; }
  .display { overflow: visible; break-inside: avoid; }
}
"""


def document_to_html(document: Document) -> str:
    """The whole `.html` file, ending in a newline."""
    sources = dict.fromkeys(text(scanned.page.source) for scanned in document.pages)
    compounds = document.compounds
    sections = "\n".join(_page(scanned, compounds) for scanned in document.pages)
    return f"""<!DOCTYPE html>
<!-- {MADE_BY} {text(document.versions.scanpage)} -->
<html>
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{", ".join(sources) or "scanpage"}</title>
<style>{_STYLE}</style>
</head>
<body>
{sections}
</body>
</html>
"""


def text(prose: str) -> str:
    """Prose as HTML, in an element or an attribute, in which nothing is markup."""
    return escaped(clean(prose))


def _page(scanned: ScannedPage, compounds: Collection[str]) -> str:
    parts = [f'<p class="source">{text(scanned.page.name)}</p>']
    if scanned.failure is not None:
        parts.append(f'<p class="failure"><strong>Page not read:</strong> {text(scanned.failure)}</p>')
    parts += [_block(block, compounds) for block in scanned.blocks]
    return "\n".join(["<section>", *parts, "</section>"])


def _block(block: Block, compounds: Collection[str]) -> str:
    if isinstance(block, Figure):
        return (
            f'<figure><img alt="figure" src="data:image/jpeg;base64,{b64encode(block.jpeg).decode("ascii")}"></figure>'
        )
    return _display(block) if isinstance(block, Display) else _paragraph(block, compounds)


def _paragraph(paragraph: Paragraph, compounds: Collection[str]) -> str:
    name = f"h{paragraph.heading + 1}" if paragraph.heading else "p"
    return f"<{name}>{paragraph.joined(_piece, compounds=compounds)}</{name}>"


def _piece(piece: Piece) -> str:
    return text(piece) if isinstance(piece, str) else _inline(piece)


def _inline(formula: Formula) -> str:
    content = _content(formula)
    if content is None:
        return _source(formula)
    shown = _markup(mathml.math(content, display=False))
    return f'<span title="{_doubts([formula])}">{shown}</span>' if formula.check else shown


def _source(formula: Formula) -> str:
    """What stands for a formula that cannot be shown as one: its LaTeX."""
    return f'<code class="unread" title="formula not read">{text(formula.latex) or "formula not read"}</code>'


def _doubts(formulas: Sequence[Formula]) -> str:
    """What is told of formulas that are to be checked."""
    return "to be checked: right with a probability of " + ", ".join(f"{formula.score:.2f}" for formula in formulas)


def _markup(element: Element) -> str:
    return tostring(element, encoding="unicode")


def _content(formula: Formula) -> Element | None:
    """A formula as an `mrow`, marked where it is to be checked; None where it has no usable reading."""
    return _row(formula_tex.usable_tokens(formula.latex), formula)


def _row(tokens: list[str], formula: Formula) -> Element | None:
    content = mathml.row(tokens) if tokens else None
    if content is not None and formula.check:
        content.set("class", "check")
    return content


def _display(display: Display) -> str:
    rows = _aligned(display) or [_side_by_side(row) for row in display.rows]
    tags = [None if row.tag is None else clean(row.tag) for row in display.rows]
    shown = [(cells, tag) for cells, tag in zip(rows, tags, strict=True) if any(cell is not None for cell in cells)]
    failed = [formula for formula in display.formulas if _content(formula) is None]
    doubtful = [formula for formula in display.formulas if formula.check and formula not in failed]
    title = f' title="{_doubts(doubtful)}"' if doubtful else ""
    parts = [f'<div class="display"{title}>{_markup(_math(shown))}</div>'] if shown else []
    return "\n".join([*parts, *(f"<p>{_source(formula)}</p>" for formula in failed)])


def _aligned(display: Display) -> list[mathml.Cells] | None:
    rows = formula_tex.aligned_rows(display)
    if rows is None:
        return None
    formulas = [row.formulas[0] for row in display.rows]
    cells = [[_row(side, formula) for side in sides] for sides, formula in zip(rows, formulas, strict=True)]
    # A side that cannot be converted is not one that is empty.
    halves = [
        (bool(side), cell is not None)
        for sides, row in zip(rows, cells, strict=True)
        for side, cell in zip(sides, row, strict=True)
    ]
    return list(cells) if all(is_filled == is_shown for is_filled, is_shown in halves) else None


def _side_by_side(row: DisplayRow) -> mathml.Cells:
    contents = [content for content in map(_content, row.formulas) if content is not None]
    if len(contents) < 2:
        return contents or [None]
    together = Element("mrow")
    for index, content in enumerate(contents):
        if index:
            SubElement(together, "mspace", {"width": "2em"})
        together.append(content)
    return [together]


def _math(rows: Sequence[tuple[mathml.Cells, str | None]]) -> Element:
    (first, tag), *others = rows
    content = first[0] if not others and tag is None and len(first) == 1 else None
    return mathml.math(mathml.table(rows) if content is None else content, display=True)
