"""A random grammar of formulas, for use where no list of formulas is at hand. Everything it makes is canonical."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

_LATIN = "abcdefghijklmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVXYZ"
_SMALL = (
    "alpha beta gamma delta varepsilon zeta eta theta kappa lambda mu nu xi pi rho sigma tau phi varphi chi psi omega"
)
_CAPITAL = "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
_NAMES = "sin cos tan exp log ln det sinh cosh arctan min max dim ker"
_GREEK = ["\\" + name for name in f"{_SMALL} {_CAPITAL}".split()]
_CONSTANTS = [r"\infty", r"\hbar", r"\ell", r"\partial", r"\emptyset", r"\nabla"]
_OPERATORS = ["+", "-", "+", "-", r"\cdot", r"\times", r"\pm", r"\otimes", r"\oplus", r"\cup", r"\cap", "/"]
_RELATIONS = ["=", "=", "=", "<", ">", r"\leq", r"\geq", r"\neq", r"\approx", r"\sim", r"\equiv", r"\in", r"\subset"]
_ARROWS = [r"\rightarrow", r"\Rightarrow", r"\mapsto", r"\Leftrightarrow"]
_FUNCTIONS = ["\\" + name for name in _NAMES.split()]
_ACCENTS = [r"\hat", r"\bar", r"\tilde", r"\vec", r"\dot", r"\overline"]
_ALPHABETS = [r"\mathbb", r"\mathcal", r"\mathbf", r"\mathrm", r"\mathfrak"]
_BIG = [r"\sum", r"\prod", r"\int", r"\bigcup", r"\oint", r"\sum", r"\int"]
_FENCES = [("(", ")"), ("(", ")"), ("[", "]"), (r"\{", r"\}"), ("|", "|"), (r"\langle", r"\rangle")]

Tokens = list[str]


def random_formula(rng: np.random.Generator, *, max_depth: int = 2) -> str:
    """A random formula, tokens separated by blanks, canonical in the sense of `scanpage.latex`.

    Args:
        rng: decides everything.
        max_depth: how deep fractions, roots, scripts and fences may stand in each other.
    """
    from scanpage.latex import normalise

    writer = _Writer(rng)
    return " ".join(normalise(" ".join(writer.statement(max_depth))))


class _Writer:
    """One production of the grammar a method; `depth` is how much deeper an expression may nest."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def _pick(self, options: Sequence[str]) -> str:
        return options[int(self._rng.integers(len(options)))]

    def statement(self, depth: int) -> Tokens:
        """An expression, mostly related to another."""
        chance = self._rng.random()
        if chance < 0.15:
            return self.expression(depth)
        if chance < 0.20:
            return [*self.variable(), "=", *self.cases(depth - 1)]
        tokens = [*self.expression(depth), self._pick(_RELATIONS), *self.expression(depth)]
        if chance > 0.92:
            tokens += [self._pick(_ARROWS), *self.variable()]
        elif chance > 0.86:
            tokens += [",", r"\quad", *self.variable(), self._pick(_RELATIONS), *self.number()]
        return tokens

    def expression(self, depth: int) -> Tokens:
        """Terms joined by operators."""
        tokens = ["-"] if self._rng.random() < 0.08 else []
        tokens += self.term(depth)
        for _ in range(int(self._rng.geometric(0.62)) - 1):
            tokens += [self._pick(_OPERATORS), *self.term(depth)]
        return tokens

    def term(self, depth: int) -> Tokens:
        """One to three factors side by side."""
        count = 1 + int(self._rng.random() < 0.4) + int(self._rng.random() < 0.15)
        tokens = self.number() if self._rng.random() < 0.2 else []
        for _ in range(count):
            tokens += self.factor(depth)
        return tokens

    def factor(self, depth: int) -> Tokens:
        """A symbol, or something built of expressions if there is depth left."""
        if depth <= 0 or self._rng.random() < 0.72:
            return self.scripted(depth)
        built: list[Callable[[int], Tokens]] = [
            self.fraction,
            self.fraction,
            self.root,
            self.big_operator,
            self.function,
            self.fenced,
            self.fenced,
            self.limit,
            self.matrix,
        ]
        return built[int(self._rng.integers(len(built)))](depth - 1)

    def number(self) -> Tokens:
        """A whole number or a decimal."""
        digits = [str(d) for d in self._rng.integers(0, 10, int(self._rng.geometric(0.7)))]
        if len(digits) > 1 and digits[0] == "0":
            digits[0] = "1"
        return [*digits, ".", str(self._rng.integers(0, 10))] if self._rng.random() < 0.08 else digits

    def variable(self) -> Tokens:
        """A letter, perhaps accented or of another alphabet."""
        chance = self._rng.random()
        if chance < 0.08:
            return [self._pick(_ACCENTS), "{", self._pick(_LATIN), "}"]
        if chance < 0.15:
            return [self._pick(_ALPHABETS), "{", self._pick("ABCDEFGHKLMNPQRSTXYZ"), "}"]
        if chance < 0.20:
            return [self._pick(_CONSTANTS)]
        return [self._pick(_GREEK if chance < 0.4 else _LATIN)]

    def scripted(self, depth: int) -> Tokens:
        """A variable with the scripts it happens to get."""
        tokens = self.variable()
        if self._rng.random() < 0.3:
            tokens += ["_", "{", *self.script(depth), "}"]
        if self._rng.random() < 0.25:
            prime = self._rng.random() < 0.15
            tokens += ["^", "{", *([r"\prime"] if prime else self.script(depth)), "}"]
        return tokens

    def script(self, depth: int) -> Tokens:
        chance = self._rng.random()
        if chance < 0.45:
            return self.number()
        if chance < 0.85 or depth <= 0:
            return [self._pick(_LATIN)] + (["+", "1"] if chance < 0.55 else [])
        return self.expression(min(depth - 1, 1))

    def fraction(self, depth: int) -> Tokens:
        return [r"\frac", "{", *self.expression(depth), "}", "{", *self.expression(depth), "}"]

    def root(self, depth: int) -> Tokens:
        index = ["[", self._pick("345nk"), "]"] if self._rng.random() < 0.2 else []
        return [r"\sqrt", *index, "{", *self.expression(depth), "}"]

    def big_operator(self, depth: int) -> Tokens:
        """A sum, product or integral with limits and what it is taken of."""
        sign = self._pick(_BIG)
        letter = self._pick("ijknm")
        lower = [*self.number()] if sign in (r"\int", r"\oint") else [letter, "=", *self.number()]
        tokens = [sign, "_", "{", *lower, "}"]
        if self._rng.random() < 0.8:
            tokens += ["^", "{", self._pick([r"\infty", "n", "N", "1", "T"]), "}"]
        tokens += self.term(depth)
        return [*tokens, "d", self._pick("xtsuz")] if sign in (r"\int", r"\oint") else tokens

    def function(self, depth: int) -> Tokens:
        power = ["^", "{", self._pick("23n"), "}"] if self._rng.random() < 0.2 else []
        return [self._pick(_FUNCTIONS), *power, *(self.fenced(depth) if self._rng.random() < 0.5 else self.scripted(0))]

    def fenced(self, depth: int) -> Tokens:
        left, right = _FENCES[int(self._rng.integers(len(_FENCES)))]
        power = ["^", "{", *self.number(), "}"] if self._rng.random() < 0.25 else []
        return [r"\left", left, *self.expression(depth), r"\right", right, *power]

    def limit(self, depth: int) -> Tokens:
        target = self._pick([r"\infty", "0", "a", "1"])
        return [r"\lim", "_", "{", self._pick("nxtk"), r"\rightarrow", target, "}", *self.term(depth)]

    def matrix(self, depth: int) -> Tokens:
        """A small matrix in parentheses or brackets."""
        rows, columns = self._rng.integers(2, 4), self._rng.integers(1, 4)
        left, right = _FENCES[int(self._rng.integers(3))]
        cells = [
            [self.scripted(0) if self._rng.random() < 0.6 else self.number() for _ in range(columns)]
            for _ in range(rows)
        ]
        return [r"\left", left, r"\begin{matrix}", *_grid(cells), r"\end{matrix}", r"\right", right]

    def cases(self, depth: int) -> Tokens:
        """A definition by cases."""
        cells = [
            [self.expression(depth - 1), [*self.variable(), self._pick(_RELATIONS), *self.number()]] for _ in range(2)
        ]
        return [r"\begin{cases}", *_grid(cells), r"\end{cases}"]


def _grid(cells: Sequence[Sequence[Tokens]]) -> Tokens:
    """Cells joined by `&`, rows by `\\\\`."""
    tokens: Tokens = []
    for i, row in enumerate(cells):
        for j, cell in enumerate(row):
            tokens += [*([r"\\"] if i and not j else []), *(["&"] if j else []), *cell]
    return tokens
