"""Reading sequences: groups, arguments, scripts, rows; what the single commands mean is for `latex_parser` to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

from scanpage.latex_accents import is_folded, spills
from scanpage.latex_atoms import Atom, Cell, Rows, flat, has_ink, paired, styled
from scanpage.latex_symbols import DROPPED, DROPPED_WITH_ARGUMENT, SWITCHES, SYNONYMS

END = ""
"""Stands behind the last token."""
_CLOSERS = frozenset({END, "}", "\\right", "&", "\\\\"})
_SCRIPTS = ("^", "_", "'")
_PRIME = ["\\prime"]
_MAX_DEPTH = 40


class Refusal(ValueError):  # noqa: N818 - a formula outside the label language is no error of the program
    """The formula is outside the label language; the message says why."""


class Reader(ABC):
    """A place in a list of tokens, and how sequences are read from there.

    Args:
        tokens: of any vocabulary.
        lenient: whether to mend what is wrong and go on, rather than to raise `Refusal`.
    """

    def __init__(self, tokens: Iterable[str], *, lenient: bool) -> None:
        self._tokens = [SYNONYMS.get(token, token) for token in tokens if token != END]
        self._tokens.append(END)
        self._at = 0
        self._depth = 0
        self._repeats = 0
        self._scripts = 0
        self._lenient = lenient

    @abstractmethod
    def _read(self, token: str) -> list[Atom] | None:
        """What a command or sign that was just passed comes to, with its arguments; None if it is neither."""

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

    def _sequence(self, stop: str = END) -> list[Atom]:
        """Atoms up to (not including) `stop` or a token that closes something."""
        self._deeper()
        atoms: list[Atom] = []
        while (token := self._tokens[self._at]) not in _CLOSERS and token != stop and token[:5] != "\\end{":
            self._at += 1
            unit = self._read(token)
            if unit is not None:
                if self._token in _SCRIPTS and token not in DROPPED and token not in DROPPED_WITH_ARGUMENT:
                    unit = _shut_in(unit, self._token, loosely=token == "\\boldsymbol")
                atoms += unit
            elif token in _SCRIPTS:
                self._script(token, atoms)
            elif token in ("\\over", "\\atop", "\\choose"):
                atoms = self._infix(token, atoms, stop)
            elif token in SWITCHES:
                atoms += styled(SWITCHES[token], self._sequence(stop))
            else:
                self._problem(f"unknown {token}")
        self._depth -= 1
        return paired(atoms)

    def _infix(self, command: str, before: list[Atom], stop: str) -> list[Atom]:
        after = self._sequence(stop)
        if command == "\\atop":
            self._problem("\\atop")
        name = "\\frac" if command == "\\over" else "\\binom"
        return [Atom([name, "{", *flat(paired(before)), "}", "{", *flat(after), "}"])]

    def _script(self, sign: str, atoms: list[Atom]) -> None:
        if not atoms:
            atoms.append(Atom([]))
        last = atoms[-1]
        if len(last.base) > 2 and spills(last.base):
            last = atoms[-1] = Atom([], inner=[last])
        if sign == "'":
            last.sup = [*last.sup, Atom(_PRIME)]
            return
        self._scripts += 1
        script = self._argument()
        self._scripts -= 1
        if not has_ink(script):
            if not last.base and last.plain and (last.inner or self._token not in _SCRIPTS):
                atoms[-1:] = last.inner  # it was there for the script
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
        unit: list[Atom] | None = []
        if self._token != END:
            self._at += 1
            unit = self._read(token)
            if unit is None:
                self._problem(f"unknown {token}")
        self._depth -= 1
        return paired(unit) if unit and len(unit) > 2 else unit or []

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
            if self._token == END or self._depth > 0:
                break
        return atoms

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
        while (token := self._token) not in ("&", "\\\\", END) and not (closed_by_end and token[:5] == "\\end{"):
            self._problem(f"unexpected {token}")
            self._at += 1
            atoms = paired([*atoms, *self._sequence()])
        return atoms


def _shut_in(unit: list[Atom], script: str, *, loosely: bool) -> list[Atom]:
    """What a script behind `unit` belongs to: a group keeps its braces where one inside would be mistaken for it.

    Args:
        loosely: whether it is no group, so that scripts inside and behind it join as long as they do not collide.
    """
    if not unit:
        return [Atom([])]
    collides = unit[-1].sub if script == "_" else unit[-1].sup
    if not collides and (loosely or not unit[-1].sub):
        return unit
    seen = [atom for atom in unit if has_ink([atom])]
    return seen if len(seen) == 1 and is_folded(seen[0].base) else [Atom([], inner=unit)]
