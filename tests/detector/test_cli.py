"""The command as a user meets it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from detector.cli import main


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["evaluate", "--help"], ["export", "--help"]])
def test_help_is_quick_and_loads_no_torch(arguments: list[str]) -> None:
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from detector.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'torchvision', 'onnxruntime', 'cv2', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: detector" in done.stdout


def test_help_takes_under_half_a_second_of_cpu() -> None:
    start = time.process_time()
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert time.process_time() - start < 0.5


def test_predicting_loads_no_torch() -> None:
    code = "import sys, detector.predict, detector.evaluate; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_missing_data_is_one_line_and_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    nowhere = str(tmp_path / "nowhere")
    assert main(["train", "--data", nowhere, "--val", nowhere, "--out", str(tmp_path / "run"), "--minutes", "1"]) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("detector: ")


def test_missing_model_is_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--model", str(tmp_path), "page.png"]) == 4
    assert "SHA256SUMS" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon"])
def test_senseless_minutes_are_a_usage_error(minutes: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "--data", "d", "--val", "v", "--out", "o", "--minutes", minutes])
    assert end.value.code == 2
