"""Lets each canonical label through once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b

from synth.chunks import Chunk, Wanted
from synth.shards import Shard


class Sieve:
    """Keeps of chunk after chunk what is new, not excluded and within the limit.

    Attributes:
        kept: layouts that were let through.
        dropped: how many formulas fell to each reason, those that the chunks had dropped included.
    """

    def __init__(self, wanted: Wanted) -> None:
        self._limit = wanted.limit
        self._excluded = {_digest(label) for label in wanted.exclude}
        self._seen: set[int] = set()
        self.kept = 0
        self.dropped: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether the limit is reached."""
        return self._limit is not None and self.kept >= self._limit

    def sift(self, chunk: Chunk) -> Shard:
        """The layouts to keep; chunks come in the order of the list."""
        self.dropped.update(chunk.dropped)
        new = []
        for i, label in enumerate(chunk.shard.latex):
            digest = _digest(label)
            if digest in self._excluded:
                self.dropped["excluded"] += 1
            elif digest in self._seen:
                self.dropped["seen before"] += 1
            elif self.full:
                self.dropped["over the limit"] += 1
            else:
                self._seen.add(digest)
                self.kept += 1
                new.append(i)
        return chunk.shard.select(new)

    def remember(self, labels: Iterable[str]) -> None:
        """Counts labels as let through before."""
        for label in labels:
            self._seen.add(_digest(label))
            self.kept += 1


def _digest(label: str) -> int:
    """64 bits: two of a million labels have the same with a probability of 3e-8, and then one of them is dropped."""
    return int.from_bytes(blake2b(label.encode("utf-8"), digest_size=8).digest(), "big")
