"""Two processes on a CPU train one model together, as several GPUs would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from scanpage.training import load_state  # noqa: E402 - torch may be absent

# Two processes that share a core with others take their time to begin.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SCRIPT = Path(__file__).with_name("train_in_processes.py")


def launch(out: Path, *arguments: object) -> list[dict[str, Any]]:
    """What each of two processes reports."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # `--multi_gpu` is what makes accelerate start several processes; without a GPU in sight they use the CPU.
    command = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", 2, "--num_machines", 1,
        "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", port, SCRIPT, out, *arguments,
    ]  # fmt: skip
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=280)
    assert run.returncode == 0, run.stderr
    return [json.loads((out / f"process{index}.json").read_text("utf-8")) for index in range(2)]


def test_two_processes_train_one_model(tmp_path: Path) -> None:
    reports = launch(tmp_path, 3)
    first, second = reports
    assert first["step"] == second["step"] == 3
    # Each drew pictures of its own, and all of them count.
    assert set(first["drawn"]).isdisjoint(second["drawn"])
    assert first["seen"] == second["seen"] == len(first["drawn"]) + len(second["drawn"])
    # They started from different weights, and from other gradients.
    assert first["weights"] == second["weights"]
    assert first["average"] == second["average"]
    assert max(report["gradient_error"] for report in reports) < 1e-6
    # The main one alone measures and writes.
    assert (first["validated"], second["validated"]) == (["few"], [])
    assert len(list(tmp_path.rglob("model.safetensors"))) == 1
    assert json.loads((tmp_path / "settings.json").read_text("utf-8"))["processes"] == 2
    assert json.loads((tmp_path / "model" / "validation.json").read_text("utf-8"))["samples"] == first["seen"]


def test_when_one_process_is_told_to_stop_all_do_and_the_run_can_go_on(tmp_path: Path) -> None:
    stopped = launch(tmp_path, 1000, "--stop-at", 2)
    assert [report["step"] for report in stopped] == [2, 2]
    state = load_state(tmp_path / "state.pt")
    assert (state["step"], state["seen"]) == (2, stopped[0]["seen"])
    resumed = launch(tmp_path, 3, "--resume")
    assert [report["step"] for report in resumed] == [3, 3]
    assert resumed[0]["weights"] == resumed[1]["weights"]
    assert resumed[0]["seen"] == stopped[0]["seen"] + sum(len(report["drawn"]) for report in resumed)
    # What is drawn after the resumption is new.
    assert set(resumed[0]["drawn"]).isdisjoint(stopped[0]["drawn"])
