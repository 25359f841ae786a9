"""Seconds by stage."""

from __future__ import annotations

import pytest

from pipeline import timing
from pipeline.timing import StageTimes


def test_each_stage_is_told_with_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.5, 2.0, 2.5, 3.0, 4.0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    times = StageTimes()
    for stage in ("prose", "detect", "prose"):
        with times(stage):
            pass
    assert times.seconds == {"prose": 2.5, "detect": 0.5}
    assert times.summary() == "prose 2.50 s (83%), detect 0.50 s (17%)"


def test_stages_of_no_time_have_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing.time, "perf_counter", lambda: 1.0)
    times = StageTimes()
    with times("load"):
        pass
    assert times.summary() == "load 0.00 s (0%)"
