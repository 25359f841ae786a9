"""Settings in a TOML file: read for `--config`, and written beside every run."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from scanpage import __version__
from scanpage.errors import InputError, UsageError
from synth.config import GenerateSettings, PageKind

DIGEST_LENGTH = 16


def read_config(path: Path) -> dict[str, Any]:
    """The fields of `GenerateSettings` that a TOML file sets; paths count from the working directory.

    Raises:
        InputError: the file cannot be read, or is not TOML.
        UsageError: a key is unknown, or a value is not of its type.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    names = [field.name for field in fields(GenerateSettings)]
    for key in table:
        _check_known(key, names, f"{path}: unknown key")
    return {key: _READERS[key](value, f"{path}: {key}") for key, value in table.items()}


def settings_text(settings: GenerateSettings) -> str:
    """A TOML file that `read_config` reads, and from which the same pages come.

    In comments it names the version, and the digest of each file or folder that pages are made from.

    Raises:
        InputError: one of these cannot be read.
    """
    values = settings.plain()
    kinds = values.pop("kinds")
    lines = [f"# synth {__version__}"]
    lines += [f"# {_digest(path)} {_toml(str(path))}" for path in settings.material]
    lines += [f"{name} = {_toml(value)}" for name, value in values.items()]
    lines += ["", "[kinds]", *(f"{name} = {_toml(weight)}" for name, weight in kinds.items())]
    return "\n".join(lines) + "\n"


def differences(there: str, here: str) -> tuple[str, str]:
    """What two texts of `settings_text` say differently, the number of pages aside; twice empty if nothing."""
    first, second = ([line for line in t.splitlines() if not line.startswith("pages = ")] for t in (there, here))
    return "; ".join(line for line in first if line not in second), "; ".join(
        line for line in second if line not in first
    )


def _toml(value: Any) -> str:
    # What JSON writes of whole numbers, strings, lists of strings and finite fractions is TOML too; only this one
    # control character has to be escaped there and not here.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _check_known(key: str, names: Iterable[str], what: str) -> None:
    known = list(names)
    if key not in known:
        near = difflib.get_close_matches(key, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"{what} {key}{hint} (known are {', '.join(known)})")


def _whole(value: Any, place: str) -> int:
    # In Python, true and false are whole numbers too.
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{place} must be a whole number, got {value!r}")
    return value


def _path(value: Any, place: str) -> Path:
    if not isinstance(value, str) or not value:
        raise UsageError(f"{place} must be a path in quotes, got {value!r}")
    return Path(value)


def _paths(value: Any, place: str) -> tuple[Path, ...]:
    if not isinstance(value, list):
        raise UsageError(f"{place} must be a list of paths, got {value!r}")
    return tuple(_path(v, place) for v in value)


def _weights(value: Any, place: str) -> dict[PageKind, float]:
    if not isinstance(value, dict):
        raise UsageError(f"{place} must be a table of weights, got {value!r}")
    names = [kind.value for kind in PageKind]
    for name, weight in value.items():
        _check_known(name, names, f"{place}: unknown kind")
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            raise UsageError(f"{place}: {name} must be a number, got {weight!r}")
    return {kind: float(value[kind.value]) for kind in PageKind if kind.value in value}


_READERS: dict[str, Callable[[Any, str], Any]] = {
    "pages": _whole,
    "seed": _whole,
    "long_side_px": _whole,
    "formulas": _paths,
    "layouts": _paths,
    "inks": _paths,
    "handwriting_fonts": _path,
    "printed_fonts": _path,
    "text": _path,
    "kinds": _weights,
    "workers": _whole,
}


def _digest(path: Path) -> str:
    """The first digits of the SHA-256 of a file, or of all files of a folder with their names."""
    digest = hashlib.sha256()
    try:
        for file in _files(path):
            digest.update(os.fsencode(file.relative_to(path)) + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}") from error
    return digest.hexdigest()[:DIGEST_LENGTH]


def _files(path: Path) -> Iterator[Path]:
    return (p for p in sorted(path.rglob("*")) if p.is_file()) if path.is_dir() else iter([path])
