"""One process of a training that `accelerate launch` starts several of; `test_train_processes.py` looks at the outcome.

    accelerate launch … train_in_processes.py OUT STEPS [--stop-at N] [--resume]

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

import numpy as np
import torch
from torch import Tensor

from recognizer.codec import CompactCodec
from recognizer.config import ImageConfig, ModelConfig, TrainConfig
from recognizer.dataset import Sample, draw, print_source
from recognizer.model import build
from recognizer.tokenizer import LatexTokenizer
from recognizer.train import Trainer
from scanpage.parallel import Processes
from synth.layout import Layout
from synth.mathtext import typeset_mathtext

IMAGE = ImageConfig()
TINY = ModelConfig(width=32, heads=4, feed_forward=32, encoder_layers=1, decoder_layers=1, dropout=0.0)


class Watched(Trainer):
    """A trainer that notes what it draws and can be asked to stop."""

    stop_at = 0

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.drawn: list[str] = []

    def update(self, samples: list[Sample]) -> dict[str, float]:
        losses = super().update(samples)
        self.drawn += [hashlib.sha256(sample.picture.tobytes()).hexdigest() for sample in samples]
        if self.step == self.stop_at and self.processes.index == self.processes.count - 1:
            os.kill(os.getpid(), signal.SIGTERM)
        return losses


def fingerprint(tensors: Iterable[Tensor]) -> str:
    """The same for the same numbers, to the last bit."""
    return hashlib.sha256(b"".join(tensor.detach().contiguous().numpy().tobytes() for tensor in tensors)).hexdigest()


def gradient_error(trainer: Trainer, samples: list[Sample]) -> float:
    """How far averaged gradients, each process with a sample of its own, are from the means counted in one process."""
    parameters = [p for module in trainer.objective.modules for p in module.parameters()]
    own = []
    for sample in samples[: trainer.processes.count]:
        trainer.objective.losses([sample]).tokens.backward()
        own.append([torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in parameters])
        trainer.model.zero_grad()
    trainer.objective.losses([samples[trainer.processes.index]]).tokens.backward()
    trainer.processes.average_gradients(parameters)
    means = [torch.stack(gradients).mean(0) for gradients in zip(*own, strict=True)]
    error = max(
        float((p.grad - mean).abs().max()) for p, mean in zip(parameters, means, strict=True) if p.grad is not None
    )
    for module in trainer.objective.modules:
        module.zero_grad()
    return error


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("steps", type=int)
    parser.add_argument("--stop-at", type=int, default=0)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    processes = Processes()
    torch.set_num_threads(1)
    torch.manual_seed(processes.index)  # other weights in each process, until the main one shares its own
    tokenizer = LatexTokenizer()
    layouts = [x for x in typeset_mathtext(["x ^ { 2 }", "\\frac { a } { b }", "a + b"]) if isinstance(x, Layout)]
    source = print_source(layouts, [layout.latex for layout in layouts], IMAGE, share=1.0)
    samples = [draw(source, i, IMAGE, np.random.default_rng(i), augment=False) for i in range(len(layouts))]
    trainer = Watched(
        build(TINY, tokenizer, warm_start=False), CompactCodec(IMAGE, tokenizer), [source],
        {"few": samples} if processes.is_main else {}, options.out,
        config=TrainConfig(steps=options.steps, batch_px=30_000, workers=0), image=IMAGE, processes=processes,
    )  # fmt: skip
    trainer.stop_at = options.stop_at
    error = gradient_error(trainer, samples)
    result = trainer.run(resume=options.resume)
    report = {
        "step": trainer.step,
        "seen": trainer.seen,
        "drawn": trainer.drawn,
        "validated": sorted(result.figures),
        "gradient_error": error,
        "weights": fingerprint(trainer.model.state_dict().values()),
        "average": fingerprint(trainer.ema.average.values()),
    }
    (options.out / f"process{processes.index}.json").write_text(json.dumps(report), "utf-8")


if __name__ == "__main__":
    main()
