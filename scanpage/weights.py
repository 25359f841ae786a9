"""The one place where models are located, checked and opened.

A model is a folder: `config.json`, ONNX graphs, `model.safetensors`, `metrics.json`, `MODEL_CARD.md`, and
`SHA256SUMS`, the list of all weight files in the format of `sha256sum`. The graphs name ranges of the safetensors file
as their external data, so that one file of half-precision weights serves both torch and ONNX Runtime; what they compute
with integers they hold themselves.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from scanpage.errors import OutputError, WeightsError
from scanpage.files import write_text

if TYPE_CHECKING:
    import onnxruntime

SUMS = "SHA256SUMS"
CHECKED_SUFFIXES = {".onnx", ".safetensors", ".json"}
UNCHECKED = {"metrics.json"}
REMEDY = "install scanpage again, or export the model again"
LONGEST_REASON = 200


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
    """Check that `SHA256SUMS` lists every weight file, that all are as it says, and that graphs read no others.

    Raises:
        WeightsError: something is missing, damaged or not listed.
    """
    if not folder.is_dir():
        raise WeightsError(f"no model at {folder}: give a folder made by the export command")
    if not (folder / SUMS).is_file():
        raise WeightsError(f"{folder} holds no {SUMS}: give a folder made by the export command")
    try:
        digests = _listed(folder / SUMS)
        for name in sorted(_weight_files(folder) - digests.keys()):
            raise WeightsError(f"{folder / name} is not listed in {SUMS}: {REMEDY}")
        for name, digest in digests.items():
            path = folder / name
            if not path.is_file():
                raise WeightsError(f"{path} is missing: {REMEDY}")
            if _sha256(path) != digest:
                raise WeightsError(f"{path} is damaged (its sha256 differs from {SUMS}): {REMEDY}")
            if path.suffix == ".onnx":
                _check_places(path, digests.keys())
    except (OSError, UnicodeDecodeError) as error:
        raise WeightsError(f"the model at {folder} cannot be read: {error}") from error


def seal(folder: Path) -> None:
    """Write `SHA256SUMS` over the model files in `folder`. Raises `OutputError`."""
    write_text(folder / SUMS, _sums({name: _sha256(folder / name) for name in _weight_files(folder)}))


def replace(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    """Have `write` make one file of a sealed model anew, and give it its sum in `SHA256SUMS`. Raises `OutputError`.

    Both are whole before either takes its place; in a thread, as Ctrl-C stops the main one only, between any two steps.
    """
    with ThreadPoolExecutor(1) as thread:
        # Ctrl-C while a thread starts would leave it unwaited for, so it gets its work when it runs.
        thread.submit(int).result()
        thread.submit(_replace, folder, name, write).result()


def _replace(folder: Path, name: str, write: Callable[[Path], None]) -> None:
    digests = _listed(folder / SUMS)
    with _beside(folder) as beside:
        write(beside / name)
        digests[name] = _sha256(beside / name)
        write_text(beside / SUMS, _sums(digests))
        for ready in (name, SUMS):
            (beside / ready).replace(folder / ready)


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """A place on the disk of a model folder for files that are to get into it; what is left there harms no one."""
    try:
        with TemporaryDirectory(prefix=".", dir=folder) as name:
            yield Path(name)
    except OSError as error:
        raise OutputError(
            f"cannot write in {folder}: {error.strerror or error}; give a copy of the model in a writable place"
        ) from error


def version(folder: Path) -> str:
    """Short name of exactly these weights: the first 12 digits of the hash over `SHA256SUMS`."""
    return _sha256(folder / SUMS)[:12]


def read_config(folder: Path) -> dict[str, Any]:
    """`config.json` of a model folder. Raises `WeightsError`."""
    return read_json(folder / "config.json")


def read_json(path: Path) -> dict[str, Any]:
    """A settings file of a model folder. Raises `WeightsError`."""
    if not path.is_file():
        raise WeightsError(f"{path} is missing, so {path.parent} is no such model: {REMEDY}")
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsError(f"{path} cannot be read: {error}; {REMEDY}") from error
    if not isinstance(data, dict):
        raise WeightsError(f"{path} holds no settings: {REMEDY}")
    return data


def open_session(path: Path, threads: int = 0, *, graph: bytes | None = None) -> onnxruntime.InferenceSession:
    """An ONNX Runtime session on the CPU; `threads` 0 lets the runtime choose.

    Args:
        path: the model.
        threads: threads of one run.
        graph: the model as it was changed after it was read; as the file has it where left out.

    Raises:
        WeightsError: the graph or its external weights cannot be loaded.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait for work by spinning take the cores from the stages beside them, and win nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # A plan of the memory is kept for each size of input, in a block of its own; pages and crops are of all sizes.
    options.enable_mem_pattern = False
    options.log_severity_level = 4  # what fails is told once, by the error
    try:
        return onnxruntime.InferenceSession(graph or str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception types share no public base class
        raise WeightsError(f"{path} cannot be loaded: {REMEDY} ({_one_line(error)})") from error


def _listed(sums: Path) -> dict[str, str]:
    """Digest of each file that `sums` lists: plain names, as all of a model lies in one folder."""
    digests = {}
    for line in sums.read_text("utf-8").splitlines():
        match = re.fullmatch(r"([0-9a-f]{64})  ([^/\\\0]+)", line)
        if match is None or match[2] in (".", ".."):
            raise WeightsError(f"{sums} is damaged: {REMEDY}")
        digests[match[2]] = match[1]
    return digests


def _sums(digests: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))


def _weight_files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix in CHECKED_SUFFIXES and path.name not in UNCHECKED}


def _check_places(graph: Path, listed: Collection[str]) -> None:
    """External data of a graph must lie in files that were checked; ONNX Runtime itself refuses other folders."""
    data = graph.read_bytes()
    for key in re.finditer(rb"\x0a\x08location\x12(.)", data, re.DOTALL):  # protobuf: key, value's length, value
        name = data[key.end() : key.end() + key[1][0]].decode("utf-8", errors="replace")
        if name not in listed:
            raise WeightsError(f"{graph} reads weights from {name!r}, which {SUMS} does not list: {REMEDY}")


def _one_line(error: Exception) -> str:
    """The gist of what a library says over several lines."""
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST_REASON else text[:LONGEST_REASON] + " …"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
