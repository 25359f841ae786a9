"""The README says what the programs do."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from pipeline.cli import UNEXPECTED
from scanpage.errors import ExitCode

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
MODULES = {"scanpage": "pipeline.cli", "synth": "synth.cli", "detector": "detector.cli", "recognizer": "recognizer.cli"}
COMMANDS = [
    command
    for block in BLOCKS
    for line in block.splitlines()
    for part in line.split(" #")[0].split(" && ")
    if (command := part.split(" | ")[0].strip().removeprefix(".venv/bin/")) and command.split()[0] in MODULES
]


@cache
def help_text(*words: str) -> str:
    """`--help` of a command or subcommand."""
    program, *rest = words
    code = f"import sys; from {MODULES[program]} import main; sys.argv[0] = {program!r}; sys.exit(main())"
    done = subprocess.run([sys.executable, "-c", code, *rest, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def options_of(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", text))


def test_every_program_is_shown() -> None:
    assert {command.split()[0] for command in COMMANDS} == set(MODULES)


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_a_command_exist(command: str) -> None:
    program, *rest = command.split()
    depth = {"scanpage": 0, "synth": 2 if rest[0] == "formulas" else 1}.get(program, 1)
    subcommand = rest[:depth]
    missing = options_of(" ".join(rest)) - options_of(help_text(program, *subcommand))
    assert not missing, f"{command!r} uses {missing}"


def test_the_table_lists_every_option_of_scanpage() -> None:
    table = README[README.index("| option | does |") : README.index("Inputs are PDF")]
    cells = " ".join(row.split("|")[1] for row in table.strip().splitlines())
    # What has a long and a short name is listed under one of them.
    pairs = re.findall(r"^\s+(-\w)(?: \S+)?, (--[a-z-]+)", help_text("scanpage"), re.MULTILINE)
    listed = options_of(cells) | {name for pair in pairs if set(pair) & options_of(cells) for name in pair}
    described = set(re.findall(r"^\s+(-\w|--[a-z-]+)", help_text("scanpage"), re.MULTILINE))
    assert described - {"-h"} <= listed
    assert listed <= options_of(help_text("scanpage"))


def test_exit_codes_are_the_programs() -> None:
    table = README[README.index("| exit code | means |") :].split("\n\n")[0]
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert listed == {*ExitCode, UNEXPECTED}


def test_ci_and_make_install_and_test_as_the_readme_says() -> None:
    (line,) = (line for block in BLOCKS for line in block.splitlines() if "pytest" in line)
    _, install, tests = line.split(" && ")
    ci = (ROOT / ".ci" / "run").read_text("utf-8").replace('"$venv/bin/', ".venv/bin/").replace('pip"', "pip")
    ci = ci.replace('python"', "python").replace(" --quiet --disable-pip-version-check", "")
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(PYTHON)", ".venv/bin/python")
    for script in (ci, makefile):
        commands = {command.strip() for command in script.splitlines()}
        assert {install, tests} <= commands


def test_ci_and_make_run_the_same_checks() -> None:
    checks = re.compile(r"-m (?:ruff|mypy|pytest).*")
    ci = checks.findall((ROOT / ".ci" / "run").read_text("utf-8"))
    makefile = checks.findall((ROOT / "Makefile").read_text("utf-8"))
    assert set(ci) == set(makefile) - {"-m ruff check --fix .", "-m ruff format ."}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "examples/README.md"])
def test_local_links_lead_somewhere(document: str) -> None:
    folder = (ROOT / document).parent
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", (ROOT / document).read_text("utf-8"))
    assert not [target for target in targets if not (folder / target).exists()]
