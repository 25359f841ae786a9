"""Work shared out: all of it is done once, errors arrive, nobody waits for the dead."""

from __future__ import annotations

import multiprocessing
import os
import time
from functools import partial
from pathlib import Path

import pytest

from scanpage.errors import InputError, OutputError, WorkerError
from scanpage.files import write_bytes
from synth.config_file import read_config
from synth.crew import FORKS, share


@pytest.mark.parametrize("forks", [True, False])
@pytest.mark.parametrize("workers", [0, 1, 3])
def test_every_item_is_done_once(monkeypatch: pytest.MonkeyPatch, workers: int, forks: bool) -> None:
    monkeypatch.setattr("synth.crew.FORKS", forks and FORKS)
    # Items are seconds to sleep.
    assert list(share(partial(partial, time.sleep), [0] * 7, workers)) == [0] * 7
    assert not multiprocessing.active_children()


def test_nothing_to_do_starts_nobody() -> None:
    def start() -> None:
        raise AssertionError("nobody should begin")

    assert list(share(start, [], 4)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("forks", [True, False])
def test_what_cannot_be_begun_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forks: bool) -> None:
    monkeypatch.setattr("synth.crew.FORKS", forks and FORKS)
    with pytest.raises(InputError, match=r"nowhere\.toml"):
        list(share(partial(read_config, tmp_path / "nowhere.toml"), [1, 2, 3], 2))  # type: ignore[arg-type]
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("workers", [1, 2])
def test_errors_arrive(tmp_path: Path, workers: int) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        list(share(partial(partial, write_bytes, tmp_path / "file" / "x"), [1, 2, 3], workers))
    assert not multiprocessing.active_children()


def test_a_process_that_dies_ends_the_work() -> None:
    with pytest.raises(WorkerError, match="page 3 died"):
        list(share(partial(partial, os._exit), [3, 3, 3], 2))
    assert not multiprocessing.active_children()


def test_stopping_early_leaves_nobody() -> None:
    sharing = share(partial(partial, time.sleep), [0] * 1000, 2)
    next(sharing)
    assert multiprocessing.active_children()
    sharing.close()
    assert not multiprocessing.active_children()
