"""Make `notes.pdf`, a scan of one printed and one handwritten page, from the text in `notes_text.py`."""

from __future__ import annotations

from notes_text import DISPLAYS, INLINES

__all__ = ["DISPLAYS", "INLINES"]
