"""scanpage: pages of mathematics in, a LaTeX document that compiles out.

>>> from scanpage import scan
>>> document = scan(["notes.pdf"])          # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["__version__", "scan"]

if TYPE_CHECKING:
    from pipeline.scan import scan


def __getattr__(name: str) -> Any:
    # Resolved on first use, so that `import scanpage` stays instant and the vocabulary imports no stage.
    if name == "scan":
        from importlib import import_module

        return import_module("pipeline.scan").scan
    raise AttributeError(f"module 'scanpage' has no attribute {name!r}")
