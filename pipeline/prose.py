"""Prose around the formulas, read by the models that RapidOCR ships; formulas are painted over and put back after."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.layer_agreement import TextLayerError, require_agreement, spot_checks, trusted
from pipeline.line_reader import LineReader
from pipeline.order import gutters, overlap_share, parted
from pipeline.regions import crop, share_inside
from pipeline.text_layer import Run, TextLayer, runs
from pipeline.text_lines import TextLineFinder
from scanpage.document import Formula, Piece, TextLine
from scanpage.geometry import Box
from scanpage.rapidocr_models import installed_version
from scanpage.region import RegionKind

log = logging.getLogger(__name__)

MIN_SCORE = 0.5
"""What is read with less confidence is mostly no text: on 60 pages of hand 12 scribbles, rings and rules, 3 columns of
labels found as one line, and a line and two labels that are lost so; `-v` names them."""
FRAME_PX = 5
"""Width of the frame around a formula that shows the colour of its paper."""
MIN_PIECE_SHARE = 0.25
"""Pieces of a line narrower than this share of its height hold no text."""
MIN_LETTERS = 3
"""Fewer say nothing of the size of their line's letters."""
ASCENDERS = 85
"""This percentile of the heights of a line's letters is that of its capitals and ascenders, a quarter of them all."""
LINE_MARGIN = 0.15
"""Boxes of lines that are found reach so far beyond their letters, in the letters' heights; others shall be alike."""
SURE = 0.8
"""Readings of more confidence may speak against a text layer."""
SAME_LINE_SHARE = 0.5
MAX_GAP_HEIGHTS = 1.5
"""Pieces on one baseline belong to one line up to this gap, in line heights; wider gaps part columns."""


@dataclass(frozen=True, slots=True)
class Letters:
    """Height of the tall letters of a line, and thickness of its strokes, in pixels."""

    height_px: float
    stroke_px: float


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A stretch of recognised text, in page pixels, with its confidence in [0, 1].

    Attributes:
        ends: heights of the middles of its left and right end, and its thickness; None for a level one.
        letters: what they look like, None where there are too few.
    """

    box: Box
    text: str
    score: float
    ends: tuple[float, float, float] | None = None
    letters: Letters | None = None


class RapidProse:
    """RapidOCR's text detector and recognizer, from the files inside its package: nothing is ever downloaded.

    Args:
        threads: threads of the inference engine, 0 for its own choice.
        lang: a language of `pipeline.languages`, whose letters alone are read then; or the file of another recognition
            model, ONNX that names its characters; None for all letters that the shipped model knows.

    Raises:
        WeightsError: the installed rapidocr holds no models, or the named one cannot be used.
        UsageError: the shipped model lacks letters of the language.
    """

    def __init__(self, threads: int = 0, *, lang: str | None = None) -> None:
        self._finder = TextLineFinder(threads)
        self._reader = LineReader(threads, lang=lang)
        self.version = f"rapidocr {installed_version()}" + ("" if lang is None else f" ({self._reader.identity})")

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: TextLayer | None = None) -> list[TextLine]:
        """Lines of prose on a page, with the inline formulas put back where they stand.

        Args:
            image: the page, uint8 RGB `[H, W, 3]`.
            formulas: what was read on it; isolated ones are left out, every inline one ends up in exactly one line.
            layer: the text layer of the page, in its pixels. Where it can be trusted, prose comes of it, and only what
                it does not tell of is read.
        """
        boxes = [formula.box for formula in formulas]
        inline = [formula for formula in formulas if formula.region.kind is RegionKind.INLINE]
        isolated = [formula.box for formula in formulas if formula.region.kind is RegionKind.ISOLATED]
        masked = paint_over(image, boxes)
        quads = [quad for quad in self._finder.stretches(masked) if not _mostly_inside(_box_of(quad), isolated)]
        holes = [formula.box for formula in inline]
        between = gutters([*map(_box_of, quads), *isolated])
        pieces: list[TextPiece] = []
        if layer is not None:
            try:
                told, covered = self._trusted(layer, image, quads, formulas)
                pieces = [_told_piece(run, masked) for run in runs(told, holes, gutters=between)]
            except TextLayerError as reason:
                log.debug("%s: text layer not used: %s", layer.name, reason)
            except Exception as error:  # a bug costs the layer, not the page, but must not hide
                log.warning("%r: text layer not used, judging it failed: %r (please report it)", layer.name, error)
                log.debug("%s", layer.name, exc_info=error)
            else:
                quads = [quad for quad, is_covered in zip(quads, covered, strict=True) if not is_covered]
        parts = [part for quad in quads for part in split_at(quad, holes)]
        pieces += self._recognise(masked, parts)
        return join_lines(pieces, inline, gutters=between)

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        """What each box says if it holds one line of text, and the confidence in [0, 1]; image as for `read`."""
        return self._reader.read([crop(image, box) for box in boxes])

    def _trusted(
        self, layer: TextLayer, image: np.ndarray, quads: Sequence[np.ndarray], formulas: Sequence[Formula]
    ) -> tuple[TextLayer, list[bool]]:
        """What of a layer is prose, and which lines it tells of. Raises `TextLayerError` where it does not agree."""
        told, covered = trusted(layer, image, list(map(_box_of, quads)), [formula.box for formula in formulas])
        samples = spot_checks(runs(told, [formula.box for formula in formulas]))
        seen = self.glance(image, [run.box for run in samples])
        sure = [(run.text, text) for run, (text, score) in zip(samples, seen, strict=True) if score >= SURE]
        require_agreement(sure, self._reader.characters)
        return told, covered

    def _recognise(self, image: np.ndarray, quads: Sequence[np.ndarray]) -> list[TextPiece]:
        cuts = [straightened(image, quad) for quad in quads]
        pieces = []
        for quad, cut, (text, score) in zip(quads, cuts, self._reader.read(cuts), strict=True):
            if text and score >= MIN_SCORE:
                pieces.append(TextPiece(_box_of(quad), text, score, _ends(quad), letters_of(cut)))
            else:
                log.debug("left out as no text: %r (%.2f) at %s", text, score, _box_of(quad).pixels())
        return pieces


def _told_piece(run: Run, image: np.ndarray) -> TextPiece:
    """A run of a text layer with what the picture shows of its letters."""
    return TextPiece(
        run.box.padded(LINE_MARGIN * run.box.height), run.text, 1.0, None, letters_of(crop(image, run.box))
    )


def paint_over(image: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """A copy of `image` with `boxes` in the colour of the paper around each."""
    painted = image.copy()
    height, width = image.shape[:2]
    for box in boxes:
        x0, y0, x1, y1 = box.padded(1).clipped(width, height).pixels()
        left, top, right, bottom = box.padded(FRAME_PX).clipped(width, height).pixels()
        strips = (
            image[top:y0, left:right],
            image[y1:bottom, left:right],
            image[y0:y1, left:x0],
            image[y0:y1, x1:right],
        )
        frame = np.concatenate([strip.reshape(-1, 3) for strip in strips])
        if frame.size:
            # Paper is what is bright and common: the median of the brighter half.
            brightness = frame.sum(1, dtype=np.int32)
            painted[y0:y1, x0:x1] = np.median(frame[brightness >= np.median(brightness)], axis=0)
    return painted


def straightened(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """The pixels within corners `[4, 2]` (clockwise from the top left) as an upright picture `[h, w, 3]`."""
    width = max(1, round(float(max(np.linalg.norm(quad[1] - quad[0]), np.linalg.norm(quad[2] - quad[3])))))
    height = max(1, round(float(max(np.linalg.norm(quad[3] - quad[0]), np.linalg.norm(quad[2] - quad[1])))))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    transform = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    return np.asarray(
        cv2.warpPerspective(image, transform, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    )


def letters_of(crop: np.ndarray) -> Letters | None:
    """What the letters of a line look like, uint8 RGB `[h, w, 3]`; None where it holds hardly any.

    Strokes are long and thin, so that their thickness is twice their area over the length of their outlines. That is
    four over pi times shorter than the number of edges between pixels of ink and paper, on average over directions.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, labels, blobs, _ = cv2.connectedComponentsWithStats(ink)
    is_letter = blobs[:, cv2.CC_STAT_HEIGHT] > crop.shape[0] / 5
    is_letter[0] = False  # the paper
    if np.count_nonzero(is_letter) < MIN_LETTERS:
        return None
    height = np.percentile(blobs[is_letter, cv2.CC_STAT_HEIGHT], ASCENDERS)
    letters = is_letter[labels]
    edges = np.count_nonzero(letters[1:] != letters[:-1]) + np.count_nonzero(letters[:, 1:] != letters[:, :-1])
    return Letters(float(height), float(2 * np.count_nonzero(letters) / max(1.0, np.pi / 4 * edges)))


def split_at(quad: np.ndarray, holes: Sequence[Box]) -> list[np.ndarray]:
    """The parts of a text line, as corners `[4, 2]`, that lie beside the inline formulas cut out of it."""
    line = _box_of(quad)
    if line.width <= 0:
        return []
    cuts = sorted(
        ((hole.x0 - line.x0) / line.width, (hole.x1 - line.x0) / line.width)
        for hole in holes
        if _on_line(hole, quad) and hole.x1 > line.x0 and hole.x0 < line.x1
    )
    parts: list[np.ndarray] = []
    start = 0.0
    for left, right in [*cuts, (1.0, 1.0)]:
        if (left - start) * line.width >= MIN_PIECE_SHARE * _height_of(quad):
            parts.append(_stretch(quad, start, left))
        start = max(start, right)
    return parts


def _stretch(quad: np.ndarray, start: float, end: float) -> np.ndarray:
    """The part of a quad between two shares of its length."""
    top, bottom = quad[1] - quad[0], quad[2] - quad[3]
    return np.stack([quad[0] + start * top, quad[0] + end * top, quad[3] + end * bottom, quad[3] + start * bottom])


def _on_line(hole: Box, quad: np.ndarray) -> bool:
    """Whether the line runs through the formula: its middle at that place is within the formula, or the other way."""
    x, y = hole.center
    line = _box_of(quad)
    share = min(max((x - line.x0) / line.width, 0.0), 1.0)
    top, bottom = (float(a[1] + share * (b[1] - a[1])) for a, b in ((quad[0], quad[1]), (quad[3], quad[2])))
    return top <= y <= bottom or hole.y0 <= (top + bottom) / 2 <= hole.y1


def join_lines(
    pieces: Sequence[TextPiece], inline: Sequence[Formula], *, gutters: Sequence[float] = ()
) -> list[TextLine]:
    """Text and inline formulas on one baseline joined into lines, from left to right, but not across gutters (x).

    Each piece and each formula is in exactly one line.
    """
    members: list[TextPiece | Formula] = sorted([*pieces, *inline], key=lambda member: member.box.x0)
    lines: list[list[TextPiece | Formula]] = []
    for member in members:
        nearest = min(
            (line for line in lines if _continues(line, member) and not _across(line[-1].box, member.box, gutters)),
            key=lambda line: member.box.x0 - line[-1].box.x1,
            default=None,
        )
        if nearest is None:
            lines.append([member])
        else:
            nearest.append(member)
    return [_line(line) for line in sorted(lines, key=lambda line: Box.around(m.box for m in line).y0)]


def _continues(line: Sequence[TextPiece | Formula], member: TextPiece | Formula) -> bool:
    # Lines may slope, so what counts is the height where they would meet.
    last, following = _end(line[-1], left=False), _end(member, left=True)
    height = (min if isinstance(member, TextPiece) else max)(last.height, following.height)
    gap = following.x0 - last.x1
    if not -0.5 * height <= gap <= MAX_GAP_HEIGHTS * height:
        return False
    return overlap_share(last, following) >= SAME_LINE_SHARE


def _end(member: TextPiece | Formula, *, left: bool) -> Box:
    """The box of a member as thick and as high up as it is at one of its ends."""
    if not isinstance(member, TextPiece) or member.ends is None:
        return member.box
    at_left, at_right, thickness = member.ends
    middle = at_left if left else at_right
    return Box(member.box.x0, middle - thickness / 2, member.box.x1, middle + thickness / 2)


def _across(left: Box, right: Box, gutters: Sequence[float]) -> bool:
    return parted(left.center[0], right.center[0], gutters)


def _line(members: Sequence[TextPiece | Formula]) -> TextLine:
    pieces: list[Piece] = []
    for member in members:
        if isinstance(member, Formula):
            pieces.append(member)
        elif pieces and isinstance(pieces[-1], str):
            pieces[-1] = f"{pieces[-1]} {member.text}"
        else:
            pieces.append(member.text)
    texts = [member for member in members if isinstance(member, TextPiece)]
    longest = max(texts, key=lambda piece: len(piece.text), default=None)
    score = min((piece.score for piece in texts), default=1.0)
    box = Box.around(member.box for member in members)
    letters = None if longest is None else longest.letters
    sizes = (None, None) if letters is None else (letters.height_px, letters.stroke_px)
    return TextLine(box, tuple(pieces), score, *sizes)


def _mostly_inside(box: Box, others: Sequence[Box]) -> bool:
    return any(share_inside(box, other) > 0.6 for other in others)


def _box_of(quad: np.ndarray) -> Box:
    (x0, y0), (x1, y1) = quad.min(axis=0), quad.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))


def _ends(quad: np.ndarray) -> tuple[float, float, float]:
    return float(quad[[0, 3], 1].mean()), float(quad[[1, 2], 1].mean()), _height_of(quad)


def _height_of(quad: np.ndarray) -> float:
    return float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1])) / 2
