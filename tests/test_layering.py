"""Imports between the folders go one way, and the parts that run without the extra `train` import none of it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("scanpage", "synth", "detector", "recognizer", "pipeline")
MAY_IMPORT = {
    "scanpage": {"scanpage"},
    "synth": {"scanpage", "synth"},
    "detector": {"scanpage", "detector"},
    "recognizer": {"scanpage", "synth", "recognizer"},
    "pipeline": {"scanpage", "detector", "recognizer", "pipeline"},
}
# `from scanpage import scan` is the front door: resolved on first use, so the vocabulary itself needs no stage.
FRONT_DOOR = {("scanpage/__init__.py", "pipeline")}
TRAINING_ONLY = {"torch", "torchvision", "transformers", "datasets", "accelerate", "matplotlib", "onnx", "safetensors"}


def imports(path: Path) -> Iterator[str]:
    """Top-level names of all modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_only_what_it_may(stage: str) -> None:
    breaches = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / stage).rglob("*.py"))
        for name in imports(path)
        if name in STAGES and name not in MAY_IMPORT[stage]
        if (path.relative_to(ROOT).as_posix(), name) not in FRONT_DOOR
    ]
    assert not breaches


@pytest.mark.parametrize("folder", STAGES)
def test_no_relative_imports_hide_a_breach(folder: str) -> None:
    relative = [
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level > 0
    ]
    assert not relative


# Finer than folders: what may be used of another stage.
DOORS = {
    ("pipeline", "detector"): {"detector.paper", "detector.predict"},
    ("pipeline", "recognizer"): {"recognizer.predict"},
    ("recognizer", "synth"): {
        f"synth.{module}"
        for module in (
            *("layout", "paint", "pen", "ink", "handwrite", "corpus", "typeset", "formulas", "grammar"),
            "lone_letters",
        )
    },
}


def imported_modules(path: Path) -> Iterator[str]:
    """Dotted names that a file imports; for `from package import name` both `package` and `package.name`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names if "." not in node.module else {node.module}


@pytest.mark.parametrize(("stage", "other"), sorted(DOORS))
def test_a_stage_uses_another_by_its_doors_only(stage: str, other: str) -> None:
    breaches = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted((ROOT / stage).rglob("*.py"))
        for name in imported_modules(path)
        if name.split(".")[0] == other and name not in DOORS[stage, other]
    ]
    assert not breaches


RUN_TIME = ["scanpage", "pipeline.scan", "pipeline.cli", "pipeline.engines", "detector.predict", "recognizer.predict"]


@pytest.mark.parametrize("module", RUN_TIME)
def test_run_time_modules_load_nothing_of_training(module: str) -> None:
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not TRAINING_ONLY & set(done.stdout.split())


HELP = [
    "pipeline.cli",
    "synth.cli",
    "detector.cli",
    "recognizer.cli",
]


@pytest.mark.parametrize("module", HELP)
def test_help_loads_no_model_and_no_numbers(module: str) -> None:
    """What `--help` does not import cannot make it slow."""
    code = (
        f"import sys\nfrom {module} import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & (TRAINING_ONLY | {"numpy", "cv2", "onnxruntime", "rapidocr"})


TRAINING_COMMANDS = [
    ("synth.cli", ["generate", "--pages", "1", "--out", "pages"]),
    ("detector.cli", ["train", "--data", "pages", "--val", "pages", "--out", "run", "--minutes", "1"]),
    ("recognizer.cli", ["train", "--stage", "rendered", "--layouts", "formulas.layouts", "--out", "run"]),
]


@pytest.mark.parametrize(("module", "arguments"), TRAINING_COMMANDS)
def test_without_the_extra_a_training_command_says_what_to_install(
    module: str, arguments: list[str], tmp_path: Path
) -> None:
    code = (
        f"import sys\nfor name in {sorted(TRAINING_ONLY)}:\n    sys.modules[name] = None\n"
        f"from {module} import main\nsys.exit(main({arguments!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "scanpage[train]" in done.stderr
    assert "Traceback" not in done.stderr
