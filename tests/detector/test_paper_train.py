from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from detector.cli import main
from detector.paper import PaperFinder
from detector.paper_samples import PaperPicture, PaperSamples, lay, mask_of, read_pictures
from detector.paper_train import PaperTrainer, PaperTrainSettings
from scanpage.errors import ExitCode, InputError, UsageError
from scanpage.training import Interrupt, TimeBudget
from scanpage.weights import SUMS

QUAD = np.array([[0.13, 0.08], [0.86, 0.12], [0.9, 0.93], [0.09, 0.88]])
WHOLE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)


def picture(quad: np.ndarray, height: int = 400, width: int = 300) -> np.ndarray:
    image = np.full((height, width, 3), 60, np.uint8)
    cv2.fillPoly(image, [(quad * [width, height]).astype(np.int32)], (225, 225, 220))
    return image


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos of blank sheets and two pictures that are all sheet."""
    rng = np.random.default_rng(0)
    images = []
    for index in range(8):
        quad = WHOLE if index >= 6 else QUAD + rng.uniform(-0.05, 0.05, (4, 2))
        cv2.imwrite(str(tmp_path / f"{index}.png"), picture(quad))
        corners = (quad * [300, 400]).tolist()
        images.append({"id": index, "file_name": f"{index}.png", "width": 300, "height": 400, "paper": corners})
    (tmp_path / "annotations.json").write_text(json.dumps({"images": images, "annotations": []}))
    return tmp_path


def test_pictures_are_read_with_their_corners(folder: Path) -> None:
    pictures = read_pictures(folder)
    assert [p.is_photo for p in pictures] == [True] * 6 + [False] * 2
    assert [p.is_whole for p in pictures] == [True] * 6 + [False] * 2
    assert np.abs(pictures[0].corners - QUAD).max() < 0.051


@pytest.mark.parametrize("fault", ["no file", "no corners", "three corners", "no image"])
def test_what_is_missing_is_told(folder: Path, fault: str) -> None:
    path = folder / "annotations.json"
    content = json.loads(path.read_text())
    if fault == "no file":
        path.unlink()
    elif fault == "no image":
        (folder / "3.png").unlink()
    else:
        content["images"][3]["paper"] = content["images"][3]["paper"][:3]
        if fault == "no corners":
            del content["images"][3]["paper"]
        path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"3\.png" if fault == "no image" else "synth generate"):
        read_pictures(folder)


def test_samples_show_the_sheet_where_the_mask_says(folder: Path) -> None:
    pictures = read_pictures(folder)
    samples = PaperSamples(pictures)
    rng = np.random.default_rng(1)
    brighter = []
    for _ in range(60):
        image, mask = samples.draw(rng)
        assert image.shape == (256, 256, 3) and image.dtype == np.uint8
        assert mask.shape == (64, 64) and mask.min() >= 0 and mask.max() <= 1
        sheet = cv2.resize(mask, (256, 256)) > 0.5
        if 0.2 < sheet.mean() < 0.8:
            brighter.append(float(image[sheet].mean()) - float(image[~sheet].mean()))
    # White sheets, mostly on darker ground; a mask that is turned or flipped would show no such thing.
    assert np.mean(np.array(brighter) > 20) > 0.8


def test_a_page_is_laid_at_its_corners() -> None:
    page = PaperPicture(np.full((90, 60, 3), 255, np.uint8), WHOLE)
    other = PaperPicture(np.zeros((90, 60, 3), np.uint8), WHOLE)
    rng = np.random.default_rng(4)
    gains = []
    for _ in range(10):
        image, corners = lay(page, other, rng)
        mask = cv2.resize(mask_of(corners), (256, 256)) > 0.5
        if mask.all():
            continue
        gains.append(float(image[mask].mean()) - float(image[~mask].mean()))
    assert np.median(gains) > 30  # white paper on all sorts of desks


def test_pictures_without_a_photo_teach_nothing() -> None:
    with pytest.raises(InputError, match="kind"):
        PaperSamples([PaperPicture(np.zeros((9, 9, 3), np.uint8), WHOLE)])


@pytest.mark.slow
def test_training_makes_a_model_that_finds_sheets(folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    arguments = ["train-paper", "--data", str(folder), "--val", str(folder), "--out", str(run), "--threads", "1"]
    assert main([*arguments, "--minutes", "0.25", "--batch", "8", "-q"]) == ExitCode.DONE
    for name in (SUMS, "model.onnx", "model.safetensors", "metrics.json", "curves.png", "settings.json"):
        assert (run / name).is_file()
    figures = json.loads((run / "metrics.json").read_text())
    assert figures["whole"] == 6 and figures["filled"] == 2 and 0 < figures["iou"] <= 1
    assert PaperFinder(run).version
    assert main([*arguments, "--minutes", "1", "-q"]) == ExitCode.USAGE  # there is a run already
    start = ["--init", str(run), "--out", str(tmp_path / "again"), "--minutes", "0.02", "-q"]
    assert main([*arguments, *start]) == ExitCode.DONE


@pytest.mark.slow
def test_an_interrupted_training_goes_on(folder: Path, tmp_path: Path) -> None:
    settings = PaperTrainSettings((str(folder),), str(folder), str(tmp_path / "run"), 0.05, batch=4, threads=1)
    interrupt = Interrupt()
    interrupt.requested = True
    assert not PaperTrainer(settings, resume=False).run(interrupt)
    assert not (tmp_path / "run" / "model.onnx").exists()
    with pytest.raises(UsageError, match=r"batch 4.*batch 8"):
        PaperTrainer(replace(settings, batch=8), resume=True)
    assert PaperTrainer(settings, resume=True).run(Interrupt())
    assert (tmp_path / "run" / "model.onnx").exists()


@pytest.mark.slow
def test_sheets_are_learned_in_a_few_steps(folder: Path, tmp_path: Path) -> None:
    settings = PaperTrainSettings((str(folder),), str(folder), str(tmp_path / "run"), 60, batch=8, threads=1)
    trainer = PaperTrainer(settings, resume=False)
    trainer.budget = TimeBudget(60, spent_s=600)  # past the warm-up
    losses = [trainer._train_step() for _ in range(40)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:3])
