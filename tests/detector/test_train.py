"""Training learns, stops and goes on."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("pycocotools")
pytest.importorskip("tensorboard")
pytest.importorskip("accelerate")

from detector.config import DetectorConfig  # noqa: E402 - torch may be absent
from detector.model import build  # noqa: E402
from detector.start import BEST, STATE, initial_model  # noqa: E402
from detector.train import TrainSettings, train  # noqa: E402
from scanpage.errors import UsageError, WeightsError  # noqa: E402
from scanpage.training import Ema, load_state, save_state, save_tensors  # noqa: E402

SMALL = DetectorConfig(long_side_px=(256, 256))
TINY = DetectorConfig(long_side_px=(128, 128), channels=32, roi_size=(3, 5), head_width=32)
SCRIPT = Path(__file__).with_name("train_in_processes.py")


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
    from scanpage.rapidocr_models import model_path

    try:
        model_path("det")
    except WeightsError as error:
        pytest.skip(str(error))
    out = tmp_path / "run"
    best = 0.0
    for seconds in (25, 60, 150):  # a fast machine is done after the first
        settings = replace(_settings(coco_folder, out, seconds=seconds), init="rapidocr", ema_decay=0.9)
        assert train(settings, resume=(out / STATE).is_file())
        best = max(line["valid/f1"] for line in _log(out) if "valid/f1" in line)
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
    assert train(replace(settings, minutes=(before["elapsed_s"] + 3) / 60), resume=True)
    after = load_state(out / STATE)
    assert after["step"] > before["step"]
    assert after["ema"]["updates"] == after["step"]
    assert after["elapsed_s"] > before["elapsed_s"]
    steps = [line["step"] for line in _log(out)]
    assert steps == sorted(steps)


@pytest.mark.slow
def test_each_validation_logs_both_kinds_and_draws_the_worst_pages(coco_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert train(replace(_settings(coco_folder, out, seconds=1), config=TINY))
    validation = next(line for line in _log(out) if "valid/f1" in line)
    assert {"valid/isolated/f1", "valid/inline/f1", "valid/inline/ap50", "valid/isolated/recall"} <= set(validation)
    # Nobody finds all formulas after a second.
    assert (out / "worst" / "01.jpg").read_bytes().startswith(b"\xff\xd8")
    assert len(list((out / "worst").iterdir())) <= 4


def test_a_run_is_never_overwritten_by_accident(coco_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(UsageError, match="nothing to resume"):
        train(_settings(coco_folder, out, seconds=1), resume=True)
    out.mkdir()
    (out / STATE).write_bytes(b"")
    with pytest.raises(UsageError, match="--resume"):
        train(_settings(coco_folder, out, seconds=1))


def _begun(out: Path, settings: TrainSettings) -> TrainSettings:
    """The folder of a run that was begun with `settings`; its state is never read."""
    out.mkdir()
    (out / STATE).write_bytes(b"")
    content = {name: getattr(settings, name) for name in ("init", "batch", "window_px", "lr", "minutes")}
    (out / "settings.json").write_text(json.dumps(content | {"config": settings.config.to_dict()}))
    return settings


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"batch": 5}, "batch 2, not with batch 5"),
        ({"window_px": 320}, "window_px 0, not with window_px 320"),
        (
            {"config": replace(SMALL, long_side_px=(512, 512))},
            r"long_side_px \(256, 256\), not with long_side_px \(512, 512\)",
        ),
        ({"batch": 5, "lr": 1.0}, "batch 2, lr 0.0015, not with batch 5, lr 1.0"),
        ({"init": "rapidocr"}, "init none, not with init rapidocr"),
    ],
)
def test_a_run_goes_on_with_the_settings_that_it_was_begun_with(
    coco_folder: Path, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    settings = _begun(tmp_path / "run", _settings(coco_folder, tmp_path / "run", seconds=1))
    with pytest.raises(UsageError, match=said):
        train(replace(settings, **changes), resume=True)


def test_time_and_pages_may_change_when_a_run_goes_on(coco_folder: Path, tmp_path: Path) -> None:
    settings = _begun(tmp_path / "run", _settings(coco_folder, tmp_path / "run", seconds=1))
    changed = replace(settings, minutes=9, data=(*settings.data, settings.val), val_pages=1, threads=2, eval_minutes=1)
    with pytest.raises(WeightsError, match="training state"):  # all is well but the state, which is empty
        train(changed, resume=True)


def _checkpoint(folder: Path, config: DetectorConfig) -> dict[str, torch.Tensor]:
    """A run's folder with a config only, and weights to put into it."""
    folder.mkdir()
    (folder / "config.json").write_text(config.to_json())
    return build(config).state_dict()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"head_width": 48}, "it has head_width 32 and you ask for head_width 48"),
        ({"channels": 40, "roi_size": (4, 5)}, r"channels 32, roi_size \(3, 5\) and"),
        # As many anchors of other sizes: the weights would fit, and mean something else.
        ({"anchor_sizes_px": ((8.0, 17.0), (31.0, 52.0), (85.0, 150.0))}, "anchor_sizes_px"),
        ({"anchor_ratios": (0.2, 0.3, 0.6, 1.0)}, "anchor_ratios"),
    ],
)
def test_a_checkpoint_of_another_shape_is_refused_by_name(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    _checkpoint(tmp_path / "run", TINY)
    with pytest.raises(UsageError, match=said):
        initial_model(str(tmp_path / "run"), replace(TINY, **changes))


def test_a_checkpoint_serves_at_another_size_and_score(tmp_path: Path) -> None:
    weights = _checkpoint(tmp_path / "run", TINY)
    save_tensors(tmp_path / "run" / BEST, weights)
    config = replace(TINY, long_side_px=(160, 160), min_score=0.3, max_regions=50)
    started = initial_model(str(tmp_path / "run"), config).state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in started.items())


def test_a_run_stopped_before_its_first_validation_gives_its_average(tmp_path: Path) -> None:
    _checkpoint(tmp_path / "run", TINY)
    model = build(TINY)
    average = Ema(model)
    save_state(tmp_path / "run" / STATE, {"model": build(TINY).state_dict(), "ema": average.state_dict()})
    started = initial_model(str(tmp_path / "run"), TINY).state_dict()
    assert all(torch.equal(value, average.average[name]) for name, value in started.items())


def test_a_folder_without_weights_is_no_start(tmp_path: Path) -> None:
    _checkpoint(tmp_path / "run", TINY)
    with pytest.raises(WeightsError, match=r"none of best.safetensors, model.safetensors, state.pt"):
        initial_model(str(tmp_path / "run"), TINY)
    save_state(tmp_path / "run" / STATE, {"step": 3})
    with pytest.raises(WeightsError, match="another network"):
        initial_model(str(tmp_path / "run"), TINY)


def _launch(data: Path, out: Path, *arguments: object) -> list[dict[str, Any]]:
    """What each of two processes reports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # `--multi_gpu` is what makes accelerate start several processes; without a GPU in sight they use the CPU.
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", 2, "--num_machines", 1,
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", port, SCRIPT, data, out, *arguments,
    ]  # fmt: skip
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    run = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stderr
    return [json.loads((out / f"process{index}.json").read_text("utf-8")) for index in range(2)]


@pytest.mark.slow
@pytest.mark.timeout(600)  # two processes that share a core with others take their time to begin
def test_two_processes_train_one_model_stop_together_and_go_on(coco_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    stopped = _launch(coco_folder, out, 600, "--stop-at", 2)
    state = load_state(out / STATE)
    # The last process alone was told to stop.
    assert [(report["finished"], report["step"], report["seen"]) for report in stopped] == [(False, 2, 8)] * 2
    assert (state["step"], state["seen"]) == (2, 8)
    assert [report["writes"] for report in stopped] == [True, False]
    assert not (out / BEST).exists()

    resumed = _launch(coco_folder, out, state["elapsed_s"] + 3, "--resume")
    first, second = resumed
    assert first["finished"] and second["finished"]
    assert first["step"] == second["step"] > 2
    assert first["first_seen"] == second["first_seen"] == 8
    assert first["seen"] == 4 * first["step"]
    assert (out / BEST).is_file() and (out / "worst" / "01.jpg").is_file()
    assert sum("valid/f1" in line for line in _log(out)) == 1

    for one, other in (stopped, resumed):
        # Each draws windows of its own, and all hold the same weights, from the first to the last.
        assert set(one["drawn"]).isdisjoint(other["drawn"])
        assert len(one["drawn"]) == len(other["drawn"]) == 2 * (one["step"] - one["first_seen"] // 4)
        for name in ("first_weights", "first_average", "weights", "average"):
            assert one[name] == other[name]
        assert one["weights"] != one["first_weights"]
    assert first["first_weights"] == stopped[0]["weights"]
