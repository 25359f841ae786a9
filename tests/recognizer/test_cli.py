"""The command `recognizer` as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

CALL = "import sys; from recognizer.cli import main; sys.exit(main())"
COMMANDS = ("train", "evaluate", "export", "read")


def recognizer(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CALL, *map(str, arguments)]
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=offline)


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_help_loads_no_engine(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom recognizer.cli import main\n"
        f"try:\n    main({[*arguments, '--help']})\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'onnxruntime', 'cv2', 'numpy', 'transformers'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "usage: recognizer" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["evaluate", "--weights", "nowhere", "--layouts", "x"], 4, "no model at nowhere"),
        (["read", "missing.png"], 3, "missing.png"),
        (["export", "nowhere", "--out", "out"], 4, "nowhere"),
        (["evaluate"], 2, "required"),
        ([], 2, "COMMAND"),
    ],
)
def test_errors_are_one_line_and_a_code(arguments: list[str], code: int, message: str) -> None:
    run = recognizer(*arguments)
    assert run.returncode == code
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_reads_pictures_to_stdout(model_folder: Path, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        picture = np.full((40, 120), 255, np.uint8)
        cv2.putText(picture, name[0], (20, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
        cv2.imwrite(str(tmp_path / name), picture)
    run = recognizer("read", tmp_path / "a.png", tmp_path / "b.png", "--weights", model_folder, "--threads", 1)
    assert run.returncode == 0, run.stderr
    assert len(run.stdout.splitlines()) == 2


def test_evaluates_inks_and_writes_figures_and_pictures(model_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("sacrebleu")
    inks = tmp_path / "inks.jsonl"
    rows = [
        {"id": "a", "label": "1 + x", "strokes": [[0, 0, 0, 90], [50, 45, 90, 45], [70, 20, 70, 70]]},
        {"id": "b", "label": "\\unknown", "strokes": [[0, 0, 60, 60], [60, 0, 0, 60]]},
    ]
    inks.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    run = recognizer(
        "evaluate", "--weights", model_folder, "--inks", inks, "--no-typeset", "--json", tmp_path / "out.json",
        "--worst", tmp_path / "worst", "--threads", 1,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    saved = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert saved["figures"]["samples"] == 2
    assert saved["figures"]["perplexity"] > 1.0
    assert [row["label"] for row in saved["readings"]] == ["1 + x", "\\unknown"]
    for name in ("exact_match", "bleu4", "cer", "wer", "edit_distance", "perplexity", "within_2"):
        assert name in run.stdout
    assert len(list((tmp_path / "worst").glob("*.png"))) == 2
