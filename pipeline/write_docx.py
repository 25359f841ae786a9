"""A `Document` for Word: pandoc makes it of the Markdown, whose formulas become equations of Word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline.outputs import MADE_BY
from pipeline.prose_tex import clean
from pipeline.write_markdown import document_to_markdown
from scanpage.document import Document
from scanpage.errors import OutputError

_READS = "gfm+tex_math_dollars-emoji-yaml_metadata_block-autolink_bare_uris-footnotes"
LIMIT_S = 600.0


def require_pandoc() -> str:
    """Where pandoc is. Raises `OutputError` where it is not installed."""
    program = shutil.which("pandoc")
    if program is None:
        raise OutputError(
            "cannot write .docx: it needs pandoc, which is not installed (Debian: apt install pandoc; others: "
            "https://pandoc.org/installing.html); .html, .md and .tex do without"
        )
    return program


def document_to_docx(document: Document) -> bytes:
    """The whole `.docx` file.

    Raises:
        OutputError: pandoc is not installed, or fails.
    """
    made_by = f"{MADE_BY} {clean(document.versions.scanpage)}"
    command = [require_pandoc(), "--from", _READS, "--to", "docx", "--output", "-"]
    command += ["--metadata", f"description={made_by}"]
    try:
        with TemporaryDirectory(prefix="scanpage-") as folder:
            for figure in document.figures:
                (Path(folder) / figure.name).write_bytes(figure.jpeg)
            source = document_to_markdown(document, folder).encode("utf-8")
            done = subprocess.run(command, input=source, capture_output=True, timeout=LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OutputError(f"cannot write .docx: pandoc did not run: {error}") from error
    if done.returncode != 0:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise OutputError(f"cannot write .docx: pandoc said: {said or done.returncode}; try .html, .md or .tex")
    return done.stdout
