"""Greedy and beam search over a decoder with a cache, under a grammar, many pictures at once.

Probabilities are always those of the decoder over its whole vocabulary: where the grammar chose, the token's own
probability tells how doubtful it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.grammar import State

# No formula says one to eight tokens over again for this long.
LOOP_TOKENS, LOOP_PERIOD = 32, 8

Cross = dict[str, NDArray[np.float32]]
"""What decoder layer i attends to: `keys.i` [N, heads, d, S], `values.i` [N, heads, S, d]."""


class Step(Protocol):
    """One step of a decoder: logits [N, V], and the cache's entry for `last` [layers, N, 2 * heads, d]."""

    def __call__(
        self, last: NDArray[np.int64], past: NDArray[np.float32], lengths: NDArray[np.int64], cross: Cross
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]: ...


@dataclass(frozen=True, slots=True)
class Written:
    """What the decoder wrote: token numbers without the end token, and the log-probability of each with the end's."""

    ids: tuple[int, ...]
    log_probabilities: tuple[float, ...]

    @property
    def total(self) -> float:
        """Log-probability of all of it."""
        return sum(self.log_probabilities)


@dataclass(slots=True)
class Row:
    """A formula in the making.

    Attributes:
        picture: the number of the picture that it is of.
        states: what the grammar knew before each token, and now.
        deadline: the step before which it has to end.
    """

    picture: int
    states: list[State]
    deadline: int
    ids: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)

    def permits(self, token: int) -> bool:
        return self.states[-1].permits(token, self.deadline - len(self.ids))

    def mask(self) -> NDArray[np.bool_]:
        return self.states[-1].mask(self.deadline - len(self.ids))

    def loops(self) -> int:
        """What `loop` says of it; not where it only closes what is open, which may be many braces."""
        return loop(self.ids) if self.states[-1].need < self.deadline - len(self.ids) else 0

    @property
    def total(self) -> float:
        return sum(self.log_probabilities)

    def with_token(self, token: int, log_probability: float) -> Row:
        return Row(
            self.picture,
            [*self.states, self.states[-1].after(token)],
            self.deadline,
            [*self.ids, token],
            [*self.log_probabilities, log_probability],
        )

    def ended(self, log_probability: float) -> Written:
        """What it comes to with the end token."""
        return Written(tuple(self.ids), (*self.log_probabilities, log_probability))

    def written(self) -> Written:
        """What it comes to without one."""
        return Written(tuple(self.ids), tuple(self.log_probabilities))


@dataclass(slots=True)
class Batch:
    """Rows that are decoded together, all of them as far.

    Attributes:
        past: the cache [limit, layers, N, 2 * heads, d], of which the first `filled` entries are.
        last: the token [N] behind which each row goes on.
        lengths, cross: of each row, as the encoder gave them.
    """

    rows: list[Row]
    past: NDArray[np.float32]
    filled: int
    last: NDArray[np.int64]
    lengths: NDArray[np.int64]
    cross: Cross

    def chosen(self, places: Sequence[int]) -> Batch:
        """Some rows only, in this order and as often as named; just the filled part of the cache is copied."""
        if len(places) == len(self.rows) and all(i == place for i, place in enumerate(places)):
            return self
        index = np.array(places, np.intp)
        past = np.empty((*self.past.shape[:2], len(places), *self.past.shape[3:]), np.float32)
        past[: self.filled] = self.past[: self.filled, :, index]
        cross = {name: tensor[index] for name, tensor in self.cross.items()}
        rows = [self.rows[i] for i in places]
        return Batch(rows, past, self.filled, self.last[index], self.lengths[index], cross)


class Decoder:
    """Writes formulas.

    Args:
        step: the decoder.
        start_id, end_id: the token before the first, and the one behind the last.
        entry_shape: layers, keys' and values' heads together, and their width, as in the cache.
        limit: most tokens of a formula, with the end token.
        beginning: what the grammar knows before the first token.
        temperature: logits are divided by it before they become probabilities.
    """

    def __init__(
        self,
        step: Step,
        *,
        start_id: int,
        end_id: int,
        entry_shape: tuple[int, int, int],
        limit: int,
        beginning: State,
        temperature: float = 1.0,
    ) -> None:
        self._step = step
        self._start_id = start_id
        self._end_id = end_id
        self._entry_shape = entry_shape
        self._limit = limit
        self._beginning = beginning
        self._temperature = temperature

    def greedy(self, cross: Cross, lengths: NDArray[np.int64]) -> list[Written]:
        """The likeliest permitted token at each step, for each picture."""
        done: dict[int, Written] = {}
        self._write_greedily(self._begin(cross, lengths), done)
        return [done[picture] for picture in range(len(lengths))]

    def beams(self, cross: Cross, lengths: NDArray[np.int64], width: int) -> list[list[Written]]:
        """Up to `width` of the likeliest formulas for each picture, best first.

        By the sum of their log-probabilities, as the search itself goes. Means, or sums over another power of the
        length, read as many formulas right: of 1,069 with 3 beams, 576 by sums and 575 by means.
        A beam that goes round in a loop is given up; a picture that has none left is read greedily.
        """
        done: list[list[Written]] = [[] for _ in lengths]
        batch = start = self._begin(cross, lengths)
        while batch.rows:
            scores, entry = self._scores(batch)
            batch.past[batch.filled] = entry
            batch.filled += 1
            batch = self._grown(batch, scores, done, width)
        unread = [picture for picture, found in enumerate(done) if not found]
        if unread:
            start.filled = 0
            greedy: dict[int, Written] = {}
            self._write_greedily(start.chosen(unread), greedy)
            for picture in unread:
                done[picture] = [greedy[picture]]
        return [sorted(found, key=lambda written: -written.total)[:width] for found in done]

    def _begin(self, cross: Cross, lengths: NDArray[np.int64]) -> Batch:
        count = len(lengths)
        layers, *entry = self._entry_shape
        past = np.empty((self._limit, layers, count, *entry), np.float32)
        rows = [Row(picture, [self._beginning], self._limit) for picture in range(count)]
        return Batch(rows, past, 0, np.full(count, self._start_id, np.int64), lengths, cross)

    def _scores(self, batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Log-probabilities [N, V] of the next tokens, and the cache's entry."""
        logits, entry = self._step(batch.last, batch.past[: batch.filled], batch.lengths, batch.cross)
        return log_softmax(logits / np.float32(self._temperature)), entry

    # -- greedy ----------------------------------------------------------------------------------------------------

    def _write_greedily(self, batch: Batch, done: dict[int, Written]) -> None:
        """Goes on with all rows until they end; rows that are done leave the batch."""
        while batch.rows:
            scores, batch.past[batch.filled] = self._scores(batch)
            batch.filled += 1
            batch.last = scores.argmax(1)
            stay: list[int] = []
            for place, row in enumerate(batch.rows):
                token = int(batch.last[place])
                if not row.permits(token):
                    token = int(np.where(row.mask(), scores[place], -np.inf).argmax())
                    batch.last[place] = token
                row.log_probabilities.append(float(scores[place, token]))
                if token != self._end_id:
                    row.ids.append(token)
                    row.states.append(row.states[-1].after(token))
                if token == self._end_id or len(row.ids) >= row.deadline:
                    done[row.picture] = row.written()
                elif period := row.loops():
                    self._close(batch.chosen([place]), period, done)
                else:
                    stay.append(place)
            batch = batch.chosen(stay)

    def _close(self, batch: Batch, period: int, done: dict[int, Written]) -> None:
        """Cuts the only row back to one round of its loop, and has it end as soon as the grammar lets it."""
        row = batch.rows[0]
        # Once round is what the picture may have held.
        end = len(row.ids) - LOOP_TOKENS + period
        state = row.states[end]
        shorter = Row(row.picture, row.states[: end + 1], end + state.need, row.ids[:end], row.log_probabilities[:end])
        if not state.need:
            done[row.picture] = shorter.written()
            return
        batch = replace(batch, rows=[shorter], filled=end, last=np.array(row.ids[end - 1 : end], np.int64))
        self._write_greedily(batch, done)

    # -- beams -----------------------------------------------------------------------------------------------------

    def _grown(self, batch: Batch, scores: NDArray[np.float32], done: list[list[Written]], width: int) -> Batch:
        """The batch one token on, with the best `width` rows of each picture; formulas that end go to `done`."""
        places: dict[int, list[int]] = {}
        for place, row in enumerate(batch.rows):
            places.setdefault(row.picture, []).append(place)
        rows: list[Row] = []
        parents: list[int] = []
        for picture, members in places.items():
            for place, token, score in self._best(batch, members, scores, width):
                row = batch.rows[place]
                if token == self._end_id:
                    done[picture].append(row.ended(score))
                else:
                    grown = row.with_token(token, score)
                    if len(grown.ids) >= grown.deadline:
                        done[picture].append(grown.written())
                    elif not grown.loops() and not _hopeless(grown, done[picture], width):
                        rows.append(grown)
                        parents.append(place)
        last = np.array([row.ids[-1] for row in rows], np.int64)
        return replace(batch.chosen(parents), rows=rows, last=last)

    def _best(
        self, batch: Batch, members: Sequence[int], scores: NDArray[np.float32], width: int
    ) -> list[tuple[int, int, float]]:
        """The best `width` ways on of one picture's rows: row, token and the token's log-probability, best first."""
        totals = np.array([batch.rows[place].total for place in members], np.float64)
        masks = np.stack([batch.rows[place].mask() for place in members])
        table = np.where(masks, scores[members] + totals[:, None], -np.inf)
        flat = table.ravel()
        best = np.argpartition(flat, -width)[-width:] if flat.size > width else np.arange(flat.size)
        best = best[np.argsort(-flat[best], kind="stable")]
        ways = (divmod(int(place), scores.shape[1]) for place in best if flat[place] > -np.inf)
        return [(members[i], token, float(scores[members[i], token])) for i, token in ways]


def _hopeless(row: Row, found: Sequence[Written], width: int) -> bool:
    """Whether so many formulas are more probable than all that may become of the row: probabilities only fall."""
    return sum(written.total >= row.total for written in found) >= width


def loop(ids: Sequence[int]) -> int:
    """Length of the piece that the last tokens repeat over and over, as a decoder does that lost its place; else 0."""
    if len(ids) < LOOP_TOKENS:
        return 0
    tail = ids[-LOOP_TOKENS:]
    return next((period for period in range(1, LOOP_PERIOD + 1) if tail[period:] == tail[:-period]), 0)


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Logarithms of the probabilities, [N, V]."""
    shifted = logits - logits.max(1, keepdims=True)
    found: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    return found
