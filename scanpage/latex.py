"""One label language: from wild LaTeX to canonical tokens, and from any token list to one that compiles.

Canonical LaTeX has one spelling for each picture: braces around every argument, subscript before superscript, one name
for each symbol, no size or style commands, no spaces but `\\quad` and (in upright text) `~`. A delimiter pair is
`\\left … \\right` exactly where it encloses something tall, and brackets around something tall are such a pair, told
so or not; matrices are `matrix` between delimiters.

`normalise` is strict: it refuses what it does not know. `repair` is lenient and total: it makes compilable LaTeX of
whatever tokens a model wrote. Both are one recursive-descent parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from scanpage.latex_symbols import (
    ACCENTS,
    ALPHABETS,
    BIG_OPERATORS,
    CHARACTERS,
    DELIMITERS,
    DROPPED,
    DROPPED_WITH_ARGUMENT,
    FUNCTIONS,
    NEGATED,
    NEVER_BOLD,
    SIZES,
    SWITCHES,
    SYMBOLS,
    SYNONYMS,
    TALL,
    TEXT,
    TRANSPARENT,
    TWO_ARGUMENTS,
)

_TOKEN = re.compile(
    r"\\(?:begin|end)\s*\{\s*[a-zA-Z]+\*?\s*\}|\\operatorname\s*\*|\\\\\*|\\[a-zA-Z]+|\\.|\S", re.DOTALL
)
_TEXT_GROUP = re.compile(r"\\(?:text(?:rm|normal|up|md|bf|sf|tt|it|sl)?|emph|mbox|hbox)\s*\{")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SPACE = re.compile(
    r"\\(?:[hv]space|mspace|[hv]skip|m?kern|mskip)\*?\s*(?:\{[^{}]*\}|-?[\d.]+\s*(?:pt|em|ex|mu|mm|cm|in|sp|bp|pc)\b)"
)
_ENVIRONMENTS = ("matrix", "cases", "aligned")
_SAME_ENVIRONMENT = {
    "array": "matrix", "smallmatrix": "matrix", "dcases": "cases",
    "split": "aligned", "gathered": "aligned", "alignedat": "aligned", "multlined": "aligned",
    "equation": "aligned", "align": "aligned", "gather": "aligned", "multline": "aligned", "flalign": "aligned",
    "alignat": "aligned", "eqnarray": "aligned", "displaymath": "aligned", "math": "aligned",
}  # fmt: skip
_TAKES_COLUMN_COUNT = ("alignedat", "alignat")
_FENCED = {"pmatrix": "()", "bmatrix": "[]", "vmatrix": "||", "Bmatrix": ("\\{", "\\}"), "Vmatrix": ("\\|", "\\|")}
# What amsmath allows.
_MOST_COLUMNS = {"matrix": 10, "cases": 2}
_CLOSING = {"(": ")", "[": "]", "\\{": "\\}"}
_MAX_DEPTH = 40
# amsmath sets what an accent stands on several times over, so that time and macros run out with deep nesting.
_MAX_ACCENTS = 4


class Refusal(ValueError):  # noqa: N818 - a formula outside the label language is no error of the program
    """The formula is outside the label language; the message says why."""


def vocabulary() -> list[str]:
    """All canonical tokens, in a fixed order."""
    structure = ["{", "}", "^", "_", "&", "~", "\\\\", "\\left", "\\right", "\\quad", "\\sqrt", "\\prime", "."]
    environments = [f"\\{side}{{{name}}}" for name in _ENVIRONMENTS for side in ("begin", "end")]
    groups = (CHARACTERS, SYMBOLS, BIG_OPERATORS, FUNCTIONS, ACCENTS, ALPHABETS, TWO_ARGUMENTS, DELIMITERS)
    return list(dict.fromkeys(structure + environments + [token for group in groups for token in sorted(group)]))


def tokenize(latex: str) -> list[str]:
    """Split LaTeX into tokens: commands, `\\begin{…}`/`\\end{…}`, single characters. Spaces in text become `~`."""
    latex = re.sub(r"(?<!\\)%[^\n]*", "", latex)
    latex = _SPACE.sub(" ", _open_text(latex)).replace("\\coloneqq", ":=")
    return [token if len(token) <= 2 else "".join(token.split()) for token in _TOKEN.findall(latex)]


def _open_text(latex: str) -> str:
    """Make blanks of `\\text{…}` visible, and put the mathematics inside outside: `{\\text{if~}{x}\\text{~is}}`."""
    out: list[str] = []
    at = 0
    while match := _TEXT_GROUP.search(latex, at):
        out.append(latex[at : match.start()])
        end = _group_end(latex, match.end())
        parts = re.split(r"(?<!\\)\$|\\[()]", latex[match.end() : end])
        for i, part in enumerate(parts):
            text = re.sub(r"\\ |(?<!\\)\s+", "~", part)
            math = "\\boldsymbol" if "\\boldmath" in parts[0] else ""
            parts[i] = f"{math}{{{_open_text(part)}}}" if i % 2 else f"{match[0]}{text}}}"
        out.append(parts[0] if len(parts) == 1 else f"{{{' '.join(parts)}}}")
        at = end + 1
    return "".join(out) + latex[at:]


def _group_end(latex: str, start: int) -> int:
    """Where the brace closes that opened before `start`; the end of `latex` if nowhere."""
    depth = 1
    for match in _BRACE.finditer(latex, start):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return match.start()
    return len(latex)


def normalise(latex: str) -> list[str]:
    """Canonical tokens of `latex`.

    Raises:
        Refusal: an unknown command, unbalanced braces, several lines at top level, or another thing that the label
            language leaves out.
    """
    tokens = _Parser(tokenize(latex), lenient=False).formula()
    if not tokens:
        raise Refusal("nothing is left to read")
    return tokens


def repair(tokens: Iterable[str]) -> list[str]:
    """The nearest compilable token list; canonical tokens come back unchanged. Never raises; may be empty."""
    return _Parser(list(tokens), lenient=True).formula()


def to_latex(tokens: Iterable[str]) -> str:
    """LaTeX source of canonical tokens, separated by blanks.

    A `[` or `*` that begins a row gets an empty group before it, lest LaTeX take it for an option of the row break.
    """
    out: list[str] = []
    for token in tokens:
        if token in ("[", "*") and out and (out[-1] == "\\\\" or out[-1].startswith("\\begin{")):
            out.append("{}")
        out.append(token)
    return " ".join(out)


def is_tall(tokens: Iterable[str]) -> bool:
    """Whether delimiters around `tokens` have to grow."""
    return any(token in TALL for token in tokens)


@dataclass
class _Atom:
    """A nucleus with its scripts; a group that had to keep its braces has `inner` atoms instead of a base."""

    base: list[str]
    sub: list[_Atom] = field(default_factory=list)
    sup: list[_Atom] = field(default_factory=list)
    inner: list[_Atom] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        return not self.sub and not self.sup

    def tokens(self) -> list[str]:
        scripts = []
        for sign, script in (("_", _flat(self.sub)), ("^", _flat(self.sup))):
            if script:
                scripts += [sign, "{", *script, "}"]
        if self.base or not scripts:
            return [*self.base, *_flat(self.inner), *scripts]
        return ["{", *_flat(self.inner), "}", *scripts]


def _flat(atoms: Iterable[_Atom]) -> list[str]:
    return [token for atom in _merge_upright(atoms) for token in atom.tokens()]


class _Parser:
    """Recursive descent over tokens; `lenient` mends what strict mode refuses."""

    def __init__(self, tokens: list[str], *, lenient: bool) -> None:
        self._tokens = [SYNONYMS.get(token, token) for token in tokens]
        self._at = 0
        self._depth = 0
        self._accents = 0
        self._lenient = lenient

    def formula(self) -> list[str]:
        """All tokens: one line, or several as one `aligned`."""
        return _flat(_paired(_aligned(_without_middle_column(self._rows(closed_by_end=False)))))

    # -- reading ---------------------------------------------------------------------------------------------------

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> str | None:
        token = self._peek()
        self._at += 1
        return token

    def _accept(self, token: str) -> bool:
        if self._peek() == token:
            self._at += 1
            return True
        return False

    def _deeper(self) -> None:
        """One level down; what nests too deeply is cut off, for the sake of TeX's stack and of ours."""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._problem("nested too deeply")
            self._at = len(self._tokens)

    def _problem(self, reason: str) -> None:
        if not self._lenient:
            raise Refusal(reason)

    # -- sequences -------------------------------------------------------------------------------------------------

    def _sequence(self, stop: Callable[[str], bool]) -> list[_Atom]:
        """Atoms up to (not including) a token that closes something or that `stop` names."""
        self._deeper()
        atoms: list[_Atom] = []
        while (token := self._peek()) is not None:
            if token in ("}", "\\right", "&", "\\\\") or token.startswith("\\end{") or stop(token):
                break
            if token in ("^", "_", "'"):
                self._at += 1
                self._script(token, atoms)
            elif token in ("\\over", "\\atop", "\\choose"):
                self._at += 1
                atoms = self._infix(token, atoms, stop)
            elif token in SWITCHES:
                self._at += 1
                atoms += _styled(SWITCHES[token], self._sequence(stop))
            else:
                self._extend(atoms, self._unit())
        self._depth -= 1
        return _paired(atoms)

    def _infix(self, command: str, before: list[_Atom], stop: Callable[[str], bool]) -> list[_Atom]:
        after = self._sequence(stop)
        if command == "\\atop":
            self._problem("\\atop")
        name = "\\frac" if command == "\\over" else "\\binom"
        return [_Atom([name, "{", *_flat(before), "}", "{", *_flat(after), "}"])]

    def _extend(self, atoms: list[_Atom], unit: list[_Atom]) -> None:
        """Add a unit; a group keeps its braces where a script behind it would collide with one inside."""
        following = self._peek()
        if following in ("^", "_", "'") and unit:
            last = unit[-1]
            if (last.sup and following != "_") or (last.sub and following == "_"):
                unit = [_Atom([], inner=unit)]
        atoms += unit

    def _script(self, sign: str, atoms: list[_Atom]) -> None:
        if not atoms:
            atoms.append(_Atom([]))
        last = atoms[-1]
        if sign == "'":
            last.sup.append(_Atom(["\\prime"]))
            return
        script = self._argument()
        if not _flat(script):
            return
        if sign == "_":
            if last.sub:
                self._problem("double subscript")
            last.sub += script
            return
        if last.sup and any(atom.base != ["\\prime"] for atom in last.sup):
            self._problem("double superscript")
        last.sup += script

    def _argument(self) -> list[_Atom]:
        """One argument: a braced group or a single unit, as TeX takes it."""
        token = self._peek()
        if token == "{":
            return self._group()
        if token is None or token in ("}", "^", "_", "&", "\\\\", "\\right") or token.startswith("\\end{"):
            self._problem("a missing argument")
            return []
        self._deeper()
        unit = self._unit() if self._peek() is not None else []
        self._depth -= 1
        return unit

    def _group(self) -> list[_Atom]:
        self._at += 1
        atoms = self._sequence(lambda _: False)
        while not self._accept("}"):
            self._problem("a brace that is not closed")
            if self._peek() is None or self._depth > 0:
                break
        return atoms

    # -- units -----------------------------------------------------------------------------------------------------

    def _unit(self) -> list[_Atom]:
        token = self._next()
        assert token is not None
        if token == "{":
            self._at -= 1
            return self._braced()
        if token in DROPPED:
            return []
        if token in DROPPED_WITH_ARGUMENT:
            self._argument()
            return []
        if token in SIZES:
            return self._delimiter()
        if token in TRANSPARENT:
            return self._argument()
        if token in TEXT:
            return _styled("\\mathrm", self._argument())
        if token in ALPHABETS:
            return _styled(token, self._argument())
        if token in ACCENTS:
            return self._accented(token)
        if token in TWO_ARGUMENTS:
            first, second = _flat(self._argument()), _flat(self._argument())
            return [_Atom([token, "{", *first, "}", "{", *second, "}"])]
        if token == "\\sqrt":
            return self._root()
        if token == "\\not":
            return self._negation()
        if token == "\\left":
            return self._fenced()
        if token == "\\middle":
            return self._delimiter()
        if token.startswith("\\begin{"):
            return self._environment(token[7:-1])
        return self._symbol(token)

    def _symbol(self, token: str) -> list[_Atom]:
        known = (
            token in CHARACTERS
            or token in SYMBOLS
            or token in BIG_OPERATORS
            or token in FUNCTIONS
            or token in DELIMITERS
            or token in ("\\quad", "\\prime", "~")
        )
        if not known:
            self._problem(f"unknown {token}")
            return []
        return [_Atom([token])]

    def _braced(self) -> list[_Atom]:
        atoms = self._group()
        if not atoms and self._peek() in ("^", "_"):
            return [_Atom([])]
        return atoms

    def _accented(self, accent: str) -> list[_Atom]:
        self._accents += 1
        body = self._argument()
        self._accents -= 1
        if self._accents >= _MAX_ACCENTS:
            self._problem("accents nested too deeply")
            return body
        tokens = _flat(body)
        if not tokens and accent != "\\xrightarrow":
            self._problem(f"{accent} over nothing")
            return []
        return [_Atom([accent, "{", *tokens, "}"])]

    def _root(self) -> list[_Atom]:
        index: list[str] = []
        if self._accept("["):
            index = _flat(self._sequence(lambda token: token == "]"))
            if not self._accept("]"):
                self._problem("a root's index that is not closed")
        if "]" in index:
            index = ["{", *index, "}"]
        body = _flat(self._argument())
        return [_Atom(["\\sqrt", *(["[", *index, "]"] if index else []), "{", *body, "}"])]

    def _negation(self) -> list[_Atom]:
        atoms = self._argument()
        base = atoms[0].base if len(atoms) == 1 else []
        if len(base) == 1 and base[0] in NEGATED:
            return [_Atom([NEGATED[base[0]]], atoms[0].sub, atoms[0].sup)]
        self._problem("\\not before something without a negated sign")
        return atoms

    # -- delimiters and environments -------------------------------------------------------------------------------

    def _delimiter_token(self) -> str:
        token = self._peek()
        if token is None or (token not in DELIMITERS and token != "."):
            self._problem(f"{token} where a delimiter belongs")
            return "."
        self._at += 1
        return token

    def _delimiter(self) -> list[_Atom]:
        token = self._delimiter_token()
        return [] if token == "." else [_Atom([token])]

    def _fenced(self) -> list[_Atom]:
        opening = self._delimiter_token()
        atoms = self._sequence(lambda _: False)
        if self._accept("\\right"):
            closing = self._delimiter_token()
        else:
            self._problem("\\left without \\right")
            closing = "."
        return _fence(opening, atoms, closing)

    def _environment(self, name: str) -> list[_Atom]:
        star = name.rstrip("*")
        if not self._lenient:
            self._environment_options(star)
        inner = _SAME_ENVIRONMENT.get(star, star)
        inner = "matrix" if star in _FENCED else inner
        if inner not in _ENVIRONMENTS:
            self._problem(f"environment {name}")
            inner = "aligned"
        rows = self._rows()
        if (self._peek() or "").startswith("\\end{"):
            if self._peek() != f"\\end{{{name}}}":
                self._problem(f"\\begin{{{name}}} closed by {self._peek()}")
            self._at += 1
        else:
            self._problem(f"environment {name} is not closed")
        if not rows:
            return []
        rows = self._within_columns(rows, inner)
        if inner == "aligned":
            return _aligned(_without_middle_column(rows) if star == "eqnarray" else rows)
        atom = _Atom([f"\\begin{{{inner}}}", *_table(rows), f"\\end{{{inner}}}"])
        if star in _FENCED:
            opening, closing = _FENCED[star]
            return _fence(opening, [atom], closing)
        return [atom]

    def _environment_options(self, name: str) -> None:
        """Skip `[t]` and `{2}`; columns of an `array` may only be `l`, `c` and `r`."""
        if self._tokens[self._at : self._at + 3] in (["[", place, "]"] for place in "tcb"):
            self._at += 3
        if name in _TAKES_COLUMN_COUNT:
            self._argument()
        if name != "array":
            return
        if not self._accept("{"):
            self._problem("array without columns")
            return
        while (token := self._next()) not in ("}", None):
            if token not in ("l", "c", "r", "~"):
                self._problem("array with lines or widths")

    def _rows(self, *, closed_by_end: bool = True) -> list[list[list[_Atom]]]:
        """Rows of cells, without empty last cells and rows."""
        rows: list[list[list[_Atom]]] = [[]]
        while True:
            cell = self._cell(closed_by_end=closed_by_end)
            rows[-1].append(cell if _flat(cell) else [])
            token = self._peek()
            if token not in ("&", "\\\\"):
                break
            self._at += 1
            if token == "\\\\":
                self._row_gap()
                rows.append([])
        for row in rows:
            while row and not row[-1]:
                row.pop()
        while rows and not rows[-1]:
            rows.pop()
        return rows

    def _cell(self, *, closed_by_end: bool) -> list[_Atom]:
        """Atoms up to the next `&`, `\\\\` or end; what closes nothing is passed over."""
        atoms = self._sequence(lambda _: False)
        while (token := self._peek()) is not None and token not in ("&", "\\\\"):
            if closed_by_end and token.startswith("\\end{"):
                break
            self._problem(f"unexpected {token}")
            self._at += 1
            atoms += self._sequence(lambda _: False)
        return _paired(atoms)

    def _within_columns(self, rows: list[list[list[_Atom]]], environment: str) -> list[list[list[_Atom]]]:
        """Rows with no more cells than the environment takes; what is too much joins the last cell."""
        most = _MOST_COLUMNS.get(environment)
        if most is None or max(len(row) for row in rows) <= most:
            return rows
        self._problem(f"{environment} with more than {most} columns")
        joined = [[atom for cell in row[most - 1 :] for atom in cell] for row in rows]
        return [row if len(row) <= most else [*row[: most - 1], last] for row, last in zip(rows, joined, strict=True)]

    def _row_gap(self) -> None:
        """Skip `\\\\[2pt]`; a bracket that holds anything but a length begins the next row."""
        if self._lenient:
            return
        gap = "".join(self._tokens[self._at : self._at + 8])
        match = re.match(r"\[-?[\d.]+(pt|em|ex|mm|cm|in)\]", gap)
        if match:
            self._at += len(match[0])


def _paired(atoms: list[_Atom]) -> list[_Atom]:
    """Brackets around something tall grow with it: nobody writes them small, whatever the source says."""
    out: list[_Atom] = []
    opened: list[int] = []
    for atom in atoms:
        sign = atom.base[0] if len(atom.base) == 1 else ""
        if sign in _CLOSING and atom.plain:
            opened.append(len(out))
        elif sign in _CLOSING.values() and opened:
            start = opened.pop()
            opening, body = out[start].base[0], _flat(out[start + 1 :])
            if _CLOSING[opening] == sign and is_tall(body):
                atom = _Atom(["\\left", opening, *body, "\\right", sign], atom.sub, atom.sup)
                del out[start:]
        out.append(atom)
    return out


def _aligned(rows: list[list[list[_Atom]]]) -> list[_Atom]:
    """Several rows as one `aligned`; of a single one just its atoms, since it needs no alignment."""
    if len(rows) > 1:
        return [_Atom(["\\begin{aligned}", *_table(rows), "\\end{aligned}"])]
    return [atom for row in rows for cell in row for atom in cell]


def _without_middle_column(rows: list[list[list[_Atom]]]) -> list[list[list[_Atom]]]:
    """Rows aligned as `a & = & b`, the way of `eqnarray`, as `a & = b`."""
    middles = [_flat(row[1]) for row in rows if len(row) > 1]
    if max((len(row) for row in rows), default=0) != 3 or any(len(m) > 1 for m in middles) or not any(middles):
        return rows
    return [[row[0], [atom for cell in row[1:] for atom in cell]] if len(row) > 1 else row for row in rows]


def _table(rows: list[list[list[_Atom]]]) -> list[str]:
    """Tokens of rows and cells, with `&` and `\\\\` between them."""
    out: list[str] = []
    for r, row in enumerate(rows):
        out += ["\\\\"] if r else []
        for c, cell in enumerate(row):
            out += ["&"] if c else []
            out += _flat(cell)
    return out


def _fence(opening: str, atoms: list[_Atom], closing: str) -> list[_Atom]:
    body = _flat(atoms)
    if opening == "\\{" and closing == "." and _could_be_cases(body):
        return [_Atom(["\\begin{cases}", *body[1:-1], "\\end{cases}"])]
    if is_tall(body):
        return [_Atom(["\\left", opening, *body, "\\right", closing])]
    before = [] if opening == "." else [_Atom([opening])]
    after = [] if closing == "." else [_Atom([closing])]
    return [*before, *atoms, *after]


def _could_be_cases(body: list[str]) -> bool:
    """Whether this is one matrix, with no other in it, of as many columns as cases have."""
    if body[:1] != ["\\begin{matrix}"] or body[-1] != "\\end{matrix}" or body.count("\\begin{matrix}") != 1:
        return False
    rows = " ".join(body).split(" \\\\ ")
    return all(row.split(" ").count("&") < _MOST_COLUMNS["cases"] for row in rows)


def _styled(alphabet: str, atoms: list[_Atom]) -> list[_Atom]:
    """Set `atoms` in an alphabet: letter by letter, so that one picture has one spelling."""
    if alphabet == "":
        return atoms
    styled = []
    for atom in atoms:
        base = atom.base
        if _takes_style(alphabet, base[0]) if len(base) == 1 else _takes_style_whole(alphabet, base):
            base = [alphabet, "{", *base, "}"]
        scripts = _styled(alphabet, atom.sub), _styled(alphabet, atom.sup)
        styled.append(_Atom(base, *scripts, _styled(alphabet, atom.inner)))
    return styled


def _takes_style(alphabet: str, token: str) -> bool:
    if alphabet == "\\boldsymbol":
        return token not in NEVER_BOLD and token not in FUNCTIONS
    if len(token) > 1 or not token.isalnum():
        return False
    if alphabet == "\\mathscr" or (alphabet == "\\mathbb" and token.isalpha()):
        return token.isupper()  # their fonts have no others
    return token.isalpha() or alphabet not in ("\\mathrm", "\\mathcal", "\\mathfrak", "\\mathscr")


def _takes_style_whole(alphabet: str, base: list[str]) -> bool:
    """Whether something made of several signs may stand in an alphabet."""
    if not base or base[0] in ALPHABETS or base[0] in FUNCTIONS:
        return False
    return alphabet != "\\boldsymbol" or not any(token in NEVER_BOLD for token in base)


def _merge_upright(atoms: Iterable[_Atom]) -> list[_Atom]:
    """Join neighbouring upright letters into words, and words that name a function into that function."""
    merged: list[_Atom] = []
    for atom in atoms:
        last = merged[-1] if merged else None
        if last is not None and last.plain and _upright(last):
            if _upright(atom):
                merged[-1] = _Atom([*last.base[:-1], *atom.base[2:]], atom.sub, atom.sup)
                continue
            # A blank inside words belongs to them; behind the last word it is dropped below.
            if atom.base == ["~"] and atom.plain:
                merged[-1] = _Atom([*last.base[:-1], "~", "}"])
                continue
        merged.append(atom)
    return [_named(atom) for atom in merged if atom.base != ["~"] or not atom.plain]


def _upright(atom: _Atom) -> bool:
    return atom.base[:2] == ["\\mathrm", "{"]


def _named(atom: _Atom) -> _Atom:
    if not _upright(atom):
        return atom
    word = atom.base[2:-1]
    while word and word[-1] == "~":
        word = word[:-1]
    name = "\\" + "".join(word)
    return _Atom([name] if name in FUNCTIONS else ["\\mathrm", "{", *word, "}"], atom.sub, atom.sup)
