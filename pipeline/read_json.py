"""Documents from JSON: what `write_json` wrote, of this version or an older one."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pipeline.write_json import FORMAT, VERSION
from scanpage.document import (
    Alternative,
    Block,
    Display,
    DisplayRow,
    Document,
    Figure,
    Formula,
    Page,
    Paragraph,
    Piece,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

T = TypeVar("T")


class FieldError(ValueError):
    """A field is missing, of the wrong type or out of range; the message begins with its path."""


def read_document(path: Path) -> Document:
    """The document that a JSON file holds.

    Raises:
        InputError: the file cannot be read, is no JSON, or not a document; the message names the field.
    """
    try:
        return document_from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist: check the name") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except RecursionError as error:
        raise InputError(f"{path} is no document of scanpage: it is nested too deeply") from error
    except FieldError as error:
        raise InputError(f"{path} is no document of scanpage: {error}") from error
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error


def document_from_json(value: Any) -> Document:
    """The document that `document_to_json` wrote.

    Raises:
        FieldError: another format, another version, or a field is missing, of the wrong type or out of range.
    """
    root = _Field(value, "")
    if root["format"].value != FORMAT:
        raise FieldError(f"format is not {FORMAT!r}")
    if root["version"].value != VERSION:
        raise FieldError(f"version is {root['version'].value!r}, this scanpage reads {VERSION}")
    made_by = root["made_by"]
    versions = Versions(*(made_by[name].text() for name in ("scanpage", "detector", "recognizer", "prose")))
    return Document(tuple(map(_page, root["pages"].items())), versions)


@dataclass(frozen=True, slots=True)
class _Field:
    """A value of the JSON and where it stands: `pages[0].blocks[2]`."""

    value: Any
    path: str

    def __getitem__(self, name: str) -> _Field:
        field = self.get(name)
        if field is None:
            raise FieldError(f"{self._path_of(name)} is missing")
        return field

    def get(self, name: str) -> _Field | None:
        """A member that documents of older versions may lack."""
        members = self._of(dict, "an object")
        return _Field(members[name], self._path_of(name)) if name in members else None

    def items(self) -> Iterator[_Field]:
        for index, item in enumerate(self._of(list, "a list")):
            yield _Field(item, f"{self.path}[{index}]")

    def text(self) -> str:
        return str(self._of(str, "a text"))

    def flag(self) -> bool:
        return bool(self._of(bool, "true or false"))

    def whole(self) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise FieldError(f"{self.path} is not a whole number")
        return self.value

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise FieldError(f"{self.path} is not a number")
        try:
            finite = math.isfinite(self.value)
        except OverflowError:
            finite = False
        if not finite:
            raise FieldError(f"{self.path} is too large a number, or none")
        return self.value

    def numbers(self, count: int) -> list[float]:
        items = [item.number() for item in self.items()]
        if len(items) != count:
            raise FieldError(f"{self.path} has {len(items)} numbers, not {count}")
        return items

    def built(self, make: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What `make` makes of the arguments; what it refuses is told with this field's path."""
        try:
            return make(*arguments, **named)
        except FieldError:
            raise
        except ValueError as error:
            raise FieldError(f"{self.path}: {error}") from error

    def _of(self, kind: type, name: str) -> Any:
        if not isinstance(self.value, kind):
            raise FieldError(f"{self.path or 'the whole'} is not {name}")
        return self.value

    def _path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _page(field: _Field) -> ScannedPage:
    size = field["size_px"]
    sides = [side.whole() for side in size.items()]
    if len(sides) != 2:
        raise FieldError(f"{size.path} is not a width and a height")
    turns = field.get("quarter_turns")
    place = field["source"].text(), field["number"].whole(), *sides, field["dpi"].number()
    page = field.built(Page, *place, 0 if turns is None else turns.whole())
    failure = field["failure"]
    reason = None if failure.value is None else failure.text()
    return field.built(ScannedPage, page, tuple(map(_block, field["blocks"].items())), reason)


def _block(field: _Field) -> Block:
    kind = field["type"].text()
    if kind not in _BLOCKS:
        raise FieldError(f"{field.path}.type is {kind!r}, not one of {', '.join(_BLOCKS)}")
    return _BLOCKS[kind](field)


def _paragraph(field: _Field) -> Paragraph:
    heading = field.get("heading")
    lines = tuple(map(_line, field["lines"].items()))
    return field.built(Paragraph, lines, 0 if heading is None else heading.whole())


def _line(field: _Field) -> TextLine:
    pieces = tuple(map(_piece, field["pieces"].items()))
    letters = (field.get(name) for name in ("letter_px", "stroke_px"))
    sizes = (None if size is None or size.value is None else size.number() for size in letters)
    return field.built(TextLine, _box(field), pieces, field["score"].number(), *sizes)


def _piece(field: _Field) -> Piece:
    text = field.get("text")
    return _formula(field) if text is None else text.text()


def _display(field: _Field) -> Display:
    return field.built(Display, tuple(map(_row, field["rows"].items())))


def _row(field: _Field) -> DisplayRow:
    tag = field["tag"]
    formulas = tuple(map(_formula, field["formulas"].items()))
    return field.built(DisplayRow, formulas, None if tag.value is None else tag.text())


def _figure(field: _Field) -> Figure:
    jpeg = field["jpeg"]
    try:
        picture = base64.b64decode(jpeg.text(), validate=True)
    except ValueError as error:
        raise FieldError(f"{jpeg.path} is not base64") from error
    return field.built(Figure, _box(field), picture)


_BLOCKS: dict[str, Callable[[_Field], Block]] = {"paragraph": _paragraph, "display": _display, "figure": _figure}


def _formula(field: _Field) -> Formula:
    kind = field["kind"].built(RegionKind, field["kind"].text())
    region = field.built(Region, _box(field), kind, field["detection_score"].number())
    # Documents of older versions have neither.
    others, check = field.get("alternatives"), field.get("check")
    return field.built(
        Formula,
        region,
        field["latex"].text(),
        field["score"].number(),
        () if others is None else tuple(map(_alternative, others.items())),
        check=check is not None and check.flag(),
    )


def _alternative(field: _Field) -> Alternative:
    return field.built(Alternative, field["latex"].text(), field["score"].number())


def _box(field: _Field) -> Box:
    return field.built(Box, *field["box_px"].numbers(4))
