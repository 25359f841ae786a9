"""Training within a time budget, from a warm start, to the averaged weights that do best on validation pages."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision.models.detection import FasterRCNN

from detector.coco import CocoPage, read_pages
from detector.config import DetectorConfig
from detector.dataset import PageWindows, collate, to_tensor
from detector.evaluate import LOWEST_SCORE, detect_all, metrics
from detector.export import WEIGHTS, load_model
from detector.merge import merge
from detector.model import build, warm_start
from detector.predict import to_regions
from detector.resize import Resize
from scanpage.errors import UsageError
from scanpage.files import write_text
from scanpage.region import Region
from scanpage.training import (
    Ema,
    Interrupt,
    RunLog,
    TimeBudget,
    cosine_with_warmup,
    load_state,
    save_state,
    save_tensors,
)
from scanpage.weights import read_config

logger = logging.getLogger(__name__)

BEST = "best.safetensors"
STATE = "state.pt"
LAST_SAMPLE = 2**40  # more than any training sees


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """A training's settings, saved as `settings.json` in the run's folder.

    Attributes:
        data: COCO folders to train on.
        val: COCO folder to choose the best weights on.
        out: the run's folder.
        minutes: time budget, wall clock; the learning rate falls to nothing by its end.
        init: `rapidocr` for RapidOCR's text backbone, `none` for random weights, or the folder of a run or model.
        batch: windows per step.
        window_px: side of the training windows in pixels of the network's input; 0 trains on whole pages.
        lr: highest learning rate of the new layers.
        backbone_lr: the backbone's learning rate as a share of `lr`.
        freeze_stem: leave the first layers of a warm start as they are, which saves a fifth of the time.
        weight_decay: of AdamW.
        clip_norm: gradients are scaled down to this norm.
        ema_decay: of the average of the weights.
        val_pages: validate on so many pages (0: on all).
        eval_minutes: validate so often.
        save_minutes: save the state so often.
        seed: of windows, jitter and new weights.
        threads: CPU threads to compute with; 0 lets torch choose.
        workers: processes that prepare windows; 0 prepares them in the training process.
    """

    data: tuple[str, ...]
    val: str
    out: str
    minutes: float
    init: str = "rapidocr"
    batch: int = 2
    window_px: int = 640
    lr: float = 1.5e-3
    backbone_lr: float = 0.25
    freeze_stem: bool = True
    weight_decay: float = 1e-3
    clip_norm: float = 5.0
    ema_decay: float = 0.998
    val_pages: int = 40
    eval_minutes: float = 10.0
    save_minutes: float = 4.0
    seed: int = 0
    threads: int = 0
    workers: int = 0
    config: DetectorConfig = field(default_factory=DetectorConfig)


def train(settings: TrainSettings, *, resume: bool = False) -> bool:
    """Train a detector; `resume` goes on where the run in `settings.out` stopped.

    Returns:
        Whether the budget was used up; False after an interruption, whose state is saved.

    Raises:
        InputError: the data cannot be read.
        UsageError: nothing to resume, or a run is there and `resume` is not set.
        WeightsError: the warm start or the saved state cannot be read.
        OutputError: the run's folder cannot be written.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    trainer = Trainer(settings, resume=resume)
    with Interrupt() as interrupt:
        return trainer.run(interrupt)


class Trainer:
    """One run: the network, its optimizer, its average, and the folder that they are saved in."""

    def __init__(self, settings: TrainSettings, *, resume: bool) -> None:
        self.settings = settings
        self.out = Path(settings.out)
        if resume != (self.out / STATE).is_file():
            hint = "there is nothing to resume" if resume else "give --resume to go on with it, or another --out"
            raise UsageError(f"{self.out} holds {'no' if resume else 'a'} run: {hint}")
        self.pages = [page for folder in settings.data for page in read_pages(Path(folder))]
        val = read_pages(Path(settings.val))
        self.val = val[: settings.val_pages] if settings.val_pages else val
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model = initial_model(settings).to(self.device, memory_format=torch.channels_last)
        self.optimizer = _optimizer(self.model, settings)
        self.ema = Ema(self.model, decay=settings.ema_decay)
        self.step = 0
        self.best = -1.0
        spent_s = self._restore() if resume else 0.0
        self.budget = TimeBudget(settings.minutes, spent_s=spent_s)
        self.log = RunLog(self.out, resume=resume)
        write_text(self.out / "settings.json", _to_json(settings))
        write_text(self.out / "config.json", settings.config.to_json())

    def run(self, interrupt: Interrupt) -> bool:
        logger.info("%d training pages, %d validation pages, on %s", len(self.pages), len(self.val), self.device.type)
        saved = evaluated = noted = self.budget.elapsed_s
        sums: dict[str, float] = {}
        steps = 0
        for images, targets in self._batches():
            for name, value in self._train_step(images, targets).items():
                sums[name] = sums.get(name, 0.0) + value
            steps += 1
            now = self.budget.elapsed_s
            if now - noted > 20 or self.budget.over:
                self._note(sums, steps, now - noted)
                noted, sums, steps = now, {}, 0
            if now - evaluated > self.settings.eval_minutes * 60 and not self.budget.over:
                self._evaluate()
                evaluated = self.budget.elapsed_s
            if now - saved > self.settings.save_minutes * 60:
                self._save()
                saved = now
            if interrupt.requested or self.budget.over:
                break
        if not interrupt.requested:
            self._evaluate()
        self._save()
        self.log.close()
        return not interrupt.requested

    def _batches(self) -> Iterator[tuple[list[Tensor], list[dict[str, Tensor]]]]:
        settings = self.settings
        windows = PageWindows(self.pages, settings.config, window_px=settings.window_px, seed=settings.seed)
        start = self.step * settings.batch
        loader: DataLoader[Any] = DataLoader(
            windows,
            batch_size=settings.batch,
            sampler=range(start, LAST_SAMPLE),
            num_workers=settings.workers,
            collate_fn=collate,
        )
        return iter(loader)

    def _train_step(self, images: list[Tensor], targets: list[dict[str, Tensor]]) -> dict[str, float]:
        self.model.train()
        factor = cosine_with_warmup(self.budget.progress)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
        images = [image.to(self.device) for image in images]
        targets = [{name: value.to(self.device) for name, value in target.items()} for target in targets]
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = self.model(images, targets)
        loss = sum(losses.values())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        if math.isfinite(float(norm)):  # one broken sample must not end the run
            self.optimizer.step()
            self.ema.update(self.model)
        self.step += 1
        values = {f"train/{name.removeprefix('loss_')}": value.item() for name, value in losses.items()}
        return {"train/loss": loss.item(), **values}

    def _note(self, sums: dict[str, float], steps: int, seconds: float) -> None:
        values = {name: value / steps for name, value in sums.items()}
        values["train/images_per_s"] = steps * self.settings.batch / max(seconds, 1e-9)
        values["train/lr"] = self.optimizer.param_groups[-1]["lr"]
        self.log.add(self.step, values)
        logger.info(
            "step %d, minute %.1f of %g: loss %.3f, %.2f windows/s",
            self.step,
            self.budget.elapsed_s / 60,
            self.settings.minutes,
            values["train/loss"],
            values["train/images_per_s"],
        )

    def _evaluate(self) -> None:
        with self.ema.applied(self.model):
            figures = validate(self.model, self.settings.config, self.val, device=self.device)
        total = figures["all"]
        self.log.add(
            self.step,
            {"val/f1": total["f1"], "val/ap50": total["ap50"], "val/ap": total["ap"]}
            | {f"val/f1_{kind}": figures[kind]["f1"] for kind in ("isolated", "inline")},
        )
        self.log.draw()
        quality = total["f1"] + total["ap50"]  # F1 is what users meet; AP50 is steadier from one evaluation to the next
        if quality >= self.best:
            self.best = quality
            save_tensors(self.out / BEST, self.ema.average)
        logger.info(
            "validation: F1 %.3f, AP50 %.3f%s", total["f1"], total["ap50"], " *" if quality == self.best else ""
        )

    def _save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema.state_dict(),
            "step": self.step,
            "best": self.best,
            "elapsed_s": self.budget.elapsed_s,
        }
        save_state(self.out / STATE, state)

    def _restore(self) -> float:
        state = load_state(self.out / STATE)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.load_state_dict(state["ema"])
        self.step, self.best = state["step"], state["best"]
        return float(state["elapsed_s"])


def initial_model(settings: TrainSettings) -> FasterRCNN:
    """The network to start from. Raises `WeightsError`, `UsageError`."""
    if settings.init == "none":
        return build(settings.config)
    if settings.init == "rapidocr":
        model = build(settings.config)
        warm_start(model)
    else:
        folder = Path(settings.init)
        config = DetectorConfig.from_dict(read_config(folder))
        if config.anchor_sizes_px != settings.config.anchor_sizes_px or config.channels != settings.config.channels:
            raise UsageError(f"{folder} holds a network of another shape than the settings ask for")
        model = load_model(settings.config, folder / (BEST if (folder / BEST).is_file() else WEIGHTS))
    if settings.freeze_stem:
        model.backbone.body.stem.requires_grad_(False)
    return model


def validate(
    model: FasterRCNN, config: DetectorConfig, pages: list[CocoPage], *, device: torch.device
) -> dict[str, Any]:
    """Figures (`detector.evaluate.metrics`) of a torch network, by the same steps as the exported one takes."""
    model.eval()

    def detect(image: NDArray[Any]) -> list[Region]:
        resize = Resize.to_fit(image.shape[1], image.shape[0], config)
        with torch.no_grad():
            found = model([to_tensor(resize.image(image)).to(device)])[0]
        boxes, labels, scores = (found[name].cpu().numpy() for name in ("boxes", "labels", "scores"))
        return merge(to_regions(resize.boxes_back(boxes), labels, scores, min_score=LOWEST_SCORE))

    found, _ = detect_all(detect, pages)
    return metrics(found, pages)


def _optimizer(model: FasterRCNN, settings: TrainSettings) -> torch.optim.Optimizer:
    pretrained = settings.init == "rapidocr"
    body = [p for p in model.backbone.body.parameters() if p.requires_grad]
    known = {id(p) for p in model.backbone.body.parameters()}
    new = [p for p in model.parameters() if id(p) not in known]
    body_lr = settings.lr * settings.backbone_lr if pretrained else settings.lr
    groups = [
        {"params": body, "lr": body_lr, "peak_lr": body_lr},
        {"params": new, "lr": settings.lr, "peak_lr": settings.lr},
    ]
    return torch.optim.AdamW(groups, weight_decay=settings.weight_decay)


def _to_json(settings: TrainSettings) -> str:
    import json

    return json.dumps(asdict(settings), indent=2) + "\n"
