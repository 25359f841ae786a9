"""Training of the network that finds the sheet, within a time budget, to a model folder."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from detector.paper import GRAPH, SIDE_PX, to_input
from detector.paper_corners import corner_error, corners_of
from detector.paper_model import PaperNet
from detector.paper_samples import PaperPicture, PaperSamples, mask_of, read_pictures
from detector.start import SETTINGS, STATE, check_folder
from scanpage import weights
from scanpage.errors import OutputError, WeightsError
from scanpage.files import write_text
from scanpage.onnx_weights import share_weights
from scanpage.training import (
    Ema,
    Interrupt,
    RunLog,
    TimeBudget,
    cosine_with_warmup,
    load_state,
    load_tensors,
    save_state,
    save_tensors,
)

logger = logging.getLogger(__name__)

WEIGHTS = "model.safetensors"
NOTE_S = 20.0
PARITY = 1e-3
"""The exported graph's probabilities may differ so much from torch's."""
OPSET = 17


@dataclass(frozen=True, slots=True)
class PaperTrainSettings:
    """A training's settings, saved as `settings.json`.

    Attributes:
        data: COCO folders of `synth generate` to train on.
        val: such a folder to measure on.
        out: the run's folder; when the time is over it holds the model folder too.
        minutes: time budget, wall clock; the learning rate falls to nothing by its end.
        init: folder of a run or model to start from; None starts with random weights.
        batch: pictures per step.
        lr: highest learning rate.
        weight_decay: of AdamW.
        ema_decay: of the average of the weights.
        val_pictures: measure on so many pictures; 0 is all.
        save_minutes: measure and save so often.
        seed: of samples and weights.
        threads: CPU threads to compute with; 0 lets torch choose.
    """

    data: tuple[str, ...]
    val: str
    out: str
    minutes: float
    init: str | None = None
    batch: int = 32
    lr: float = 4e-3
    weight_decay: float = 1e-2
    ema_decay: float = 0.997
    val_pictures: int = 300
    save_minutes: float = 3.0
    seed: int = 0
    threads: int = 0


def train_paper(settings: PaperTrainSettings, *, resume: bool = False) -> bool:
    """Train and export; `resume` goes on where the run in `settings.out` stopped.

    Returns:
        Whether the budget was used up; False after an interruption, whose state is saved.

    Raises:
        InputError: the data cannot be read.
        UsageError: nothing to resume, or with other settings, or a run is there and `resume` is not set.
        WeightsError: the weights to start from, or the saved state, cannot be read.
        OutputError: the folder cannot be written.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    with Interrupt() as interrupt:
        return PaperTrainer(settings, resume=resume).run(interrupt)


class PaperTrainer:
    """One run: the network, its optimizer and its average."""

    def __init__(self, settings: PaperTrainSettings, *, resume: bool) -> None:
        self.settings = settings
        self.out = Path(settings.out)
        check_folder(self.out, asdict(settings), resume=resume)
        self.samples = PaperSamples([p for folder in settings.data for p in read_pictures(Path(folder))])
        self.val = read_pictures(Path(settings.val), most=settings.val_pictures or None)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        model = PaperNet() if settings.init is None else load_paper_net(Path(settings.init) / WEIGHTS)
        self.model = model.to(self.device, memory_format=torch.channels_last)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), settings.lr, weight_decay=settings.weight_decay)
        self.ema = Ema(self.model, decay=settings.ema_decay)
        self.step = 0
        spent_s = self._restore() if resume else 0.0
        self.budget = TimeBudget(settings.minutes, spent_s=spent_s)
        self.log = RunLog(self.out, resume=resume)
        write_text(self.out / SETTINGS, json.dumps(asdict(settings), indent=2) + "\n")

    def run(self, interrupt: Interrupt) -> bool:
        saved = noted = self.budget.elapsed_s
        losses: list[float] = []
        while not (interrupt.requested or self.budget.over):
            losses.append(self._train_step())
            now = self.budget.elapsed_s
            if now - noted > NOTE_S:
                rate = len(losses) * self.settings.batch / (now - noted)
                self.log.add(self.step, {"train/loss": float(np.mean(losses)), "train/pictures_per_s": rate})
                logger.info("step %d: loss %.3f, %.0f pictures/s", self.step, np.mean(losses), rate)
                noted, losses = now, []
            if now - saved > self.settings.save_minutes * 60:
                self._measure()
                self._save()
                saved = now
        self._save()
        if not interrupt.requested:
            figures = self._measure()
            with self.ema.applied(self.model):
                export_paper(self.model, self.out)
            write_text(self.out / "metrics.json", json.dumps(figures | {"steps": self.step}, indent=2) + "\n")
        self.log.close()
        return not interrupt.requested

    def _train_step(self) -> float:
        # A step's samples depend on its number alone, so that a resumed run sees what an unbroken one would have.
        rng = np.random.default_rng([self.settings.seed, self.step])
        drawn = [self.samples.draw(rng) for _ in range(self.settings.batch)]
        images = torch.from_numpy(np.stack([image for image, _ in drawn])).permute(0, 3, 1, 2)
        masks = torch.from_numpy(np.stack([mask for _, mask in drawn])).to(self.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr * cosine_with_warmup(self.budget.progress)
        self.model.train()
        with torch.autocast(self.device.type, torch.bfloat16):
            logits = self.model(images.to(self.device).float().contiguous(memory_format=torch.channels_last))
        loss = mask_loss(logits.float(), masks)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.ema.update(self.model)
        self.step += 1
        return float(loss.item())

    def _measure(self) -> dict[str, Any]:
        with self.ema.applied(self.model):
            figures = measure(self.model, self.val)
        self.log.add(self.step, {f"valid/{name}": value for name, value in figures.items()})
        self.log.draw()
        logger.info("validation: %s", json.dumps(figures))
        return figures

    def _save(self) -> None:
        save_state(
            self.out / STATE,
            {
                "model": self.model.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "ema": self.ema.state_dict(),
                "step": self.step,
                "elapsed_s": self.budget.elapsed_s,
            },
        )

    def _restore(self) -> float:
        state = load_state(self.out / STATE)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.load_state_dict(state["ema"])
        self.step = state["step"]
        return float(state["elapsed_s"])


def mask_loss(logits: Tensor, masks: Tensor) -> Tensor:
    """Cross entropy of the cells, and the Dice loss (Milletari et al. 2016) of the pictures; both [N, h, w]."""
    chances = logits.sigmoid()
    dice = 1 - (2 * (chances * masks).sum((1, 2)) + 1) / ((chances + masks).sum((1, 2)) + 1)
    return F.binary_cross_entropy_with_logits(logits, masks) + dice.mean()


def measure(model: PaperNet, pictures: Sequence[PaperPicture]) -> dict[str, float]:
    """How well the network of torch finds the sheets of `pictures`; see `figures`."""
    model.eval()
    device = next(model.parameters()).device
    masks = []
    for picture in pictures:
        image = torch.from_numpy(to_input(picture.image)).permute(2, 0, 1)[None].to(device).float()
        with torch.no_grad():
            masks.append(model(image)[0].sigmoid().cpu().numpy())
    return figures(masks, pictures)


def figures(masks: Sequence[np.ndarray], pictures: Sequence[PaperPicture]) -> dict[str, float]:
    """Figures of predicted masks against the truth.

    Returns:
        `iou`: mean intersection over union of the masks; of the `whole` photos that show all corners of the sheet
        `within_1_percent`: the share whose worst corner is at most 1 % of the diagonal off, and the 95th percentile of
        that distance; of the `filled` pictures that are all paper `left_alone`: the share in which no sheet is found.
    """
    overlaps, errors, alone = [], [], []
    for mask, picture in zip(masks, pictures, strict=True):
        truth = mask_of(picture.corners) > 0.5
        both, either = (truth & (mask > 0.5)).sum(), (truth | (mask > 0.5)).sum()
        overlaps.append(both / max(1, either))
        found = corners_of(mask)
        if not picture.is_photo:
            alone.append(found is None)
        elif picture.is_whole:
            errors.append(corner_error(found, picture.corners, picture.image.shape[1::-1]))
    return {
        "pictures": len(pictures),
        "iou": float(np.mean(overlaps)),
        "whole": len(errors),
        "within_1_percent": float(np.mean(np.array(errors) <= 0.01)) if errors else 0.0,
        "corner_error_p95": float(np.percentile(errors, 95)) if errors else 1.0,
        "filled": len(alone),
        "left_alone": float(np.mean(alone)) if alone else 0.0,
    }


class _PictureIn(torch.nn.Module):
    """One picture of bytes [S, S, 3] in, the mask [S / 4, S / 4] as probabilities out."""

    def __init__(self, model: PaperNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image.permute(2, 0, 1)[None].float())[0].sigmoid()


def export_paper(model: PaperNet, folder: Path) -> None:
    """Write the model's files into `folder` and check that the graph gives torch's mask.

    Raises:
        OutputError: the folder cannot be written, or the graph disagrees with torch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rounded = PaperNet()
    rounded.load_state_dict({name: value.cpu() for name, value in model.state_dict().items()})
    rounded = rounded.half().float()  # the graph can share the stored weights only if they are equal
    write_text(folder / "config.json", json.dumps({"side_px": SIDE_PX}, indent=2) + "\n")
    save_tensors(folder / WEIGHTS, rounded.state_dict(), half=True)
    wrapped = _PictureIn(rounded).eval()
    image = torch.randint(0, 256, (SIDE_PX, SIDE_PX, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter for dynamic sizes is called legacy in every run
        torch.onnx.export(
            wrapped,
            (image,),
            str(folder / GRAPH),
            input_names=["image"],
            output_names=["mask"],
            opset_version=OPSET,
            dynamo=False,
        )
    share_weights(folder / GRAPH, folder / WEIGHTS)
    weights.seal(folder)
    with torch.no_grad():
        expected = wrapped(image).numpy()
    (mask,) = weights.open_session(folder / GRAPH, threads=1).run(["mask"], {"image": image.numpy()})
    difference = float(np.abs(mask - expected).max())
    if difference > PARITY:
        raise OutputError(f"{folder / GRAPH} gives masks that differ by {difference:.4f} from torch's; do not use it")


def load_paper_net(path: Path) -> PaperNet:
    """The network with the weights at `path` (safetensors), in evaluation mode. Raises `WeightsError`."""
    model = PaperNet()
    try:
        model.load_state_dict(load_tensors(path))
    except RuntimeError as error:
        raise WeightsError(f"{path} holds another network than the one that finds paper: {error}") from error
    model.eval()
    return model
