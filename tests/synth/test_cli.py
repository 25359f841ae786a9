"""The command as a user runs it."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scanpage.errors import ExitCode


def synth(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "synth.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, env=os.environ | environment)


@pytest.mark.parametrize("arguments", [["--help"], ["generate", "--help"], ["--version"]], ids=" ".join)
def test_help_is_quick_and_complete(arguments: list[str]) -> None:
    times = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = synth(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        # Processor time, so that a busy machine makes no difference.
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert done.returncode == 0 and done.stdout and not done.stderr
    assert min(times) < 0.5


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, synth.cli\n"
        "try:\n    synth.cli.main(['generate', '--help'])\nexcept SystemExit:\n    pass\n"
        "sys.exit(' '.join({'numpy', 'cv2', 'PIL', 'torch', 'matplotlib'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_pages_are_made(layouts: Path, inks: Path, tmp_path: Path) -> None:
    out = tmp_path / "pages"
    done = synth(
        *("generate", "--pages", 2, "--out", out, "--seed", 5, "--long-side", 500, "--layouts", layouts, "--inks", inks)
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert re.fullmatch(rf"2 pages with \d+ formulas in {re.escape(str(out))}, \d+\.\d s\n", done.stderr)
    assert len(json.loads((out / "annotations.json").read_text("utf-8"))["images"]) == 2


def test_options_go_before_the_file_and_the_file_before_defaults(layouts: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "pages.toml", tmp_path / "pages"
    config.write_text("pages = 2\nseed = 8\nlong_side_px = 400\n[kinds]\nprose = 1\n")
    done = synth("generate", "--config", config, "--seed", 9, "--layouts", layouts, "--out", out)
    assert done.returncode == 0, done.stderr
    saved = tomllib.loads((out / "settings.toml").read_text("utf-8"))
    assert (saved["pages"], saved["seed"], saved["long_side_px"]) == (2, 9, 400)
    assert (saved["layouts"], saved["kinds"]) == ([str(layouts)], {"prose": 1.0})


def test_a_mistake_in_the_file_is_told_with_the_file(tmp_path: Path) -> None:
    config = tmp_path / "pages.toml"
    config.write_text("pages = 1\nsead = 3\n")
    done = synth("generate", "--config", config, "--out", tmp_path / "p")
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.count("\n") == 1
    assert str(config) in done.stderr and "sead" in done.stderr and "did you mean seed?" in done.stderr


def test_quiet_says_nothing(layouts: Path, tmp_path: Path) -> None:
    done = synth("generate", "-q", "--pages", 1, "--out", tmp_path / "p", "--long-side", 400, "--layouts", layouts)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_without_material_formulas_are_invented_and_without_tex_set_by_matplotlib(tmp_path: Path) -> None:
    done = synth("generate", "--pages", 3, "--out", tmp_path / "p", "--long-side", 600, PATH="")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "p" / "annotations.json").read_text("utf-8"))["annotations"]


def test_no_command_is_a_usage_error() -> None:
    assert synth().returncode == ExitCode.USAGE


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        ([], ExitCode.USAGE, "--pages"),
        (["--pages", "0"], ExitCode.USAGE, "--pages"),
        (["--pages", "1", "--config", "nowhere.toml"], ExitCode.UNREADABLE_INPUT, "nowhere.toml"),
        (["--pages", "1", "--long-side", "5"], ExitCode.USAGE, "--long-side"),
        (["--pages", "1", "--layouts", "nowhere.layouts"], ExitCode.UNREADABLE_INPUT, "nowhere.layouts"),
        (["--pages", "1", "--formulas", "nowhere.txt"], ExitCode.UNREADABLE_INPUT, "nowhere.txt"),
    ],
    ids=["pages not said", "no pages", "no config", "too small", "no layouts", "no formulas"],
)
def test_mistakes_get_one_line_and_their_code(arguments: list[str], code: int, named: str, tmp_path: Path) -> None:
    done = synth("generate", "--out", tmp_path / "p", *arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1 and named in done.stderr


def test_an_unwritable_folder_gets_its_code(layouts: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = synth("generate", "--pages", 1, "--out", tmp_path / "file", "--layouts", layouts)
    assert done.returncode == ExitCode.UNWRITABLE_OUTPUT
    assert done.stderr.count("\n") == 1
