"""Training learns, stops and goes on."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("pycocotools")
pytest.importorskip("tensorboard")

from detector.config import DetectorConfig  # noqa: E402 - torch may be absent
from detector.train import BEST, STATE, TrainSettings, train  # noqa: E402
from scanpage.errors import UsageError, WeightsError  # noqa: E402
from scanpage.training import load_state  # noqa: E402

SMALL = DetectorConfig(long_side_px=256)


def _settings(folder: Path, out: Path, *, seconds: float) -> TrainSettings:
    return TrainSettings(
        data=(str(folder),),
        val=str(folder),
        out=str(out),
        minutes=seconds / 60,
        init="none",
        window_px=0,
        threads=1,
        config=SMALL,
    )


def _log(out: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_training_overfits_a_handful_of_pages(coco_folder: Path, tmp_path: Path) -> None:
    from scanpage.text_backbone import RAPIDOCR_DETECTION, rapidocr_model

    try:
        rapidocr_model(RAPIDOCR_DETECTION)
    except WeightsError as error:
        pytest.skip(str(error))
    out = tmp_path / "run"
    best = 0.0
    for seconds in (25, 60, 150):  # a fast machine is done after the first
        settings = replace(_settings(coco_folder, out, seconds=seconds), init="rapidocr", ema_decay=0.9)
        assert train(settings, resume=(out / STATE).is_file())
        best = max(line["val/f1"] for line in _log(out) if "val/f1" in line)
        if best > 0.6:
            break
    assert best > 0.6
    assert (out / BEST).is_file()
    assert (out / "curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_resumed_run_goes_on_where_it_stopped(coco_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = _settings(coco_folder, out, seconds=2)
    assert train(settings)
    before = load_state(out / STATE)
    assert train(replace(settings, minutes=5 / 60), resume=True)
    after = load_state(out / STATE)
    assert after["step"] > before["step"]
    assert after["ema"]["updates"] == after["step"]
    assert after["elapsed_s"] > before["elapsed_s"]
    steps = [line["step"] for line in _log(out)]
    assert steps == sorted(steps)


def test_a_run_is_never_overwritten_by_accident(coco_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UsageError, match="nothing to resume"):
        train(_settings(coco_folder, out, seconds=1), resume=True)
    out.mkdir()
    (out / STATE).write_bytes(b"")
    with pytest.raises(UsageError, match="--resume"):
        train(_settings(coco_folder, out, seconds=1))
