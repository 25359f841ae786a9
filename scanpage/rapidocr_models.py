"""The models inside the installed rapidocr package: nothing is ever downloaded.

Prose is read with them, and training starts from their weights.
"""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from scanpage.errors import WeightsError
from scanpage.weights import open_session


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


def require_characters(path: Path) -> None:
    """Raise `WeightsError` unless `path` is a model of RapidOCR's that reads text and names its characters itself.

    One that does not would make RapidOCR look for them on the network.
    """
    if not path.is_file():
        raise WeightsError(f"{path} does not exist: name a recognition model of RapidOCR's, an .onnx file")
    if "character" not in open_session(path).get_modelmeta().custom_metadata_map:
        raise WeightsError(f"{path} does not say which characters it reads: take the ONNX models that RapidOCR offers")


def installed_version() -> str:
    return version("rapidocr")
