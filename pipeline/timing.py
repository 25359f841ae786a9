"""Seconds that each stage took."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class StageTimes:
    """Adds up seconds by stage; `with times("detect"): …`."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add({stage: time.perf_counter() - start})

    def add(self, seconds: Mapping[str, float]) -> None:
        """Add what was measured elsewhere."""
        for stage, more in seconds.items():
            self._seconds[stage] = self._seconds.get(stage, 0.0) + more

    @property
    def seconds(self) -> dict[str, float]:
        """Stages in the order of their first use."""
        return dict(self._seconds)

    def summary(self) -> str:
        """Seconds of each stage and its share of all stages, on one line."""
        total = sum(self._seconds.values())
        return ", ".join(
            f"{stage} {seconds:.2f} s ({100 * seconds / total if total else 0:.0f}%)"
            for stage, seconds in self._seconds.items()
        )
