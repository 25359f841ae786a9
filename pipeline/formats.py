"""The formats of documents, and which one a result gets."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path

from scanpage.document import Document
from scanpage.errors import UsageError

Writer = Callable[[Document, str], bytes]
"""Makes the file of a document; pictures that it does not hold itself lie in the folder that is named."""


class Format(Enum):
    """What documents are written as, by the ending of the file."""

    TEX = "tex"
    MARKDOWN = "md"
    HTML = "html"
    JSON = "json"
    DOCX = "docx"

    @property
    def ending(self) -> str:
        return f".{self.value}"

    @property
    def holds_figures(self) -> bool:
        """Whether pictures are in the file itself."""
        return self not in (Format.TEX, Format.MARKDOWN)

    @staticmethod
    def of(path: Path) -> Format:
        """The format that a file's ending names. Raises `UsageError`."""
        for kind in Format:
            if path.suffix.lower() == kind.ending:
                return kind
        endings = ", ".join(kind.ending for kind in Format)
        raise UsageError(f"{path} has no ending that names a format: choose one of {endings}, or the format by --to")


def writer(kind: Format, *, fragment: bool = False, template: Path | None = None) -> Writer:
    """What writes documents in a format; finds out what is missing for it before the long work.

    Args:
        kind: the format.
        fragment: LaTeX to be read into another document, instead of a whole one.
        template: a LaTeX file with slots for the parts of the document.

    Raises:
        UsageError: a fragment or a template where the format is not LaTeX, or a template without the slot for the body.
        InputError: the template cannot be read.
        OutputError: the format needs pandoc, which is not installed.
    """
    if (fragment or template is not None) and kind is not Format.TEX:
        raise UsageError(f"--fragment and --template are for .tex, not for {kind.ending}")
    if kind is Format.TEX:
        return _tex(fragment, template)
    if kind is Format.MARKDOWN:
        from pipeline.write_markdown import document_to_markdown

        return lambda document, figures: document_to_markdown(document, figures).encode("utf-8")
    if kind is Format.HTML:
        from pipeline.write_html import document_to_html

        return lambda document, _: document_to_html(document).encode("utf-8")
    if kind is Format.JSON:
        from pipeline.write_json import json_text

        return lambda document, _: json_text(document).encode("utf-8")
    from pipeline.write_docx import document_to_docx, require_pandoc

    require_pandoc()
    return lambda document, _: document_to_docx(document)


def _tex(fragment: bool, template: Path | None) -> Writer:
    from pipeline import write_tex

    if template is not None:
        slots = write_tex.Template.read(template)
        return lambda document, figures: slots.filled(document, figures).encode("utf-8")
    write = write_tex.document_to_fragment if fragment else write_tex.document_to_tex
    return lambda document, figures: write(document, figures).encode("utf-8")
