"""Training: rendered formulas first, then handwriting with print among it, so that print is not forgotten."""

from __future__ import annotations

import json
import logging
import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader
from transformers import VisionEncoderDecoderModel
from transformers.modeling_outputs import BaseModelOutput

from recognizer.codec import IGNORED, Codec
from recognizer.config import ImageConfig, TrainConfig
from recognizer.dataset import NO_SIGN, Sample, SampleStream, Source, sign_grid
from recognizer.model import FormulaEncoder
from recognizer.validate import Validation, validate
from scanpage.training import Ema, Interrupt, RunLog, TimeBudget, cosine_with_warmup, load_state, save_state

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of one batch: of the tokens, and of the signs in the encoder's grid."""

    tokens: Tensor
    signs: Tensor


class Trainer:
    """One run over an endless stream of samples, until its minutes or its steps are over.

    Args:
        model: what to train, with its `codec`.
        sources: what to draw from.
        validation: named sets of samples to measure on.
        out: the run's folder; `model/` in it is the best average so far, `state.pt` what a resumed run needs.
        config, image: settings.
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
        sign_classes: int = 1024,
    ) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        # Convolutions run a sixth faster with the channels last, on both kinds of processor.
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.compact = isinstance(model.encoder, FormulaEncoder)
        width = model.config.encoder.hidden_size
        self.sign_head = nn.Linear(width, sign_classes).to(self.device) if self.compact else None
        self.codec, self.config, self.image, self.out = codec, config, image, out
        self.sources, self.validation, self.freeze = sources, validation, freeze
        self.longest = multiprocessing.get_context("spawn").Value("i", config.first_max_tokens)
        self.optimizer = torch.optim.AdamW(self._groups(), fused=True)
        self.ema = Ema(model, decay=config.ema_decay)
        self.step, self.seen, self.best, self.spent_s = 0, 0, -1.0, 0.0

    # -- the run ---------------------------------------------------------------------------------------------------

    def run(self, *, resume: bool = False) -> Validation:
        """Train until the budget is spent or the user stops it; the last validation is returned."""
        self.out.mkdir(parents=True, exist_ok=True)
        settings = {"train": asdict(self.config), "image": asdict(self.image), "freeze": self.freeze}
        (self.out / "settings.json").write_text(json.dumps(settings, indent=1) + "\n", "utf-8")
        if resume and (self.out / "state.pt").is_file():
            self._restore()
        budget = TimeBudget(self.config.minutes, spent_s=self.spent_s)
        record = RunLog(self.out, resume=resume)
        with Interrupt() as interrupt:
            self._loop(budget, record, interrupt)
        result: Validation = self._validate(record, budget)
        record.close()
        return result

    def _loop(self, budget: TimeBudget, record: RunLog, interrupt: Interrupt) -> None:
        stream = SampleStream(self.sources, self.longest, self.config, self.image)
        workers = self.config.workers
        loader = DataLoader(
            stream,
            batch_size=None,
            num_workers=workers,
            prefetch_factor=4 if workers else None,
            multiprocessing_context="fork" if workers else None,
        )
        last_validation, since, seen = budget.elapsed_s, time.monotonic(), self.seen
        running: dict[str, float] = {}
        for samples in loader:
            progress = self._progress(budget)
            if progress >= 1.0 or interrupt.requested:
                return
            self._schedule(progress)
            losses = self.update(samples)
            for name, value in losses.items():
                running[name] = running.get(name, 0.0) + value
            if self.step % self.LOG_STEPS == 0:
                speed = (self.seen - seen) / (time.monotonic() - since)
                means = {f"train/{name}": value / self.LOG_STEPS for name, value in running.items()}
                record.add(self.step, {**means, "train/samples_per_s": speed, "train/longest": self.longest.value})
                log.info(
                    "%5.1f min  step %d  %d samples  loss %.3f  signs %.3f  %.1f samples/s",
                    budget.elapsed_s / 60, self.step, self.seen, means["train/loss"], means["train/signs"], speed,
                )  # fmt: skip
                running, since, seen = {}, time.monotonic(), self.seen
            if budget.elapsed_s - last_validation > self.config.validate_minutes * 60:
                self._validate(record, budget)
                last_validation = budget.elapsed_s

    def _progress(self, budget: TimeBudget) -> float:
        """Share of the run that is done, in [0, 1]."""
        return min(1.0, self.step / self.config.steps) if self.config.steps else budget.progress

    def _schedule(self, progress: float) -> None:
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
        """One optimizer step; the batch's losses by name."""
        self.model.train()
        losses = self.losses(samples)
        loss = losses.tokens + self.config.sign_weight * losses.signs
        loss.backward()
        parameters = [p for group in self.optimizer.param_groups for p in group["params"] if p.grad is not None]
        nn.utils.clip_grad_norm_(parameters, self.config.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.ema.update(self.model)
        self.step += 1
        self.seen += len(samples)
        return {"loss": float(losses.tokens.detach()), "signs": float(losses.signs.detach())}

    def losses(self, samples: Sequence[Sample]) -> Losses:
        """Cross-entropy of the next token, and of the sign in each cell of the grid that has one."""
        pixels = self.codec.pixels([s.picture for s in samples]).to(self.device)
        labels = self.codec.labels([s.tokens for s in samples]).to(self.device)
        start = torch.full_like(labels[:, :1], self.model.config.decoder_start_token_id)
        inputs = torch.cat([start, labels[:, :-1]], 1)
        inputs = inputs.masked_fill(inputs == IGNORED, self.model.config.pad_token_id)
        with torch.autocast(self.device.type, torch.bfloat16):
            signs = pixels.new_zeros((), dtype=torch.float32)
            if self.sign_head is not None:
                encoder = self.model.encoder
                grid = encoder.grid(pixels)
                signs = self._sign_loss(grid, samples)
                encoded = BaseModelOutput(last_hidden_state=encoder.contextual(grid))
                logits = self.model(encoder_outputs=encoded, decoder_input_ids=inputs, use_cache=False).logits
            else:
                logits = self.model(pixel_values=pixels, decoder_input_ids=inputs, use_cache=False).logits
        tokens = F.cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED,
            label_smoothing=self.config.label_smoothing,
        )  # fmt: skip
        return Losses(tokens, signs)

    def _sign_loss(self, grid: Tensor, samples: Sequence[Sample]) -> Tensor:
        assert self.sign_head is not None
        classes = sign_grid(samples, grid.shape[2], grid.shape[3]).to(grid.device)
        cells = classes != NO_SIGN
        if not bool(cells.any()):
            return grid.new_zeros((), dtype=torch.float32)
        features = self.model.encoder.neck_norm(grid.permute(0, 2, 3, 1)[cells])
        return F.cross_entropy(self.sign_head(features).float(), classes[cells])

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
                measured = {"step": self.step, "samples": self.seen, **result.flat()}
                (self.out / "model" / "validation.json").write_text(json.dumps(measured, indent=1) + "\n", "utf-8")
        record.draw()
        save_state(self.out / "state.pt", self._state(budget.elapsed_s))
        return result

    def _state(self, spent_s: float) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "sign_head": {} if self.sign_head is None else self.sign_head.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema.state_dict(),
            "step": self.step,
            "seen": self.seen,
            "best": self.best,
            "spent_s": spent_s,
        }

    def _restore(self) -> None:
        state = load_state(self.out / "state.pt")
        self.model.load_state_dict(state["model"])
        if self.sign_head is not None:
            self.sign_head.load_state_dict(state["sign_head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.load_state_dict(state["ema"])
        self.step, self.seen, self.best = int(state["step"]), int(state["seen"]), float(state["best"])
        self.spent_s = float(state["spent_s"])

    def _groups(self) -> list[dict[str, Any]]:
        """Weights with decay, vectors without, the backbone slower than the rest."""
        config = self.config
        groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
        modules = [("model", self.model)] + ([("signs", self.sign_head)] if self.sign_head is not None else [])
        for prefix, module in modules:
            for name, parameter in module.named_parameters():
                backbone = f"{prefix}.{name}".startswith("model.encoder.backbone")
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
