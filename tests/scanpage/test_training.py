"""The pieces of the training commands that know nothing of the models."""

import json
import os
import signal
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from scanpage.errors import WeightsError  # noqa: E402 - torch may be absent
from scanpage.training import (  # noqa: E402
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


def test_ema_follows_slowly_and_gives_the_own_weights_back() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    ema = Ema(model, decay=0.5)
    torch.nn.init.constant_(model.weight, 1.0)
    ema.update(model)  # the decay of the first update is 2/11
    with ema.applied(model):
        assert model.weight.item() == pytest.approx(9 / 11)
    assert model.weight.item() == 1.0


def test_ema_state_round_trips() -> None:
    model = torch.nn.BatchNorm1d(2)
    ema = Ema(model)
    torch.nn.init.constant_(model.weight, 3.0)
    ema.update(model)
    other = Ema(torch.nn.BatchNorm1d(2))
    other.load_state_dict(ema.state_dict())
    assert other.updates == 1
    torch.testing.assert_close(other.average["weight"], ema.average["weight"])


def test_budget_counts_what_earlier_runs_spent() -> None:
    budget = TimeBudget(1.0, spent_s=30.0)
    assert budget.progress == pytest.approx(0.5, abs=0.05)
    assert not budget.over
    assert TimeBudget(1.0, spent_s=60.0).over


def test_schedule_rises_then_falls_to_the_floor() -> None:
    assert cosine_with_warmup(0.0) < 0.01
    assert cosine_with_warmup(0.03) == pytest.approx(1.0)
    assert cosine_with_warmup(0.5) < 1.0
    assert cosine_with_warmup(1.0, floor=0.1) == pytest.approx(0.1)
    assert cosine_with_warmup(2.0, floor=0.1) == pytest.approx(0.1)


def test_log_keeps_lines_over_a_resume_and_draws(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("tensorboard")
    for resume in (False, True):
        log = RunLog(tmp_path, resume=resume)
        log.add(1, {"train/loss": 2.0})
        log.draw()
        log.close()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["train/loss"] for line in lines] == [2.0, 2.0]
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_curves_of_one_figure_share_a_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard")
    backend = pytest.importorskip("matplotlib.backends.backend_agg")
    drawn = []
    monkeypatch.setattr(backend.FigureCanvasAgg, "print_png", lambda canvas, path: drawn.append(canvas.figure))
    log = RunLog(tmp_path)
    for step in range(100):  # so many that a mean is drawn over them
        log.add(step, {"train/loss": step % 2, "train/speed": 1.0})
    log.add(100, {"valid/print/loss": 0.5, "valid/hand/loss": 0.6, "valid/print/wer": 0.1})
    log.draw()
    log.close()
    panels = {axes.get_title(): axes for axes in drawn[0].axes}
    assert list(panels) == ["loss", "wer", "speed"]  # what validation measures comes first
    legends = {title: [text.get_text() for text in axes.get_legend().get_texts()] for title, axes in panels.items()}
    assert legends["loss"] == ["train", "valid/print", "valid/hand"]
    mean = panels["loss"].lines[0].get_ydata()
    assert len(mean) == 100
    assert all(abs(value - 0.5) < 0.1 for value in mean)
    colours = {line.get_label(): line.get_color() for line in panels["loss"].lines}
    assert panels["wer"].lines[0].get_color() == colours["valid/print"]


def test_state_round_trips_and_damage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_state(path, {"step": 3, "weights": {"a": torch.ones(2)}})
    assert load_state(path)["step"] == 3
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(WeightsError, match=r"state\.pt"):
        load_state(path)


def test_half_precision_tensors_come_back_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_tensors(path, {"a": torch.tensor([0.5]), "n": torch.tensor([7])}, half=True)
    tensors = load_tensors(path)
    assert tensors["a"].dtype == torch.float32
    assert tensors["n"].item() == 7
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        load_tensors(path)


def test_a_signal_is_noted_and_the_old_handler_returns() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupt() as interrupt:
        assert not interrupt.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.requested
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before
