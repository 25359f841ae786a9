"""The grammar of the label language: a recursive descent from tokens to atoms.

How each token is read stands in one table, `_READERS`, at the end. Strict, the parser raises `Refusal` for whatever it
does not know; lenient, it mends that and goes on, so that any list of tokens comes to something that compiles.
"""

from __future__ import annotations

from collections.abc import Callable

from scanpage.latex_accents import takes
from scanpage.latex_atoms import (
    Atom,
    fence,
    flat,
    has_ink,
    is_missing,
    paired,
    styled,
    table,
    without_middle_column,
)
from scanpage.latex_reader import END
from scanpage.latex_source import MATHEMATICS
from scanpage.latex_symbols import (
    ACCENTS,
    ALPHABETS,
    BIG_OPERATORS,
    CAPITAL_GREEK,
    CHARACTERS,
    DELIMITERS,
    DROPPED,
    DROPPED_WITH_ARGUMENT,
    FUNCTIONS,
    GREEK,
    ITALIC,
    NEGATED,
    RAISING_DOTS,
    SIZES,
    SPACES,
    SYMBOLS,
    TEXT,
    TEXT_ITALIC,
    TRANSPARENT,
    TWO_ARGUMENTS,
    UNSEEN_WITH_ARGUMENT,
    WIDER,
)
from scanpage.latex_tables import TableReader

# What accents and roots with an index hold, and what \\overset adds to, is set several times over by LaTeX: in deep
# nests its time runs out.
MAX_REPEATS = 4


class Parser(TableReader):
    """Reads one formula."""

    def formula(self) -> list[str]:
        """Canonical tokens of all that there is: one line, or several as one `aligned`."""
        rows = self._rows(closed_by_end=False)
        return flat(paired(table("aligned", without_middle_column(rows))))

    def _read(self, token: str) -> list[Atom] | None:
        reader = _READERS.get(token)
        if reader is not None:
            return reader(self, token)
        return self._environment(token[7:-1]) if token[:7] == "\\begin{" else None

    # -- units -----------------------------------------------------------------------------------------------------

    def _sign(self, token: str) -> list[Atom]:
        return [Atom([token])]

    def _nothing(self, _: str) -> list[Atom]:
        return []

    def _backwards(self, token: str) -> list[Atom]:
        """`\\!`: two of them print a slash over the sign beside it, or a letter over itself."""
        start = self._at - 1
        while self._accept(token):
            pass
        before = next((t for t in self._tokens[max(start - 2, 0) : start][::-1] if t != "}"), END)
        after = next((t for t in self._tokens[self._at : self._at + 2] if t != "{"), END)
        letters = before == after and (before.isalnum() or before in GREEK)
        if self._at - start > 1 and (letters or "/" in (before, after)):
            self._problem("signs printed over each other")
        return []

    def _unseen(self, _: str) -> list[Atom]:
        self._accept("*")
        self._argument()
        return []

    def _transparent(self, _: str) -> list[Atom]:
        return self._argument()

    def _alphabet(self, token: str) -> list[Atom]:
        if token == "\\boldsymbol" and self._token in ACCENTS and not self._lenient:
            return self._argument()  # bold is only the accent then
        atoms = self._argument()
        if any(len(atom.base) == 1 and is_missing(atom.base[0], token) for atom in atoms):
            self._problem("a letter that is missing from its alphabet")
        return styled(token, atoms)

    def _text(self, _: str) -> list[Atom]:
        return styled("\\text", self._argument())

    def _italic(self, token: str) -> list[Atom]:
        atoms = self._argument()
        if token != MATHEMATICS and any(atom.base and atom.base[0] in CAPITAL_GREEK for atom in atoms):
            self._problem("slanted capital Greek")
        if token in TEXT_ITALIC and any(atom.base[:1] == ["\\mathsf"] for atom in atoms):
            self._problem("slanted sans serif")
        return styled(token, atoms)

    def _dots(self, _: str) -> list[Atom]:
        return [Atom(["\\cdots" if self._token in RAISING_DOTS else "\\ldots"])]

    def _accent(self, accent: str) -> list[Atom]:
        under = self._optional() if accent == "\\xrightarrow" and not self._lenient else []
        body, too_deep = self._repeated(2 if has_ink(under) else 1)
        if too_deep:
            return body
        if not has_ink(body) and accent != "\\xrightarrow":
            self._problem(f"{accent} over nothing")
            return []
        inside = flat(body)
        if not takes(accent, inside):
            self._problem(f"{accent} over more than one accent")
            if accent not in WIDER:
                return body
            accent = WIDER[accent]
        tokens = [accent, "{", *inside, "}"]
        return [Atom(["\\underset", "{", *flat(under), "}", "{", *tokens, "}"] if has_ink(under) else tokens)]

    def _two_arguments(self, token: str) -> list[Atom]:
        if self._token == "[" and not self._lenient:
            self._problem(f"{token} with an option")
        first = self._argument()
        second, too_deep = self._repeated() if token in ("\\overset", "\\underset") else (self._argument(), False)
        if too_deep:
            return [*first, *second]
        return [Atom([token, "{", *flat(first), "}", "{", *flat(second), "}"])]

    def _repeated(self, times: int = 1) -> tuple[list[Atom], bool]:
        """An argument that LaTeX sets several times over, and whether that comes to too many times."""
        self._repeats += times
        body = self._argument()
        too_deep = self._repeats > MAX_REPEATS
        self._repeats -= times
        if too_deep:
            self._problem("accents, roots or what stands over others nested too deeply")
        return body, too_deep

    def _root(self, token: str) -> list[Atom]:
        index = flat(self._optional())
        if "&" in index:  # an alignment around the root takes it for its own, where braces are the whole index, too
            self._problem("columns in the index of a root")
            index = []
        if "]" in index:
            index = ["{", *index, "}"]
        body, too_deep = self._repeated() if index else (self._argument(), False)
        if too_deep:
            index = []
        return [Atom([token, *(["[", *index, "]"] if index else []), "{", *flat(body), "}"])]

    def _operator(self, _: str) -> list[Atom]:
        """`\\mathop`: scripts of what is no operator by itself stand above and below it."""
        atoms, too_deep = self._repeated(2)
        while self._token in ("\\displaylimits", "\\limits"):
            self._at += 1
        names = all(atom.base and (atom.base[0] in BIG_OPERATORS | FUNCTIONS | ALPHABETS) for atom in atoms)
        if names or too_deep or not has_ink(atoms):
            return atoms
        base, stacks = flat(atoms), {"^": "\\overset", "_": "\\underset"}
        while stack := stacks.pop(self._token, ""):
            self._at += 1
            script = flat(self._argument())
            base = [stack, "{", *script, "}", "{", *base, "}"] if script else base
        return atoms if base == flat(atoms) else [Atom(base)]

    def _negation(self, _: str) -> list[Atom]:
        atoms = self._argument()
        base = atoms[0].base if len(atoms) == 1 else []
        if len(base) == 1 and base[0] in NEGATED:
            return [Atom([NEGATED[base[0]]], atoms[0].sub, atoms[0].sup)]
        self._problem("\\not before something without a negated sign")
        return atoms

    def _modulus(self, token: str) -> list[Atom]:
        body = self._argument()
        return [Atom(["("]), *([Atom(["\\bmod"])] if token == "\\pmod" else []), *body, Atom([")"])]

    def _prescript(self, _: str) -> list[Atom]:
        sup, sub, body = self._argument(), self._argument(), self._argument()
        return [Atom([], sub if has_ink(sub) else (), sup if has_ink(sup) else ()), *body]

    def _choice(self, _: str) -> list[Atom]:
        """`\\mathchoice`, taken to stand in display style where it stands in no script."""
        choices = [self._argument() for _ in range(4)]
        return choices[min(self._scripts + 1, 3) if self._scripts else 0]

    # -- delimiters ----------------------------------------------------------------------------------------------

    def _delimiter_token(self) -> str:
        braced = not self._lenient and self._tokens[self._at + 1 : self._at + 3][-1:] == ["}"] and self._accept("{")
        token = _POINTED.get(self._token, self._token)
        if token not in DELIMITERS and token != ".":
            self._problem(f"{token} where a delimiter belongs")
            return "."
        self._at += 2 if braced else 1
        return token

    def _delimiter(self, _: str) -> list[Atom]:
        token = self._delimiter_token()
        return [] if token == "." else [Atom([token])]

    def _fenced(self, _: str) -> list[Atom]:
        opening = self._delimiter_token()
        atoms = self._sequence()
        if self._accept("\\right"):
            closing = self._delimiter_token()
        else:
            self._problem("\\left without \\right")
            closing = "."
        return fence(opening, atoms, closing)


_POINTED = {"<": "\\langle", ">": "\\rangle"}
"""What a relation is that stands where a delimiter belongs."""

_Reader = Callable[[Parser, str], list[Atom]]

_READERS: dict[str, _Reader] = {
    **dict.fromkeys(
        CHARACTERS | SYMBOLS | BIG_OPERATORS | FUNCTIONS | DELIMITERS | {"\\quad", "\\prime", "~"}, Parser._sign
    ),
    **dict.fromkeys(DROPPED | SPACES, Parser._nothing),
    **dict.fromkeys(DROPPED_WITH_ARGUMENT | UNSEEN_WITH_ARGUMENT, Parser._unseen),
    **dict.fromkeys(TRANSPARENT, Parser._transparent),
    **dict.fromkeys(TEXT, Parser._text),
    **dict.fromkeys(ITALIC, Parser._italic),
    **dict.fromkeys(ALPHABETS | {"\\textbf"}, Parser._alphabet),
    **dict.fromkeys(ACCENTS, Parser._accent),
    **dict.fromkeys(TWO_ARGUMENTS, Parser._two_arguments),
    **dict.fromkeys((*SIZES, "\\middle"), Parser._delimiter),
    **dict.fromkeys(("\\pmod", "\\pod"), Parser._modulus),
    "\\!": Parser._backwards,
    "{": Parser._group,
    "\\sqrt": Parser._root,
    "\\left": Parser._fenced,
    "\\not": Parser._negation,
    "\\dots": Parser._dots,
    "\\mathop": Parser._operator,
    "\\prescript": Parser._prescript,
    "\\mathchoice": Parser._choice,
}
"""How each token is read. Scripts, switches and what closes something are read where sequences are."""
