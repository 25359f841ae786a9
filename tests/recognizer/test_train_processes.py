"""Two processes on a CPU train one model together, as several GPUs would."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Runs:
    """A run of which one process was told to stop, and the same run resumed: what each process of each reports."""

    out: Path
    stopped: list[dict[str, Any]]
    state: dict[str, Any]
    resumed: list[dict[str, Any]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    out = tmp_path_factory.mktemp("run")
    stopped = launch(out, 1000, "--stop-at", 2)
    return Runs(out, stopped, load_state(out / "state.pt"), launch(out, 3, "--resume"))


def test_two_processes_train_one_model(runs: Runs) -> None:
    first, second = runs.stopped
    # Each drew pictures of its own, and all of them count.
    assert set(first["drawn"]).isdisjoint(second["drawn"])
    assert first["seen"] == second["seen"] == len(first["drawn"]) + len(second["drawn"])
    # They started from different weights, and from other gradients.
    assert first["weights"] == second["weights"]
    assert first["average"] == second["average"]
    assert max(report["gradient_error"] for report in runs.stopped) < 1e-6


def test_the_main_process_alone_measures_and_writes(runs: Runs) -> None:
    first, second = runs.resumed
    assert (first["validated"], second["validated"]) == (["few"], [])
    assert len(list(runs.out.rglob("model.safetensors"))) == 1
    assert json.loads((runs.out / "settings.json").read_text("utf-8"))["processes"] == 2
    best = json.loads((runs.out / "model" / "validation.json").read_text("utf-8"))
    assert best["samples"] in (runs.stopped[0]["seen"], first["seen"])


def test_when_one_process_is_told_to_stop_all_do_and_the_run_can_go_on(runs: Runs) -> None:
    stopped, resumed = runs.stopped, runs.resumed
    assert [report["step"] for report in stopped] == [2, 2]
    assert (runs.state["step"], runs.state["seen"]) == (2, stopped[0]["seen"])
    assert [report["step"] for report in resumed] == [3, 3]
    assert resumed[0]["weights"] == resumed[1]["weights"] != stopped[0]["weights"]
    assert resumed[0]["seen"] == stopped[0]["seen"] + sum(len(report["drawn"]) for report in resumed)
    # What is drawn after the resumption is new.
    assert set(resumed[0]["drawn"]).isdisjoint(stopped[0]["drawn"])
