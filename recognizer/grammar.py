"""Decoding by a grammar: at each step, which tokens keep the output a formula that can be finished in time.

A pushdown automaton over the rules of `grammar_rules`. What follows from the topmost symbol is worked out the first
time that it is met, and then kept: for each token, the symbols it leads to, and the fewest tokens that finish these.
So a step costs two look-ups, and a mask over the whole vocabulary one comparison of arrays, where it is wanted at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.grammar_rules import Kind, Run
from recognizer.grammar_symbols import Symbol
from recognizer.grammar_words import Context, Words

FORBIDDEN = np.iinfo(np.int16).max

Mask = NDArray[np.bool_]


class State(Protocol):
    """What was written so far, as far as it matters to what comes next."""

    @property
    def need(self) -> int:
        """Fewest tokens, with the end token, that finish the formula."""

    def permits(self, token: int, remaining: int) -> bool:
        """Whether a token may come next, where it is the first of at most `remaining`."""

    def mask(self, remaining: int) -> Mask:
        """The same of all tokens, [V]."""

    def after(self, token: int) -> State:
        """The state behind a token that is permitted and is not the end token."""


class Node:
    """A symbol of the grammar, and what each token makes of it.

    Attributes:
        least: the fewest tokens that fulfil it.
    """

    __slots__ = ("_grammar", "_rules", "_symbol", "least")

    def __init__(self, grammar: Grammar, symbol: Symbol) -> None:
        self._grammar = grammar
        self._symbol = symbol
        self._rules: Rules | None = None
        self.least = symbol.least()

    @property
    def rules(self) -> Rules:
        if self._rules is None:
            self._rules = self._grammar.rules(self._symbol)
        return self._rules


@dataclass(frozen=True, slots=True)
class Rules:
    """What may follow a symbol.

    Attributes:
        costs: int16 [V], the fewest tokens that fulfil what a token leads to; `FORBIDDEN` for those that may not come.
        allowed: those that may, [V].
        dearest: the greatest of their costs.
        ways: uint8 [V], each token's place in `leads`.
        leads: nodes that take the symbol's place, last to be fulfilled first.
    """

    costs: NDArray[np.int16]
    allowed: Mask
    dearest: int
    ways: NDArray[np.uint8]
    leads: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """A `State` of a `Grammar`: a node on top of others."""

    top: Node
    below: Stack | None
    need: int

    def permits(self, token: int, remaining: int) -> bool:
        return bool(self.top.rules.costs[token] <= self._spare(remaining))

    def mask(self, remaining: int) -> Mask:
        spare, rules = self._spare(remaining), self.top.rules
        return rules.allowed if rules.dearest <= spare else rules.costs <= spare

    def after(self, token: int) -> Stack:
        rules = self.top.rules
        stack = self.below
        for node in rules.leads[rules.ways[token]]:
            stack = Stack(node, stack, node.least + (stack.need if stack else 0))
        if stack is None:
            raise ValueError("nothing follows the end token")
        return stack

    def _spare(self, remaining: int) -> int:
        """Tokens that are left for what the next one leads to."""
        return min(remaining - 1 - (self.need - self.top.least), FORBIDDEN - 1)


class Grammar:
    """The label language over a vocabulary.

    Args:
        tokens: what each number stands for; numbers of other things are never permitted.
        end: the number that ends a formula.
    """

    def __init__(self, tokens: Sequence[str], end: int) -> None:
        self._words = Words(tokens, end)
        self._size = len(tokens)
        self._nodes: dict[Symbol, Node] = {}

    def start(self) -> Stack:
        """Before the first token."""
        formula = self._node(Run(Kind.FORMULA, Context()))
        return Stack(formula, None, formula.least)

    def rules(self, symbol: Symbol) -> Rules:
        """What may follow a symbol."""
        costs = np.full(self._size, FORBIDDEN, np.int16)
        ways = np.zeros(self._size, np.uint8)
        leads: list[tuple[Node, ...]] = []
        for tokens, symbols in symbol.choices(self._words):
            nodes = tuple(self._node(found) for found in reversed(symbols))
            costs[tokens] = sum(node.least for node in nodes)
            ways[tokens] = len(leads)
            leads.append(nodes)
        allowed = costs != FORBIDDEN
        return Rules(costs, allowed, int(costs[allowed].max(initial=0)), ways, tuple(leads))

    def _node(self, symbol: Symbol) -> Node:
        node = self._nodes.get(symbol)
        if node is None:
            node = self._nodes[symbol] = Node(self, symbol)
        return node


class Free:
    """The `State` of a decoder that may write anything; its mask is [1], to be broadcast."""

    need = 0

    def permits(self, token: int, remaining: int) -> bool:
        return True

    def mask(self, remaining: int) -> Mask:
        return np.ones(1, np.bool_)

    def after(self, token: int) -> Free:
        return self
