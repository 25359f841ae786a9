"""The grammar of the label language: a recursive descent from tokens to atoms.

How each token is read stands in one table, `_READERS`, at the end. Strict, the parser raises `Refusal` for whatever it
does not know; lenient, it mends that and goes on, so that any list of tokens comes to something that compiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from scanpage.latex_atoms import (
    MOST_COLUMNS,
    Atom,
    Cell,
    Rows,
    fence,
    flat,
    has_ink,
    one_line,
    paired,
    styled,
    table,
    without_middle_column,
)
from scanpage.latex_symbols import (
    ACCENTS,
    ALPHABETS,
    BIG_OPERATORS,
    CHARACTERS,
    DELIMITERS,
    DROPPED,
    DROPPED_WITH_ARGUMENT,
    ENVIRONMENTS,
    FENCED,
    FUNCTIONS,
    ITALIC,
    NEGATED,
    ONE_LINE,
    RAISING_DOTS,
    SIZES,
    SWITCHES,
    SYMBOLS,
    SYNONYMS,
    TEXT,
    TRANSPARENT,
    TWO_ARGUMENTS,
)

_MAX_DEPTH = 40
# amsmath sets what an accent stands on several times over, so that time and macros run out with deep nesting.
_MAX_ACCENTS = 4
_END = ""
"""Stands behind the last token."""
_COLUMNS = re.compile(r"(?:[lcr~]|[@!]\{[~ ]*\}|\*\{\d+\}\{[lcr]*\})*")
_CLOSERS = frozenset({_END, "}", "\\right", "&", "\\\\"})
_PRIME = ["\\prime"]


class Refusal(ValueError):  # noqa: N818 - a formula outside the label language is no error of the program
    """The formula is outside the label language; the message says why."""


class Parser:
    """Reads one formula."""

    def __init__(self, tokens: Iterable[str], *, lenient: bool) -> None:
        self._tokens = [SYNONYMS.get(token, token) for token in tokens if token != _END]
        self._tokens.append(_END)
        self._at = 0
        self._depth = 0
        self._accents = 0
        self._scripts = 0
        self._lenient = lenient

    def formula(self) -> list[str]:
        """Canonical tokens of all that there is: one line, or several as one `aligned`."""
        rows = self._rows(closed_by_end=False)
        return flat(paired(table("aligned", without_middle_column(rows))))

    # -- reading ---------------------------------------------------------------------------------------------------

    @property
    def _token(self) -> str:
        return self._tokens[self._at]

    def _accept(self, token: str) -> bool:
        if self._tokens[self._at] != token:
            return False
        self._at += 1
        return True

    def _deeper(self) -> None:
        """One level down; what nests too deeply is cut off, for the sake of TeX's stack and of ours."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._problem("nested too deeply")
            self._at = len(self._tokens) - 1

    def _problem(self, reason: str) -> None:
        if not self._lenient:
            raise Refusal(reason)

    # -- sequences -------------------------------------------------------------------------------------------------

    def _sequence(self, stop: str = _END) -> list[Atom]:
        """Atoms up to (not including) `stop` or a token that closes something."""
        self._deeper()
        atoms: list[Atom] = []
        while (token := self._tokens[self._at]) not in _CLOSERS and token != stop and token[:5] != "\\end{":
            self._at += 1
            reader = _READERS.get(token)
            if reader is not None:
                unit = reader(self, token)
                atoms += unit if self._token not in ("^", "_", "'") else _shut_in(unit, self._token)
            elif token in ("^", "_", "'"):
                self._script(token, atoms)
            elif token in ("\\over", "\\atop", "\\choose"):
                atoms = self._infix(token, atoms, stop)
            elif token in SWITCHES:
                atoms += styled(SWITCHES[token], self._sequence(stop))
            else:
                atoms += self._odd(token)
        self._depth -= 1
        return paired(atoms)

    def _odd(self, token: str) -> list[Atom]:
        if token[:7] == "\\begin{":
            return self._environment(token[7:-1])
        self._problem(f"unknown {token}")
        return []

    def _unit(self) -> list[Atom]:
        """One command with its arguments, one group or one sign."""
        token = self._token
        self._at += 1
        reader = _READERS.get(token)
        return reader(self, token) if reader is not None else self._odd(token)

    def _infix(self, command: str, before: list[Atom], stop: str) -> list[Atom]:
        after = self._sequence(stop)
        if command == "\\atop":
            self._problem("\\atop")
        name = "\\frac" if command == "\\over" else "\\binom"
        return [Atom([name, "{", *flat(before), "}", "{", *flat(after), "}"])]

    def _script(self, sign: str, atoms: list[Atom]) -> None:
        if not atoms:
            atoms.append(Atom([]))
        last = atoms[-1]
        if sign == "'":
            last.sup = [*last.sup, Atom(_PRIME)]
            return
        self._scripts += 1
        script = self._argument()
        self._scripts -= 1
        if not has_ink(script):
            return
        if sign == "_":
            if last.sub:
                self._problem("double subscript")
            last.sub = [*last.sub, *script]
            return
        if any(atom.base != _PRIME for atom in last.sup):
            self._problem("double superscript")
        last.sup = [*last.sup, *script]

    def _argument(self) -> list[Atom]:
        """One argument: a braced group or a single unit, as TeX takes it."""
        token = self._token
        if token == "{":
            self._at += 1
            return self._group()
        if token in _CLOSERS or token in ("^", "_") or token[:5] == "\\end{":
            self._problem("a missing argument")
            return []
        self._deeper()
        unit = self._unit() if self._token != _END else []
        self._depth -= 1
        return unit

    def _optional(self) -> list[Atom]:
        """The argument in brackets that follows, if one does."""
        if not self._accept("["):
            return []
        atoms = self._sequence("]")
        if not self._accept("]"):
            self._problem("a bracket that is not closed")
        return atoms

    def _group(self, _: str = "{") -> list[Atom]:
        atoms = self._sequence()
        while not self._accept("}"):
            self._problem("a brace that is not closed")
            if self._token == _END or self._depth > 0:
                break
        return atoms

    # -- units -----------------------------------------------------------------------------------------------------

    def _sign(self, token: str) -> list[Atom]:
        return [Atom([token])]

    def _nothing(self, _: str) -> list[Atom]:
        return []

    def _unseen(self, _: str) -> list[Atom]:
        self._accept("*")
        self._argument()
        return []

    def _braced(self, _: str) -> list[Atom]:
        atoms = self._group()
        return atoms if atoms or self._token not in ("^", "_") else [Atom([])]

    def _transparent(self, _: str) -> list[Atom]:
        return self._argument()

    def _alphabet(self, token: str) -> list[Atom]:
        return styled(token, self._argument())

    def _text(self, _: str) -> list[Atom]:
        return styled("\\mathrm", self._argument())

    def _italic(self, _: str) -> list[Atom]:
        return styled("", self._argument())

    def _dots(self, _: str) -> list[Atom]:
        return [Atom(["\\cdots" if self._token in RAISING_DOTS else "\\ldots"])]

    def _accent(self, accent: str) -> list[Atom]:
        under = self._optional() if accent == "\\xrightarrow" and not self._lenient else []
        self._accents += 1
        body = self._argument()
        self._accents -= 1
        if self._accents >= _MAX_ACCENTS:
            self._problem("accents nested too deeply")
            return body
        if not has_ink(body) and accent != "\\xrightarrow":
            self._problem(f"{accent} over nothing")
            return []
        tokens = [accent, "{", *flat(body), "}"]
        return [Atom(["\\underset", "{", *flat(under), "}", "{", *tokens, "}"] if has_ink(under) else tokens)]

    def _two_arguments(self, token: str) -> list[Atom]:
        first, second = flat(self._argument()), flat(self._argument())
        return [Atom([token, "{", *first, "}", "{", *second, "}"])]

    def _root(self, token: str) -> list[Atom]:
        index = flat(self._optional())
        if "]" in index:
            index = ["{", *index, "}"]
        body = flat(self._argument())
        return [Atom([token, *(["[", *index, "]"] if index else []), "{", *body, "}"])]

    def _operator(self, _: str) -> list[Atom]:
        """`\\mathop`: scripts of what is no operator by itself stand above and below it."""
        atoms = self._argument()
        while self._token in ("\\displaylimits", "\\limits"):
            self._at += 1
        names = all(atom.base and (atom.base[0] in BIG_OPERATORS | FUNCTIONS | ALPHABETS) for atom in atoms)
        if names or not has_ink(atoms):
            return atoms
        base = flat(atoms)
        while (sign := self._token) in ("^", "_"):
            self._at += 1
            script = flat(self._argument())
            base = (
                ["\\overset" if sign == "^" else "\\underset", "{", *script, "}", "{", *base, "}"] if script else base
            )
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
        return [Atom([], sub, sup), *body]

    def _choice(self, _: str) -> list[Atom]:
        """`\\mathchoice`, taken to stand in display style where it stands in no script."""
        choices = [self._argument() for _ in range(4)]
        return choices[min(self._scripts + 1, 3) if self._scripts else 0]

    # -- delimiters and environments -------------------------------------------------------------------------------

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

    def _environment(self, name: str) -> list[Atom]:
        plain = name.rstrip("*")
        environment = ENVIRONMENTS.get(name) or ENVIRONMENTS.get(plain)
        if environment is None or name == "cases*":
            self._problem(f"environment {name}")
            environment = "aligned"
        if not self._lenient:
            self._environment_options(plain)
        rows = self._rows(closed_by_end=True)
        if self._token[:5] == "\\end{":
            if self._token != f"\\end{{{name}}}":
                self._problem(f"\\begin{{{name}}} closed by {self._token}")
            self._at += 1
        else:
            self._problem(f"environment {name} is not closed")
        if not rows:
            return []
        if plain in ONE_LINE:
            return one_line(rows)
        rows = without_middle_column(rows) if plain == "eqnarray" else self._within_columns(rows, environment)
        atoms = table(environment, rows)
        return fence(FENCED[plain][0], atoms, FENCED[plain][1]) if plain in FENCED else atoms

    def _environment_options(self, name: str) -> None:
        """Skip `[t]`, `{2}` and the columns of an `array`, which may not have lines or widths."""
        if self._tokens[self._at : self._at + 3] in (["[", place, "]"] for place in "tcblr"):
            self._at += 3
        if name in ("alignat", "alignedat"):
            self._argument()
        if name != "array":
            return
        if not self._accept("{"):
            self._problem("array without columns")
        depth, start = 1, self._at
        while depth and self._token != _END:
            depth += (self._token == "{") - (self._token == "}")
            self._at += 1
        if not _COLUMNS.fullmatch("".join(t for t in self._tokens[start : self._at - 1] if t not in DROPPED)):
            self._problem("array with lines or widths")

    def _rows(self, *, closed_by_end: bool) -> Rows:
        """Rows of cells, without empty last cells and rows."""
        rows: Rows = [[]]
        while True:
            cell = self._cell(closed_by_end=closed_by_end)
            rows[-1].append(cell if has_ink(cell) else [])
            if self._accept("\\\\"):
                rows.append([])
            elif not self._accept("&"):
                break
        for row in rows:
            while row and not row[-1]:
                row.pop()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def _cell(self, *, closed_by_end: bool) -> Cell:
        """Atoms up to the next `&`, `\\\\` or end; what closes nothing is passed over."""
        atoms = self._sequence()
        while (token := self._token) not in ("&", "\\\\", _END) and not (closed_by_end and token[:5] == "\\end{"):
            self._problem(f"unexpected {token}")
            self._at += 1
            atoms = paired([*atoms, *self._sequence()])
        return atoms

    def _within_columns(self, rows: Rows, environment: str) -> Rows:
        """Rows with no more cells than the environment takes; what is too much joins the last cell."""
        most = MOST_COLUMNS.get(environment)
        if most is None or max(map(len, rows)) <= most:
            return rows
        self._problem(f"{environment} with more than {most} columns")
        return [row if len(row) <= most else [*row[: most - 1], one_line([row[most - 1 :]])] for row in rows]


def _shut_in(unit: list[Atom], script: str) -> list[Atom]:
    """A group keeps its braces where a script behind it would collide with one inside."""
    last = unit[-1] if unit else None
    if last is not None and ((last.sup and script != "_") or (last.sub and script == "_")):
        return [Atom([], inner=unit)]
    return unit


_POINTED = {"<": "\\langle", ">": "\\rangle"}
"""What a relation is that stands where a delimiter belongs."""

_Reader = Callable[[Parser, str], list[Atom]]

_READERS: dict[str, _Reader] = {
    **dict.fromkeys(
        CHARACTERS | SYMBOLS | BIG_OPERATORS | FUNCTIONS | DELIMITERS | {"\\quad", "\\prime", "~"}, Parser._sign
    ),
    **dict.fromkeys(DROPPED, Parser._nothing),
    **dict.fromkeys(DROPPED_WITH_ARGUMENT, Parser._unseen),
    **dict.fromkeys(TRANSPARENT, Parser._transparent),
    **dict.fromkeys(TEXT, Parser._text),
    **dict.fromkeys(ITALIC, Parser._italic),
    **dict.fromkeys(ALPHABETS, Parser._alphabet),
    **dict.fromkeys(ACCENTS, Parser._accent),
    **dict.fromkeys(TWO_ARGUMENTS, Parser._two_arguments),
    **dict.fromkeys((*SIZES, "\\middle"), Parser._delimiter),
    **dict.fromkeys(("\\pmod", "\\pod"), Parser._modulus),
    "{": Parser._braced,
    "\\sqrt": Parser._root,
    "\\left": Parser._fenced,
    "\\not": Parser._negation,
    "\\dots": Parser._dots,
    "\\mathop": Parser._operator,
    "\\prescript": Parser._prescript,
    "\\mathchoice": Parser._choice,
}
"""How each token is read. Scripts, switches and what closes something are read where sequences are."""
