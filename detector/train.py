"""Training within a time budget, from a warm start, to the averaged weights that do best on validation pages.

Under `accelerate launch` each process draws windows of its own and their gradients are averaged; the main process
validates, saves and logs.
"""

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
from detector.evaluate import detect_all, metrics
from detector.merge import merge
from detector.model import build
from detector.predict import to_regions
from detector.resize import Resize
from detector.start import BEST, SETTINGS, STATE, check_folder, initial_model
from detector.worst_pages import draw_worst
from scanpage.files import write_text
from scanpage.parallel import Processes
from scanpage.region import Region, RegionKind
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

logger = logging.getLogger(__name__)

WORST = "worst"
LAST_SAMPLE = 2**40  # more than any training sees
NOTE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """A training's settings, saved as `settings.json` in the run's folder.

    Attributes:
        data: COCO folders to train on.
        val: COCO folder to choose the best weights on.
        out: the run's folder.
        minutes: time budget, wall clock; the learning rate falls to nothing by its end.
        init: `rapidocr` for RapidOCR's text backbone, `none` for random weights, or the folder of a run or model.
        batch: windows per step, of each process.
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
        UsageError: nothing to resume, or with other settings, or a run is there and `resume` is not set.
        WeightsError: the warm start or the saved state cannot be read.
        OutputError: the run's folder cannot be written.
    """
    processes = Processes()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    # The others take over the weights of the main process, but must draw other proposals to learn from.
    torch.manual_seed(settings.seed + processes.index)
    trainer = Trainer(settings, resume=resume, processes=processes)
    with Interrupt() as interrupt:
        return trainer.run(interrupt)


class Trainer:
    """One run: the network, its optimizer, its average, and the folder that they are saved in."""

    def __init__(self, settings: TrainSettings, *, resume: bool, processes: Processes) -> None:
        self.settings, self.processes = settings, processes
        self.out = Path(settings.out)
        check_folder(self.out, asdict(settings), resume=resume)
        self.pages = [page for folder in settings.data for page in read_pages(Path(folder))]
        val = read_pages(Path(settings.val))
        self.val = val[: settings.val_pages] if settings.val_pages else val
        self.device = processes.device
        model = build(settings.config) if resume else initial_model(settings.init, settings.config)
        if settings.freeze_stem and settings.init != "none":
            model.backbone.body.stem.requires_grad_(False)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        processes.share_weights(self.model)
        self.optimizer = _optimizer(self.model, settings)
        self.ema = Ema(self.model, decay=settings.ema_decay)
        self.step, self.seen, self.best = 0, 0, -1.0
        spent_s = self._restore() if resume else 0.0
        self.budget = TimeBudget(settings.minutes, spent_s=spent_s)
        self.log = self._record(resume=resume) if processes.is_main else None

    def run(self, interrupt: Interrupt) -> bool:
        """Train; whether the budget was used up before any process was interrupted."""
        interrupted = self._loop(interrupt)
        self._save()  # at once, as a launcher that was told to stop gives its processes half a minute
        if not interrupted:
            self._evaluate()
            self._save()
        if self.log is not None:
            self.log.close()
        self.processes.close()
        return not interrupted

    def _record(self, *, resume: bool) -> RunLog:
        record = RunLog(self.out, resume=resume)
        write_text(self.out / SETTINGS, _to_json(self.settings))
        write_text(self.out / "config.json", self.settings.config.to_json())
        logger.info(
            "%d training pages, %d validation pages, on %s%s",
            len(self.pages),
            len(self.val),
            self.device.type,
            f", {self.processes.count} processes" if self.processes.count > 1 else "",
        )
        return record

    def _loop(self, interrupt: Interrupt) -> bool:
        """Train until the budget is used up or a process interrupted; whether one was."""
        saved = evaluated = noted = self.budget.elapsed_s
        noted_step, sums = self.step, dict[str, float]()
        stop = 0.0
        for images, targets in self._batches():
            # No process may stop or change its learning rate alone, so they agree before each step.
            progress, stop = self.processes.largest([self.budget.progress, interrupt.requested])
            over = progress >= 1.0 or stop > 0
            now = self.budget.elapsed_s
            if sums and (over or now - noted > NOTE_SECONDS):
                self._note(sums, self.step - noted_step, now - noted)
                noted, noted_step, sums = now, self.step, {}
            if over:
                break
            if now - evaluated > self.settings.eval_minutes * 60:
                self._evaluate()
                evaluated = self.budget.elapsed_s
            if now - saved > self.settings.save_minutes * 60:
                self._save()
                saved = now
            for name, value in self.update(images, targets, cosine_with_warmup(progress)).items():
                sums[name] = sums.get(name, 0.0) + value
        return stop > 0

    def _batches(self) -> Iterator[tuple[list[Tensor], list[dict[str, Tensor]]]]:
        settings, processes = self.settings, self.processes
        windows = PageWindows(self.pages, settings.config, window_px=settings.window_px, seed=settings.seed)
        loader: DataLoader[Any] = DataLoader(
            windows,
            batch_size=settings.batch,
            sampler=range(self.seen + processes.index, LAST_SAMPLE, processes.count),
            num_workers=settings.workers,
            collate_fn=collate,
        )
        return iter(loader)

    def update(self, images: list[Tensor], targets: list[dict[str, Tensor]], factor: float) -> dict[str, float]:
        """One optimizer step at `factor` of the highest learning rate; the losses by name, means over the processes."""
        self.model.train()
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
        images = [image.to(self.device) for image in images]
        targets = [{name: value.to(self.device) for name, value in target.items()} for target in targets]
        with torch.autocast(self.device.type, torch.bfloat16):
            losses = self.model(images, targets)
        loss = sum(losses.values())
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        learning = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.processes.average_gradients(learning)
        norm = nn.utils.clip_grad_norm_(learning, self.settings.clip_norm)
        if math.isfinite(float(norm)):  # one broken sample must not end the run
            self.optimizer.step()
            self.ema.update(self.model)
        self.step += 1
        self.seen += self.settings.batch * self.processes.count
        values = {"loss": loss, **losses}
        means = self.processes.sums([value.item() / self.processes.count for value in values.values()])
        return {f"train/{name.removeprefix('loss_')}": mean for name, mean in zip(values, means, strict=True)}

    def _note(self, sums: dict[str, float], steps: int, seconds: float) -> None:
        """Log the means of the last `steps` steps, which took so many seconds; the main process does."""
        if self.log is None:
            return
        values = {name: value / steps for name, value in sums.items()}
        values["train/images_per_s"] = steps * self.settings.batch * self.processes.count / max(seconds, 1e-9)
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
        """Measure the average on the validation pages, draw the worst of them, keep the best; the main process does."""
        if self.log is None:
            return
        with self.ema.applied(self.model):
            found = find(self.model, self.settings.config, self.val, device=self.device)
        figures = metrics(found, self.val)
        self.log.add(self.step, _curves(figures))
        total = figures["all"]
        quality = total["f1"] + total["ap50"]  # F1 is what users meet; AP50 is steadier from one evaluation to the next
        if quality >= self.best:
            self.best = quality
            save_tensors(self.out / BEST, self.ema.average)
        logger.info(
            "validation: F1 %.3f, AP50 %.3f%s", total["f1"], total["ap50"], " *" if quality == self.best else ""
        )
        # Pictures come last: what they may fail at must not cost the weights.
        self.log.draw()
        draw_worst(self.out / WORST, found, self.val, threshold=figures["threshold"])

    def _save(self) -> None:
        if self.log is None:
            return
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema.state_dict(),
            "step": self.step,
            "seen": self.seen,
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
        self.seen = state.get("seen", self.step * self.settings.batch)  # older states were of one process
        return float(state["elapsed_s"])


def find(
    model: FasterRCNN, config: DetectorConfig, pages: list[CocoPage], *, device: torch.device
) -> list[list[Region]]:
    """What a torch network finds on each page, by the same steps as the exported one takes."""
    model.eval()

    def detect(image: NDArray[Any]) -> list[Region]:
        resize = Resize.to_fit(image, config)
        with torch.no_grad():
            found = model([to_tensor(resize.image(image)).to(device)])[0]
        boxes, labels, scores = (found[name].cpu().numpy() for name in ("boxes", "labels", "scores"))
        return merge(to_regions(resize.boxes_back(boxes), labels, scores))

    return detect_all(detect, pages)[0]


def _curves(figures: dict[str, Any]) -> dict[str, float]:
    """Figures of `detector.evaluate.metrics` for the log: of both kinds as `valid/f1`, of one as `valid/inline/f1`."""
    groups = {"valid": figures["all"]} | {f"valid/{kind.value}": figures[kind.value] for kind in RegionKind}
    names = ("f1", "precision", "recall", "ap50", "ap")
    # A kind that has no truth has no average precision either.
    return {f"{group}/{name}": row[name] for group, row in groups.items() for name in names if row[name] >= 0}


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
