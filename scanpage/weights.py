"""The one place where models are located, checked and opened.

A model is a folder: `config.json`, ONNX graphs, `model.safetensors`, `metrics.json`, `MODEL_CARD.md`, and
`SHA256SUMS`, the list of all weight files in the format of `sha256sum`. The graphs name ranges of the safetensors file
as their external data, so that one file of half-precision weights serves both torch and ONNX Runtime.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanpage.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime

SUMS = "SHA256SUMS"
CHECKED_SUFFIXES = {".onnx", ".safetensors", ".json"}
UNCHECKED = {"metrics.json"}


def shipped(stage: str) -> Path:
    """Folder of the model that ships with `stage` (`detector` or `recognizer`)."""
    return Path(__file__).resolve().parent.parent / stage / "weights"


def locate(stage: str, folder: Path | None = None) -> Path:
    """The model folder to use: `folder` where given, else the shipped one; its checksums hold.

    Raises:
        WeightsError: no such folder, no checksums, or a file is missing or differs.
    """
    folder = shipped(stage) if folder is None else folder
    verify(folder)
    return folder


def verify(folder: Path) -> None:
    """Check every file that `SHA256SUMS` lists. Raises `WeightsError`."""
    if not folder.is_dir():
        raise WeightsError(f"no model at {folder}: give a folder made by the export command")
    sums = folder / SUMS
    if not sums.is_file():
        raise WeightsError(f"{folder} holds no {SUMS}: give a folder made by the export command")
    for line in sums.read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file():
            raise WeightsError(f"{path} is missing: install scanpage again or export the model again")
        if _sha256(path) != digest:
            raise WeightsError(f"{path} is damaged (its sha256 differs from {SUMS}): install or export it again")


def seal(folder: Path) -> None:
    """Write `SHA256SUMS` over the model files in `folder`."""
    names = sorted(p.name for p in folder.iterdir() if p.suffix in CHECKED_SUFFIXES and p.name not in UNCHECKED)
    lines = [f"{_sha256(folder / name)}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), "utf-8")


def version(folder: Path) -> str:
    """Short name of exactly these weights: the first 12 digits of the hash over `SHA256SUMS`."""
    return _sha256(folder / SUMS)[:12]


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a model folder. Raises `WeightsError`."""
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """A settings file of a model folder. Raises `WeightsError`."""
    try:
        data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path} cannot be read: {error}") from error
    return data


def open_session(path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU; `threads` 0 lets the runtime choose.

    Raises:
        WeightsError: the graph or its external weights cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception types share no public base class
        raise WeightsError(f"{path} cannot be loaded: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
