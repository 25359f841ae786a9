"""One process of a training that `accelerate launch` starts several of; `test_train.py` looks at the outcome.

    accelerate launch … train_in_processes.py DATA OUT SECONDS [--stop-at N] [--resume]

Writes OUT/process<k>.json. With `--stop-at` the last process alone is asked to stop at that step.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torch import Tensor

import detector.train
from detector.config import DetectorConfig
from detector.train import Trainer, TrainSettings

TINY = DetectorConfig(long_side_px=(128, 128), channels=32, roi_size=(3, 5), head_width=32)


class Watched(Trainer):
    """A trainer that notes what it draws and can be asked to stop."""

    stop_at = 0
    latest: Watched

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.drawn: list[str] = []
        self.first_seen = self.seen
        self.first_weights = fingerprint(self.model.state_dict().values())
        self.first_average = fingerprint(self.ema.average.values())
        Watched.latest = self

    def update(self, images: list[Tensor], targets: list[dict[str, Tensor]], factor: float) -> dict[str, float]:
        losses = super().update(images, targets, factor)
        self.drawn += [fingerprint([image]) for image in images]
        if self.step == self.stop_at and self.processes.index == self.processes.count - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return losses


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """The same for the same numbers, to the last bit."""
    return hashlib.sha256(b"".join(tensor.detach().contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("out", type=Path)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--stop-at", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    settings = TrainSettings(
        data=(options.data,), val=options.data, out=str(options.out), minutes=options.seconds / 60,
        init="none", window_px=96, threads=1, config=TINY,
    )  # fmt: skip
    detector.train.Trainer = Watched
    Watched.stop_at = options.stop_at
    finished = detector.train.train(settings, resume=options.resume)
    trainer = Watched.latest
    report = {
        "finished": finished,
        "step": trainer.step,
        "first_seen": trainer.first_seen,
        "seen": trainer.seen,
        "drawn": trainer.drawn,
        "writes": trainer.log is not None,
        "first_weights": trainer.first_weights,
        "first_average": trainer.first_average,
        "weights": fingerprint(trainer.model.state_dict().values()),
        "average": fingerprint(trainer.ema.average.values()),
    }
    (options.out / f"process{trainer.processes.index}.json").write_text(json.dumps(report), "utf-8")


if __name__ == "__main__":
    main()
