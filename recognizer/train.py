"""Training: rendered formulas first, then handwriting with print among it, so that print is not forgotten."""

from __future__ import annotations

import json
import logging
import math
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from transformers import VisionEncoderDecoderModel

from recognizer.codec import Codec, CompactCodec
from recognizer.config import ImageConfig, TrainConfig
from recognizer.dataset import Sample, SampleStream, Source
from recognizer.difficulty import Difficulty
from recognizer.model import FormulaEncoder
from recognizer.objective import Objective
from recognizer.validate import Validation, validate
from scanpage.files import write_text
from scanpage.parallel import Processes
from scanpage.training import (
    Ema,
    Interrupt,
    RunLog,
    TimeBudget,
    cosine_with_warmup,
    load_state,
    save_state,
)

log = logging.getLogger(__name__)

# Beside the model in a run's folder: the head of the second loss, for runs that start from this model.
SIGNS = "signs.safetensors"
# And what was measured when it was saved.
VALIDATION = "validation.json"


class Trainer:
    """One run over an endless stream of samples, until its minutes or its steps are over.

    Under `accelerate launch` each process draws samples of its own and the gradients are averaged; the main process
    validates, saves and logs.

    Args:
        model: what to train, with its `codec`.
        sources: what to draw from.
        validation: named sets of samples to measure on.
        out: the run's folder; `model/` in it is the best average so far, `state.pt` what a resumed run needs.
        config, image: settings.
        signs: file of the head that names signs, saved beside the model that this run starts from; None: a new head.
        processes: those of this training; None asks the launcher.
        freeze: share of the run in which the convolutional backbone stands still, which doubles the speed.
    """

    LOG_STEPS = 25

    def __init__(
        self,
        model: VisionEncoderDecoderModel,
        codec: Codec,
        sources: Sequence[Source],
        validation: dict[str, list[Sample]],
        out: Path,
        *,
        config: TrainConfig,
        image: ImageConfig,
        freeze: float = 0.0,
        signs: Path | None = None,
        processes: Processes | None = None,
        sign_classes: int = 1024,
    ) -> None:
        self.processes = processes or Processes()
        self.device = self.processes.device
        # Convolutions run a sixth faster with the channels last, on both kinds of processor.
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.compact = isinstance(model.encoder, FormulaEncoder)
        self.objective = Objective(self.model, codec, label_smoothing=config.label_smoothing, sign_classes=sign_classes)
        if signs is not None:
            self.objective.load_signs(signs)
        self.processes.share_weights(*self.objective.modules)
        self.codec, self.config, self.image, self.out = codec, config, image, out
        self.sources, self.validation, self.freeze = sources, validation, freeze
        self.longest = multiprocessing.get_context("spawn").Value("i", config.first_max_tokens)
        # Of public checkpoints' pieces nobody can tell beforehand which a formula has.
        self.difficulty = Difficulty(codec.tokenizer) if isinstance(codec, CompactCodec) else None
        self.optimizer = torch.optim.AdamW(self._groups(), fused=True)
        self.ema = Ema(model, decay=config.ema_decay)
        self.step, self.seen, self.best, self.spent_s = 0, 0, -math.inf, 0.0
        # What is dropped and drawn must differ among the processes; the weights are there already.
        torch.manual_seed(self._seed())

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self, *, resume: bool = False) -> Validation:
        """Train until the budget is spent or the user stops it; the last validation, empty but in the main process."""
        if resume and (self.out / "state.pt").is_file():
            self._restore()
            torch.manual_seed(self._seed())
        record = self._record(resume=resume) if self.processes.is_main else None
        budget = TimeBudget(self.config.minutes, spent_s=self.spent_s)
        with Interrupt() as interrupt:
            self._loop(budget, record, interrupt)
        result = Validation({})
        if record is not None:
            # First of all the state, as a launcher that was told to stop gives its processes half a minute.
            save_state(self.out / "state.pt", self._state(budget.elapsed_s))
            result = self._validate(record, budget)
            record.close()
        self.processes.close()
        return result

    def _record(self, *, resume: bool) -> RunLog:
        self.out.mkdir(parents=True, exist_ok=True)
        settings = {
            "train": asdict(self.config), "image": asdict(self.image), "freeze": self.freeze,
            "processes": self.processes.count,
        }  # fmt: skip
        write_text(self.out / "settings.json", json.dumps(settings, indent=1) + "\n")
        return RunLog(self.out, resume=resume)

    def _loop(self, budget: TimeBudget, record: RunLog | None, interrupt: Interrupt) -> None:
        validated, pace = budget.elapsed_s, _Pace(self.seen)
        for samples in self._batches():
            due = budget.elapsed_s - validated > self.config.validate_minutes * 60
            # No process may stop or wait alone, so they agree before each step.
            progress, stop, due_anywhere = self.processes.largest([self._progress(budget), interrupt.requested, due])
            if progress >= 1.0 or stop:
                return
            if due_anywhere:
                if record is not None:
                    self._validate(record, budget)
                validated = budget.elapsed_s
            self.schedule(progress)
            pace.add(self.update(samples))
            if record is not None and self.step % self.LOG_STEPS == 0:
                values = pace.values(self.seen) | {"train/longest": self.longest.value}
                record.add(self.step, values)
                log.info(
                    "%5.1f min  step %d  %d samples  loss %.3f  signs %.3f  %.1f samples/s",
                    budget.elapsed_s / 60, self.step, self.seen,
                    values["train/loss"], values["train/signs"], values["train/samples_per_s"],
                )  # fmt: skip
                pace = _Pace(self.seen)

    def _batches(self) -> DataLoader[list[Sample]]:
        config = replace(self.config, seed=self._seed())
        stream = SampleStream(self.sources, self.longest, config, self.image, self.difficulty)
        workers = self.config.workers
        return DataLoader(
            stream,
            batch_size=None,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            multiprocessing_context="fork" if workers else None,
        )

    def _seed(self) -> int:
        """A seed of its own for each process, and for each time that a run is resumed."""
        sequence = np.random.SeedSequence([self.config.seed, self.processes.index, self.step])
        return int(sequence.generate_state(1)[0])

    def _progress(self, budget: TimeBudget) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(1.0, self.step / self.config.steps) if self.config.steps else budget.progress

    def schedule(self, progress: float) -> None:
        """Learning rate, frozen backbone and the longest formula, all by the share of the budget that is spent."""
        config = self.config
        factor = cosine_with_warmup(progress, warmup=config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak"]
        if self.compact:
            backbone = self.model.encoder.backbone
            backbone.requires_grad_(progress >= self.freeze)
            for part in (backbone.stem, *backbone.stages[: config.frozen_stages]):
                part.requires_grad_(False)
        grown = min(1.0, progress / config.curriculum) if config.curriculum > 0 else 1.0
        self.longest.value = round(config.first_max_tokens + grown * (config.max_tokens - config.first_max_tokens))

    def update(self, samples: list[Sample]) -> dict[str, float]:
        """One optimizer step; the losses by name, as means over the processes."""
        self.model.train()
        losses = self.objective.losses(samples)
        if self.difficulty is not None:
            self.difficulty.update(losses.ids, losses.each)
        loss = losses.tokens + self.config.sign_weight * losses.signs
        loss.backward()
        learning = [p for group in self.optimizer.param_groups for p in group["params"] if p.requires_grad]
        self.processes.average_gradients(learning)
        nn.utils.clip_grad_norm_(learning, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.model)
        self.step += 1
        values = [float(losses.tokens.detach()), float(losses.signs.detach()), len(samples)]
        tokens, signs, drawn = self.processes.sums(values)
        self.seen += round(drawn)
        return {"loss": tokens / self.processes.count, "signs": signs / self.processes.count}

    # -- what lives on ---------------------------------------------------------------------------------------------

    def _validate(self, record: RunLog, budget: TimeBudget) -> Validation:
        with self.ema.applied(self.model):
            result = validate(self.model, self.codec, self.validation, self.device)
            record.add(self.step, result.flat())
            log.info("%5.1f min  validation: %s", budget.elapsed_s / 60, result)
            if result.score >= self.best:
                self.best = result.score
                self.model.save_pretrained(self.out / "model")
                self.codec.save(self.out / "model")
                self.objective.save_signs(self.out / "model" / SIGNS)
                measured = {"step": self.step, "samples": self.seen, **result.flat()}
                write_text(self.out / "model" / VALIDATION, json.dumps(measured, indent=1) + "\n")
        record.draw()
        save_state(self.out / "state.pt", self._state(budget.elapsed_s))
        return result

    def _state(self, spent_s: float) -> dict[str, Any]:
        head = self.objective.sign_head
        return {
            "model": self.model.state_dict(),
            "sign_head": {} if head is None else head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema.state_dict(),
            "difficulty": None if self.difficulty is None else self.difficulty.losses,
            "step": self.step,
            "seen": self.seen,
            "best": self.best,
            "spent_s": spent_s,
        }

    def _restore(self) -> None:
        state = load_state(self.out / "state.pt")
        self.model.load_state_dict(state["model"])
        if self.objective.sign_head is not None:
            self.objective.sign_head.load_state_dict(state["sign_head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.load_state_dict(state["ema"])
        if self.difficulty is not None and state.get("difficulty") is not None:
            self.difficulty.losses.copy_(state["difficulty"])
        self.step, self.seen, self.best = int(state["step"]), int(state["seen"]), float(state["best"])
        self.spent_s = float(state["spent_s"])

    def _groups(self) -> list[dict[str, Any]]:
        """Weights with decay, vectors without, the backbone slower than the rest."""
        config = self.config
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        for module in self.objective.modules:
            for name, parameter in module.named_parameters():
                backbone = name.startswith("encoder.backbone")
                groups.setdefault((backbone, parameter.ndim > 1), []).append(parameter)
        return [
            {
                "params": parameters,
                "weight_decay": config.weight_decay if matrix else 0.0,
                "lr": config.learning_rate,
                "peak": config.learning_rate * (config.backbone_rate if backbone else 1.0),
            }
            for (backbone, matrix), parameters in groups.items()
        ]


class _Pace:
    """Losses and speed since the last line of the log."""

    def __init__(self, seen: int) -> None:
        self._since, self._seen, self._steps = time.monotonic(), seen, 0
        self._totals: dict[str, float] = {}

    def add(self, losses: dict[str, float]) -> None:
        self._steps += 1
        for name, value in losses.items():
            self._totals[name] = self._totals.get(name, 0.0) + value

    def values(self, seen: int) -> dict[str, float]:
        means = {f"train/{name}": total / self._steps for name, total in self._totals.items()}
        return means | {"train/samples_per_s": (seen - self._seen) / (time.monotonic() - self._since)}
