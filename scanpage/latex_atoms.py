"""Atoms, what a formula is made of while it is read, and the rules by which one picture has one spelling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from scanpage.latex_symbols import (
    ALPHABETS,
    CAPITAL_GREEK,
    FUNCTIONS,
    HAS_BOLD,
    ITALIC,
    NEVER_BOLD,
    TALL,
    TEXT_ALPHABETS,
    TEXT_ITALIC,
)

MOST_COLUMNS = {"matrix": 10, "cases": 2}
"""What amsmath allows."""
_ALPHABET_OF = {"\\text": "\\mathrm", "\\textbf": "\\mathbf"}
_CLOSING = {"(": ")", "[": "]", "\\{": "\\}"}
_BLANK = ["~"]


@dataclass(slots=True)
class Atom:
    """A nucleus with its scripts; a group that had to keep its braces has `inner` atoms instead of a base.

    Attributes:
        base: canonical tokens.
        told: the alphabet that it was told to be in, so that one around it changes nothing; or "".
    """

    base: list[str]
    sub: Sequence[Atom] = ()
    sup: Sequence[Atom] = ()
    inner: Sequence[Atom] = ()
    told: str = ""

    @property
    def plain(self) -> bool:
        """Whether it has no scripts."""
        return not self.sub and not self.sup

    def tokens(self) -> list[str]:
        """Canonical tokens: subscript before superscript, braces around each."""
        if not self.sub and not self.sup:
            return [*self.base, *flat(self.inner)] if self.inner else self.base
        out = list(self.base) or ["{", *flat(self.inner), "}"]
        if self.sub:
            out += ["_", "{", *flat(self.sub), "}"]
        if self.sup:
            out += ["^", "{", *flat(self.sup), "}"]
        return out


Cell = list[Atom]
Rows = list[list[Cell]]


def flat(atoms: Iterable[Atom]) -> list[str]:
    """Canonical tokens of a sequence."""
    return [token for atom in _merge_upright(atoms) for token in atom.tokens()]


def has_ink(atoms: Iterable[Atom]) -> bool:
    """Whether anything but blanks is left of a sequence."""
    return any(not atom.plain or (atom.base and atom.base != _BLANK) or has_ink(atom.inner) for atom in atoms)


def is_tall(atoms: Iterable[Atom]) -> bool:
    """Whether delimiters around a sequence have to grow."""
    return any(
        not TALL.isdisjoint(atom.base) or is_tall(atom.sub) or is_tall(atom.sup) or is_tall(atom.inner)
        for atom in atoms
    )


def paired(atoms: list[Atom]) -> list[Atom]:
    """Brackets around something tall grow with it: nobody writes them small, whatever the source says."""
    out: list[Atom] = []
    opened: list[int] = []
    for atom in atoms:
        sign = atom.base[0] if len(atom.base) == 1 else ""
        if sign in _CLOSING and atom.plain:
            opened.append(len(out))
        elif opened and sign in _CLOSING.values():
            start = opened.pop()
            opening, body = out[start].base[0], out[start + 1 :]
            if _CLOSING[opening] == sign and is_tall(body):
                atom = Atom(["\\left", opening, *flat(body), "\\right", sign], atom.sub, atom.sup)
                del out[start:]
        out.append(atom)
    return out


def fence(opening: str, atoms: list[Atom], closing: str) -> list[Atom]:
    """What stands between `\\left` and `\\right`: a pair of them only around something tall."""
    if is_tall(atoms):
        body = flat(atoms)
        if opening == "\\{" and closing == "." and _could_be_cases(body):
            return [Atom(["\\begin{cases}", *body[1:-1], "\\end{cases}"])]
        return [Atom(["\\left", opening, *body, "\\right", closing])]
    before = [] if opening == "." else [Atom([opening])]
    after = [] if closing == "." else [Atom([closing])]
    return [*before, *atoms, *after]


def _could_be_cases(body: list[str]) -> bool:
    """Whether this is one matrix, with no other in it, of as many columns as cases have."""
    if body[0] != "\\begin{matrix}" or body[-1] != "\\end{matrix}" or body.count("\\begin{matrix}") != 1:
        return False
    rows = " ".join(body).split(" \\\\ ")
    return all(row.split(" ").count("&") < MOST_COLUMNS["cases"] for row in rows)


def table(environment: str, rows: Rows) -> list[Atom]:
    """Rows and cells as an environment; of a single row that is only aligned just its atoms."""
    if environment == "aligned" and len(rows) < 2:
        return one_line(rows)
    out = [f"\\begin{{{environment}}}"]
    for r, row in enumerate(rows):
        out += ["\\\\"] if r else []
        for c, cell in enumerate(row):
            out += ["&"] if c else []
            out += flat(cell)
    return [Atom([*out, f"\\end{{{environment}}}"])]


def one_line(rows: Rows) -> list[Atom]:
    """All cells of all rows, one behind the other."""
    return paired([atom for row in rows for cell in row for atom in cell])


def without_middle_column(rows: Rows) -> Rows:
    """Rows aligned as `a & = & b`, the way of `eqnarray`, as `a & = b`."""
    middles = [cell for row in rows for cell in row[1:2]]
    if max(map(len, rows), default=0) != 3 or any(len(cell) > 1 for cell in middles) or not any(middles):
        return rows
    return [[row[0], one_line([row[1:]])] if len(row) > 1 else row for row in rows]


def styled(alphabet: str, atoms: Iterable[Atom]) -> list[Atom]:
    """`atoms` set in an alphabet: letter by letter, so that one picture has one spelling."""
    return [_styled(alphabet, atom) for atom in atoms]


def _styled(alphabet: str, atom: Atom) -> Atom:
    base, told = atom.base, atom.told
    if told == "\\text" and alphabet in TEXT_ALPHABETS:
        base, told = _bare(base), ""  # it is in the alphabet around it
    if "\\textbf" in (alphabet, told) and (alphabet in TEXT_ITALIC or told in TEXT_ITALIC):
        base = _in_alphabet("\\boldsymbol", _bare(base))
    elif {"\\textbf", "\\mathsf"} == {alphabet, told}:
        base = _in_alphabet("\\boldsymbol", _in_alphabet("\\mathsf", _bare(base)))
    elif (alphabet == "\\boldsymbol" and told != "\\text") or not (told or alphabet in ITALIC):
        base = _in_alphabet(_ALPHABET_OF.get(alphabet, alphabet), base)
    scripts = styled(alphabet, atom.sub), styled(alphabet, atom.sup)
    return Atom(base, *scripts, styled(alphabet, atom.inner), told or alphabet)


def is_missing(sign: str, alphabet: str) -> bool:
    """Whether the alphabet's font has another sign in the place of this one."""
    if sign in CAPITAL_GREEK:
        return alphabet not in ("\\mathrm", "\\mathbf", "\\textbf", "\\boldsymbol")
    return sign.islower() if alphabet == "\\mathbb" else sign.isdigit() and alphabet in ("\\mathcal", "\\mathfrak")


def _bare(base: list[str]) -> list[str]:
    """The letter alone, without its alphabet."""
    return base[2:-1] if base and base[0] in ALPHABETS else base


def _in_alphabet(alphabet: str, base: list[str]) -> list[str]:
    if len(base) == 1:
        if alphabet == "\\mathbf" and base[0] in CAPITAL_GREEK:
            alphabet = "\\boldsymbol"
        return [alphabet, "{", *base, "}"] if _takes_style(alphabet, base[0]) else base
    if alphabet == "\\boldsymbol" and _upright(base):
        return ["\\mathbf", *base[1:]] if len(base) == 4 else base
    return [alphabet, "{", *base, "}"] if _takes_style_whole(alphabet, base) else base


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
    if not base or base[0] in FUNCTIONS or (base[0] in ALPHABETS and base[0] not in HAS_BOLD):
        return False
    if base[0] in HAS_BOLD:
        return alphabet == "\\boldsymbol"
    return alphabet != "\\boldsymbol" or not any(token in NEVER_BOLD for token in base)


def _upright(base: list[str]) -> bool:
    return base[:1] == ["\\mathrm"]


def _merge_upright(atoms: Iterable[Atom]) -> Iterable[Atom]:
    """Join neighbouring upright letters into words, and words that name a function into that function."""
    atoms = list(atoms)
    if not any(atom.base and atom.base[0] in ("\\mathrm", "~") for atom in atoms):
        return atoms
    merged: list[Atom] = []
    for atom in atoms:
        last = merged[-1] if merged else None
        if last is not None and _upright(last.base) and last.plain:
            if _upright(atom.base):
                merged[-1] = replace(atom, base=[*last.base[:-1], *atom.base[2:]])
                continue
            # A blank inside words belongs to them; behind the last word it is dropped below.
            if atom.base == _BLANK and atom.plain:
                merged[-1] = Atom([*last.base[:-1], "~", "}"])
                continue
        merged.append(atom)
    return [_named(atom) for atom in merged if atom.base != _BLANK or not atom.plain]


def _named(atom: Atom) -> Atom:
    if not _upright(atom.base):
        return atom
    word = atom.base[2:-1]
    while word and word[-1] == "~":
        word.pop()
    name = "\\" + "".join(word)
    return replace(atom, base=[name] if name in FUNCTIONS else ["\\mathrm", "{", *word, "}"])
