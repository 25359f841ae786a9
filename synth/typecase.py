"""A small typesetter: simple formulas and labels from the glyphs that a corpus of layouts brings.

TeX sets formulas from files before pages are made. What a page invents while it is written (a derivation whose lines
belong together, the number of a question) is set here, in TeX's proportions, so that it can be painted like the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule, Shape

# A few hundred formulas show every common glyph.
SEARCHED = 500
SCRIPT_SIZE = 0.7
SUP_RISE, SUB_DROP = 0.41, 0.18
AXIS = 0.25
RULE = 0.04
BEARING = 0.04
LEAST_ADVANCE = 0.28

RELATIONS = frozenset({"=", "<", ">", r"\leq", r"\geq", r"\neq", r"\approx", r"\Rightarrow", r"\rightarrow", r"\simeq"})
OPENING = frozenset({"(", "[", r"\{"})
SIGN = "sign"
OPERATORS = frozenset({"+", "-", r"\times", r"\cdot", r"\pm", r"\div"})
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
# Tokens by PostScript name; letters are their own.
_NAMES = {
    **dict(zip(_DIGITS, "0123456789", strict=True)),
    **{"plus": "+", "minus": "-", "equal": "=", "less": "<", "greater": ">", "lessequal": r"\leq"},
    **{"greaterequal": r"\geq", "notequal": r"\neq", "approxequal": r"\approx", "similarequal": r"\simeq"},
    **{"arrowright": r"\rightarrow", "arrowdblright": r"\Rightarrow", "multiply": r"\times", "divide": r"\div"},
    **{"plusminus": r"\pm", "periodcentered": r"\cdot", "prime": r"\prime"},
    **{f"radical{size}": r"\sqrt" for size in ("", "big", "Big", "bigg")},
    **{"parenleft": "(", "parenright": ")", "bracketleft": "[", "bracketright": "]", "slash": "/"},
    **{"comma": ",", "period": ".", "colon": ":", "integraldisplay": r"\int"},
    **{name: "\\" + name for name in ("alpha", "beta", "pi", "theta", "lambda", "Delta", "omega")},
}
_FONTS = ("cmr10", "cmmi10", "cmsy10", "cmex10")
_LETTERS = ("cmr10", "cmmi10")
"""The letters of cmsy10 are calligraphic."""
_BOLD = ("cmbx", "cmmib", "cmbsy")
_WORDS = {rf"\{word}": word for word in ("sin", "cos", "tan", "log", "ln")}


@dataclass(frozen=True, slots=True)
class Block:
    """Part of a formula, its origin on the baseline at (0, 0); `advance` is where the next part begins."""

    glyphs: tuple[Glyph, ...] = ()
    rules: tuple[Rule, ...] = ()
    advance: float = 0.0

    @property
    def box(self) -> Box:
        return Box.around([g.box for g in self.glyphs] + [r.box for r in self.rules])

    def moved(self, dx: float, dy: float) -> Block:
        return Block(
            tuple(replace(g, x=g.x + dx, y=g.y + dy) for g in self.glyphs),
            tuple(Rule(r.box.translated(dx, dy)) for r in self.rules),
            self.advance + dx,
        )

    def scaled(self, size: float) -> Block:
        return Block(
            tuple(replace(g, x=g.x * size, y=g.y * size, size=g.size * size) for g in self.glyphs),
            tuple(Rule(r.box.scaled(size)) for r in self.rules),
            self.advance * size,
        )

    def then(self, other: Block, gap: float = 0.0) -> Block:
        """This block and, behind it, another."""
        other = other.moved(self.advance + gap, 0.0)
        return Block(self.glyphs + other.glyphs, self.rules + other.rules, other.advance)


@dataclass(frozen=True)
class TypeCase:
    """Glyphs by token of the label language."""

    shapes: dict[str, Shape]

    @staticmethod
    def of(corpora: Iterable[Sequence[Layout]]) -> TypeCase:
        """The glyphs of the first formulas of each corpus; Computer Modern's where there is a choice."""
        shapes: dict[str, Shape] = {}
        for corpus in corpora:
            for k in range(min(len(corpus), SEARCHED)):
                for glyph in corpus[k].glyphs:
                    token = token_of(glyph)
                    known = shapes.get(token)
                    if token and (known is None or _rank(token, glyph.shape) > _rank(token, known)):
                        shapes[token] = glyph.shape
        return TypeCase(shapes)

    def formula(self, latex: str) -> Layout | None:
        """A layout of canonical LaTeX made of symbols, scripts, fractions and roots; None where a glyph is missing."""
        try:
            block = self._row(iter(latex.split()))
        except KeyError:
            return None
        return Layout(latex, block.glyphs, block.rules) if block.glyphs else None

    def text(self, text: str) -> Layout | None:
        """A layout of characters side by side; None where a glyph is missing."""
        block = Block()
        for character in text:
            if character == " ":
                block = replace(block, advance=block.advance + LEAST_ADVANCE)
            elif character in self.shapes:
                block = block.then(self._sign(character))
            else:
                return None
        return Layout(text, block.glyphs, ()) if block.glyphs else None

    def _row(self, tokens: Iterator[str]) -> Block:
        """Everything up to the closing brace."""
        block = Block()
        before = ""
        for token in tokens:
            if token == "}":
                break
            if token in ("^", "_"):
                block = self._script(block, self._group(tokens), up=token == "^", after=before)
                before = token if before not in ("^", "_") else ""
                continue
            # A sign that begins something is no operation: it keeps close to what follows.
            sign = token in OPERATORS and (not before or before in OPENING or before in RELATIONS | OPERATORS)
            block = block.then(self._part(token, tokens), _gap(before, token))
            before = SIGN if sign else token
        return block

    def _group(self, tokens: Iterator[str]) -> Block:
        next(tokens)  # the opening brace
        return self._row(tokens)

    def _part(self, token: str, tokens: Iterator[str]) -> Block:
        if token == r"\frac":
            return self._fraction(self._group(tokens), self._group(tokens))
        if token == r"\sqrt":
            return self._root(self._group(tokens))
        if token in _WORDS:
            word = Block()
            for letter in _WORDS[token]:
                word = word.then(self._sign(letter))
            return replace(word, advance=word.advance + 0.12)
        return self._sign(token)

    def _sign(self, token: str) -> Block:
        shape = self.shapes[token]
        advance = max(shape.ink.x1 + max(BEARING, min(shape.ink.x0, 0.1)), LEAST_ADVANCE)
        # An integral hangs from its origin: it is centred on the axis.
        y = -AXIS - shape.ink.center[1] if token == r"\int" else 0.0
        return Block((Glyph(shape, 0.0, y, 1.0),), (), advance)

    def _script(self, base: Block, script: Block, *, up: bool, after: str) -> Block:
        small = script.scaled(SCRIPT_SIZE)
        # A second script stands over the first, not behind it.
        start = base.advance - (small.advance + 0.05 if after in ("^", "_") else 0.0)
        last = base.glyphs[-1].box if base.glyphs else Box(0.0, -0.7, 0.0, 0.0)
        dy = min(-SUP_RISE, last.y0 + 0.35) if up else max(SUB_DROP, last.y1 - 0.05)
        placed = small.moved(start, dy)
        return Block(base.glyphs + placed.glyphs, base.rules + placed.rules, max(base.advance, placed.advance + 0.05))

    def _fraction(self, above: Block, below: Block) -> Block:
        width = max(above.box.x1, below.box.x1) + 0.1
        up = above.moved((width - above.box.x1) / 2, -AXIS - 0.16 - above.box.y1)
        down = below.moved((width - below.box.x1) / 2, -AXIS + 0.18 - below.box.y0)
        bar = Rule(Box(0.0, -AXIS - RULE / 2, width, -AXIS + RULE / 2))
        return Block(up.glyphs + down.glyphs, (*up.rules, *down.rules, bar), width).moved(0.08, 0.0)

    def _root(self, inside: Block) -> Block:
        box = inside.box
        ink = self.shapes[r"\sqrt"].ink
        size = max(1.0, (box.height + 0.25) / ink.height)
        top = box.y0 - 0.15
        sign = Glyph(self.shapes[r"\sqrt"], -ink.x0 * size, top - ink.y0 * size, size)
        width = ink.width * size
        content = inside.moved(width - box.x0 + 0.05, 0.0)
        bar = Rule(Box(width, top, content.box.x1 + 0.06, top + RULE))
        return Block((sign, *content.glyphs), (bar, *content.rules), content.box.x1 + 0.1)


def token_of(glyph: Glyph) -> str:
    """The token that a glyph shows; empty for letters of special alphabets and for rarer signs."""
    if len(glyph.name) == 1:
        return glyph.name if glyph.font in _LETTERS else ""
    if glyph.font.startswith(_BOLD):
        return ""
    return _NAMES.get(glyph.name, "")


def _rank(token: str, shape: Shape) -> int:
    """How well a glyph serves as a token's: italic letters, all else upright."""
    return 2 if shape.font == ("cmmi10" if token.isalpha() else "cmr10") else int(shape.font in _FONTS)


def _gap(before: str, token: str) -> float:
    """Space between two neighbours, in em: TeX's thick, medium and thin spaces."""
    if not before or before in OPENING or before == SIGN:
        return 0.0
    if token in RELATIONS or before in RELATIONS:
        return 0.28
    if token in OPERATORS or before in OPERATORS:
        return 0.22
    return 0.17 if before == "," and not token.isdigit() else 0.0
