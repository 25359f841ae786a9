"""The recognizer: a crop with one formula in, LaTeX out.

>>> from recognizer import Recognizer
>>> Recognizer().read(crop).latex           # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__all__ = ["Reading", "Recognizer"]

if TYPE_CHECKING:
    from recognizer.predict import Recognizer
    from recognizer.reading import Reading


def __getattr__(name: str) -> Any:
    # Resolved on first use, so that the command's help and the training parts need not wait for ONNX Runtime.
    if name in __all__:
        from importlib import import_module

        return getattr(import_module("recognizer.predict"), name)
    raise AttributeError(f"module 'recognizer' has no attribute {name!r}")
