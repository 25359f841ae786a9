"""The two stages of training, put together from the command's options: `rendered`, then `handwriting`."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from enum import Enum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn
from transformers import VisionEncoderDecoderModel

from recognizer import model as models
from recognizer.codec import Codec, CompactCodec, ProcessorCodec
from recognizer.config import ImageConfig, ModelConfig, TrainConfig
from recognizer.dataset import Sample, Source, draw, hand_source, ink_source, print_source
from recognizer.tokenizer import LatexTokenizer
from recognizer.train import SIGNS, Trainer
from scanpage.errors import UsageError
from scanpage.latex import Refusal, normalise
from scanpage.parallel import Processes
from synth.corpus import LayoutCorpus, load_layouts
from synth.ink import Ink, read_inks
from synth.lone_letters import lone_letters

if TYPE_CHECKING:
    from synth.handwrite import SymbolBank

log = logging.getLogger(__name__)

VALIDATION_SAMPLES = 96
LETTERS_FROM = 5000
"""Lone letters are those that so many formulas of each list begin with."""


class Stage(Enum):
    """What a run learns."""

    RENDERED = "rendered"
    HANDWRITING = "handwriting"


def run(args: argparse.Namespace) -> int:
    """`recognizer train`: returns the exit code.

    Raises:
        UsageError: the options name no data that the stage can learn from.
        InputError, WeightsError: data or a model cannot be read.
    """
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    processes = Processes()
    if not processes.is_main:
        logging.getLogger().setLevel(logging.WARNING)
    stage, image, config = Stage(args.stage), ImageConfig(), _config(args)
    model, codec = _model(args)
    if config.dropout is not None:
        _set_dropout(model, config.dropout)
    sources = _sources(args, stage, image)
    validation = _validation(args, image, config.max_tokens) if processes.is_main else {}
    for source in sources:
        log.info(
            "%d formulas %s, share %.2f", len(source.labels), "by hand" if source.by_hand else "in print", source.share
        )
    signs = Path(args.model or "") / SIGNS
    trainer = Trainer(
        model,
        codec,
        sources,
        validation,
        Path(args.out),
        config=config,
        image=image,
        freeze=args.freeze_backbone,
        signs=signs if args.model and signs.is_file() else None,
        processes=processes,
    )
    trainer.run(resume=args.resume)
    return 0


def _config(args: argparse.Namespace) -> TrainConfig:
    named = (
        "minutes",
        "steps",
        "threads",
        "workers",
        "batch_px",
        "max_batch",
        "learning_rate",
        "max_tokens",
        "first_max_tokens",
        "frozen_stages",
        "dropout",
        "seed",
    )
    given = {name: getattr(args, name) for name in named if getattr(args, name, None) is not None}
    return replace(TrainConfig(), **given)


def _model(args: argparse.Namespace) -> tuple[VisionEncoderDecoderModel, Codec]:
    """The model to train and its codec: new, a run's folder of ours, or a public checkpoint."""
    tokenizer = LatexTokenizer()
    if not args.model:
        model = models.build(ModelConfig(), tokenizer, warm_start=args.init == "rapidocr")
        return model, CompactCodec(ImageConfig(), tokenizer)
    model = models.load(args.model)
    if isinstance(model.encoder, models.FormulaEncoder):
        if model.config.decoder.vocab_size != len(tokenizer):
            raise UsageError(f"{args.model} was trained with another vocabulary: train anew without --model")
        return model, CompactCodec(ImageConfig(), tokenizer)
    return model, ProcessorCodec.from_pretrained(args.model)


def _set_dropout(model: nn.Module, share: float) -> None:
    """Where the model drops features at all, make it drop `share` of them."""
    if not 0.0 <= share < 1.0:
        raise UsageError(f"--dropout must lie in [0, 1), got {share:g}")
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
        elif isinstance(getattr(module, "dropout", None), float) and module.dropout > 0.0:
            module.dropout = share


def _sources(args: argparse.Namespace, stage: Stage, image: ImageConfig) -> list[Source]:
    if not 0.0 <= args.lone_letters < 1.0:
        raise UsageError(f"--lone-letters must lie in [0, 1), got {args.lone_letters:g}")
    printed = [load_layouts(Path(path)) for path in args.layouts]
    if stage is Stage.RENDERED:
        if not printed:
            raise UsageError("the rendered stage needs formulas: give --layouts FILE, made by `synth formulas build`")
        sources = [print_source(c, c.labels, image, share=len(c) ** 0.5) for c in printed]
        return [*sources, *_lone_sources(printed, sources, args, image)]
    inks = [ink for path in args.inks for ink in read_inks(Path(path))]
    if not inks:
        raise UsageError("the handwriting stage needs inks: give --inks FILE or a folder of InkML")
    ink_share, hand_share, print_share = args.shares
    if min(args.shares) < 0 or ink_share == 0:
        raise UsageError(f"--shares must not be negative, and the first not 0; got {args.shares}")
    sources = [_ink_source(inks, image, share=ink_share)]
    by_hand = [load_layouts(Path(path)) for path in args.hand_layouts]
    bank = None
    if by_hand:
        from synth.handwrite import SymbolBank

        bank = SymbolBank.from_inks(inks)
        sources += [hand_source(c, c.labels, bank, image, share=hand_share / len(by_hand)) for c in by_hand]
    replay = sum(len(c) ** 0.5 for c in printed)
    sources += [print_source(c, c.labels, image, share=print_share * len(c) ** 0.5 / replay) for c in printed]
    return [*sources, *_lone_sources([*printed, *by_hand], sources, args, image, bank=bank)]


def _lone_sources(
    corpora: Sequence[LayoutCorpus],
    others: Sequence[Source],
    args: argparse.Namespace,
    image: ImageConfig,
    *,
    bank: SymbolBank | None = None,
) -> list[Source]:
    """Lone letters in print, and by hand where there is a bank of symbols, as often as `--lone-letters` says."""
    if not args.lone_letters:
        return []
    rng = np.random.default_rng(args.seed)
    letters = [letter for corpus in corpora for letter in lone_letters(corpus, LETTERS_FROM, rng)]
    share = sum(source.share for source in others) * args.lone_letters / (1.0 - args.lone_letters)
    if not letters:
        return []
    labels = [letter.latex for letter in letters]
    if bank is None:
        return [print_source(letters, labels, image, share=share)]
    return [
        print_source(letters, labels, image, share=share / 2),
        hand_source(letters, labels, bank, image, share=share / 2),
    ]


def _ink_source(inks: Sequence[Ink], image: ImageConfig, *, share: float) -> Source:
    kept, labels, refused = [], [], 0
    for ink in inks:
        try:
            labels.append(tuple(normalise(ink.label)))
            kept.append(ink)
        except Refusal:
            refused += 1
    log.info("%d inks, %d more have labels outside the label language", len(kept), refused)
    return ink_source(kept, labels, image, share=share)


def _validation(args: argparse.Namespace, image: ImageConfig, longest: int) -> dict[str, list[Sample]]:
    """Fixed clean samples: the same ones in every run."""
    sets: dict[str, list[Sample]] = {}
    for path in args.val_layouts:
        corpus: LayoutCorpus = load_layouts(Path(path))
        source = print_source(corpus, corpus.labels, image, share=1.0)
        sets[_unused(path, sets)] = _fixed(source, image, longest)
    for path in args.val_inks:
        source = _ink_source(list(read_inks(Path(path))), image, share=1.0)
        sets[_unused(path, sets)] = _fixed(source, image, longest)
    return sets


def _unused(path: str, names: Collection[str]) -> str:
    """A name for the data at `path` that is not among `names`: the file's own, numbered where it is taken."""
    stem = Path(path).name.split(".")[0]
    return next(name for k in count(1) if (name := stem if k == 1 else f"{stem}_{k}") not in names)


def _fixed(source: Source, image: ImageConfig, longest: int) -> list[Sample]:
    rng = np.random.default_rng(0)
    order = [i for i in rng.permutation(len(source.labels)) if len(source.labels[i]) <= longest]
    return [draw(source, int(i), image, rng, augment=False) for i in order[:VALIDATION_SAMPLES]]
