"""What each costly choice of the recognizer's training is worth: small runs that differ in one thing.

    python benchmarks/ablations.py --layouts PATH --inks PATH --val-layouts PATH --val-inks PATH --out FILE

Every run starts anew with the same seed and gets the same processor time on one core, painting included: a choice that
makes steps cheaper is paid in more steps. Measured with the averaged weights of the last step on fixed clean samples:
the perplexity of the label's tokens, each given those before it, and the share that greedy decoding reads exactly. Runs
are short and single, so small differences mean nothing. Each result is written as soon as its run is over.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from provenance import provenance, write_result

from recognizer import model as models
from recognizer.codec import CompactCodec
from recognizer.config import ImageConfig, ModelConfig, TrainConfig
from recognizer.dataset import Sample, SampleStream, Source, draw, ink_source, packed, print_source
from recognizer.tokenizer import LatexTokenizer
from recognizer.train import Trainer
from recognizer.validate import validate
from scanpage import __version__
from scanpage.document import Versions
from scanpage.latex import Refusal, normalise
from synth.corpus import load_layouts
from synth.ink import Ink, read_inks

log = logging.getLogger(__name__)

CPU = torch.device("cpu")
# Labels are not smoothed, so that the loss is the logarithm of the perplexity.
TRAIN = TrainConfig(
    batch_px=150_000, first_max_tokens=10, max_tokens=30, frozen_stages=2, ema_decay=0.98, label_smoothing=0.0,
    workers=0,
)  # fmt: skip
VALIDATION_SAMPLES = 150
IMAGE = ImageConfig()


@dataclass(frozen=True, slots=True)
class Variant:
    """One run's settings, and what sets it apart."""

    what: str
    train: TrainConfig = TRAIN
    image: ImageConfig = IMAGE
    warm_start: bool = True


VARIANTS = {
    "all": Variant("every choice as it is"),
    "random_backbone": Variant("the backbone starts from random weights, and all of it learns",
                               train=replace(TRAIN, frozen_stages=0, backbone_rate=1.0), warm_start=False),
    "no_signs": Variant("without the second loss, which names the sign in each cell of the encoder's grid",
                        train=replace(TRAIN, sign_weight=0.0)),
    "no_curriculum": Variant("all lengths from the start", train=replace(TRAIN, curriculum=0.0)),
    "one_area": Variant("every crop scaled to one area, whatever the height of its signs",
                        image=replace(IMAGE, min_area_px=20_480, max_area_px=20_480)),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Data:
    """Layouts and labelled inks to learn from, and others to measure on."""

    layouts: Path
    inks: Path
    val_layouts: Path
    val_inks: Path

    def training(self, image: ImageConfig) -> list[Source]:
        """Print and handwriting in equal parts."""
        return [_printed(self.layouts, image), _written(self.inks, image)]

    def validation(self, image: ImageConfig) -> dict[str, list[Sample]]:
        """The same formulas for every variant, each at its own size."""
        return {
            "print": _fixed(_printed(self.val_layouts, image), image),
            "handwriting": _fixed(_written(self.val_inks, image), image),
        }


def _printed(path: Path, image: ImageConfig) -> Source:
    corpus = load_layouts(path)
    return print_source(corpus, corpus.labels, image, share=0.5)


def _written(path: Path, image: ImageConfig) -> Source:
    inks, labels = [], []
    for ink in read_inks(path):
        label = _label(ink)
        if label:
            inks.append(ink)
            labels.append(label)
    return ink_source(inks, labels, image, share=0.5)


def _label(ink: Ink) -> tuple[str, ...]:
    try:
        return tuple(normalise(ink.label))
    except Refusal:
        return ()


def _fixed(source: Source, image: ImageConfig) -> list[Sample]:
    rng = np.random.default_rng(0)
    short = [int(i) for i in rng.permutation(len(source.labels)) if len(source.labels[i]) <= TRAIN.max_tokens]
    return [draw(source, i, image, rng, augment=False) for i in short[:VALIDATION_SAMPLES]]


def run(variant: Variant, data: Data, cpu_s: float) -> dict[str, Any]:
    """Train for `cpu_s` seconds of processor time, and measure."""
    torch.manual_seed(TRAIN.seed)
    tokenizer = LatexTokenizer()
    codec = CompactCodec(variant.image, tokenizer)
    model = models.build(ModelConfig(), tokenizer, warm_start=variant.warm_start)
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model, codec, data.training(variant.image), {}, Path(folder), config=variant.train, image=variant.image
        )
    start = time.process_time()
    for samples in SampleStream(trainer.sources, trainer.longest, variant.train, variant.image):
        progress = (time.process_time() - start) / cpu_s
        if progress >= 1.0:
            break
        trainer.schedule(progress)
        losses = trainer.update(samples)
        if trainer.step % 50 == 0:
            log.info("%3.0f %%  step %d  %d samples  %s", 100 * progress, trainer.step, trainer.seen, losses)
    sets = data.validation(variant.image)
    with trainer.ema.applied(model):
        exact = validate(model, codec, sets, CPU).exact
        perplexity = {name: _perplexity(trainer, samples) for name, samples in sets.items()}
    return {
        "what": variant.what,
        "steps": trainer.step,
        "samples": trainer.seen,
        "perplexity": {name: round(value, 3) for name, value in perplexity.items()},
        "exact": {name: round(value, 3) for name, value in exact.items()},
    }


def _perplexity(trainer: Trainer, samples: Sequence[Sample]) -> float:
    trainer.model.eval()
    total, count = 0.0, 0
    with torch.inference_mode():
        for batch in packed(samples, TRAIN):
            tokens = sum(len(sample.tokens) + 1 for sample in batch)  # and the end token
            total += tokens * float(trainer.objective.losses(batch).tokens)
            count += tokens
    return math.exp(total / count)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("layouts", "inks", "val-layouts", "val-inks"):
        parser.add_argument(f"--{name}", type=Path, required=True, metavar="PATH")
    parser.add_argument("--cpu-minutes", type=float, default=5.0, metavar="M", help="of each run (default: 5)")
    parser.add_argument("--only", nargs="+", choices=tuple(VARIANTS), default=tuple(VARIANTS), metavar="NAME")
    parser.add_argument("--out", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    data = Data(arguments.layouts, arguments.inks, arguments.val_layouts, arguments.val_inks)
    result = {
        **provenance(Versions(__version__)),
        "cpu_minutes": arguments.cpu_minutes,
        "seed": TRAIN.seed,
        "validation_samples": VALIDATION_SAMPLES,
        "train": asdict(TRAIN),
        "variants": {},
    }
    for name in arguments.only:
        log.info("%s: %s", name, VARIANTS[name].what)
        result["variants"][name] = run(VARIANTS[name], data, 60 * arguments.cpu_minutes)
        write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
