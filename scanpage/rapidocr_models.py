"""The models inside the installed rapidocr package: nothing is ever downloaded.

Prose is read with them, and training starts from their weights.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from scanpage.errors import WeightsError
from scanpage.onnx_subnormals import without_subnormals
from scanpage.weights import open_session

if TYPE_CHECKING:
    import onnxruntime


def model_path(task: str) -> Path:
    """The model for `det` (where text stands), `rec` (what it says) or `cls` (whether it is upside down).

    Raises:
        WeightsError: rapidocr is missing, or holds no such model.
    """
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise WeightsError("rapidocr is not installed: install scanpage again, or train with --init none")
    models = Path(spec.origin).parent / "models"
    found = sorted(models.glob(f"*_{task}_*.onnx"))
    if len(found) != 1:
        raise WeightsError(f"{models} should hold one {task} model, not {len(found)}: install rapidocr again")
    return found[0]


@cache
def open_model(task: str, threads: int = 0) -> onnxruntime.InferenceSession:
    """A session of one of the models, opened once for all who use it with so many threads (0: the runtime's choice).

    Raises:
        WeightsError: rapidocr is missing, or the model cannot be loaded.
    """
    path = model_path(task)
    return open_content(read_file(path), path, threads)


def read_file(path: Path) -> bytes:
    """What a model file of RapidOCR's holds. Raises `WeightsError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def open_content(content: bytes, path: Path, threads: int = 0) -> onnxruntime.InferenceSession:
    """A session of what the model file `path` holds. Raises `WeightsError`."""
    try:
        graph = without_subnormals(content)
    except ValueError as error:
        raise _unreadable(path, error) from error
    return open_session(path, threads, graph=graph)


def _unreadable(path: Path, error: Exception) -> WeightsError:
    return WeightsError(f"{path} cannot be read: {error}; install rapidocr again, or name another file")


def installed_version() -> str:
    return version("rapidocr")
