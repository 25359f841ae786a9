"""A sheet of paper that is written on, then laid crookedly on a scanner: the truth moves with the pixels."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from scanpage.geometry import Box

DPI = 170
WIDTH_PX, HEIGHT_PX = round(8.27 * DPI), round(11.69 * DPI)  # A4
OVERSAMPLING = 2  # ink is drawn this much finer than it is scanned, so that thin strokes keep their shape


@dataclass(frozen=True, slots=True)
class Truth:
    """A formula of the page. `box` is in pixels of the scan once the sheet is scanned."""

    kind: str
    latex: str
    box: Box


@dataclass(frozen=True, slots=True)
class Extent:
    """How far ink reaches from its origin on the baseline, in fine pixels."""

    width: float
    ascent: float
    descent: float


class Sheet:
    """Ink and truth of one page, in fine pixels: `OVERSAMPLING` times those of the scan.

    Attributes:
        ink: `(H, W)` float32 in [0, 1], how much of each pixel is covered.
        owner: `(H, W)` uint8, 1 + the index of the formula that the ink belongs to, 0 for none.
    """

    def __init__(self) -> None:
        shape = (HEIGHT_PX * OVERSAMPLING, WIDTH_PX * OVERSAMPLING)
        self.ink: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.owner: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self._formulas: list[tuple[str, str]] = []

    def new_formula(self, kind: str, latex: str) -> int:
        """Announce a formula; stamp its ink with the number that is returned."""
        self._formulas.append((kind, latex))
        return len(self._formulas)

    def stamp(self, alpha: NDArray[np.uint8], x: float, y: float, owner: int = 0) -> None:
        """Lay the ink `alpha`, `(h, w)` in [0, 255], with its top left corner at (x, y)."""
        top, left = round(y), round(x)
        area = np.s_[top : top + alpha.shape[0], left : left + alpha.shape[1]]
        self.ink[area] = np.maximum(self.ink[area], alpha.astype(np.float32) / 255)
        self.owner[area][alpha > 80] = owner

    def stroke(self, points: NDArray[np.float64], width: float, owner: int = 0) -> None:
        """Draw a pen line through `points`, `(n, 2)` as x, y."""
        left, top = np.floor(points.min(0) - width).astype(int)
        right, bottom = np.ceil(points.max(0) + width).astype(int)
        alpha = np.zeros((bottom - top, right - left), np.uint8)
        # OpenCV takes fixed-point coordinates: 4 fractional bits keep slow curves smooth.
        fixed = np.round((points - (left, top)) * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(alpha, [fixed], False, 255, max(1, round(width)), cv2.LINE_AA, 4)
        self.stamp(alpha, left, top, owner)

    def scanned(
        self,
        rng: np.random.Generator,
        *,
        wobble_px: float,
        angle_deg: float,
        paper: NDArray[np.float32],
        ink_rgb: tuple[int, int, int],
    ) -> tuple[Image.Image, list[Truth]]:
        """The sheet as a scanner sees it.

        Args:
            rng: source of all noise.
            wobble_px: how far the hand strays from the drawn shapes, in scan pixels; 0 for print.
            angle_deg: how crookedly the sheet lies.
            paper: `(HEIGHT_PX, WIDTH_PX, 3)` in [0, 1], the empty sheet with its lines.
            ink_rgb: colour of the ink.
        """
        map_x, map_y = self._displacement(rng, wobble_px)
        ink = cv2.remap(self.ink, map_x, map_y, cv2.INTER_LINEAR)
        owner = cv2.remap(self.owner, map_x, map_y, cv2.INTER_NEAREST)
        turn = cv2.getRotationMatrix2D((ink.shape[1] / 2, ink.shape[0] / 2), angle_deg, 1.0)
        ink = cv2.warpAffine(ink, turn, ink.shape[::-1], flags=cv2.INTER_LINEAR)
        owner = cv2.warpAffine(owner, turn, ink.shape[::-1], flags=cv2.INTER_NEAREST)
        turn[:, 2] /= OVERSAMPLING
        sheet = cv2.warpAffine(paper, turn, (WIDTH_PX, HEIGHT_PX), borderMode=cv2.BORDER_REPLICATE)
        small = cv2.resize(ink, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_AREA)
        pressure = 1 - 0.25 * smooth_noise(rng, (HEIGHT_PX, WIDTH_PX), 25)
        cover = (small * pressure)[..., None]
        page = sheet * (1 - cover) + cover * (np.array(ink_rgb, np.float32) / 255)
        return Image.fromarray(sensor(rng, page)), self._truth(owner)

    def _displacement(
        self, rng: np.random.Generator, wobble_px: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        height, width = self.ink.shape
        x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        amount = 2 * wobble_px * OVERSAMPLING
        for grain in (14, 90):  # the shake within a letter, and the drift along a line
            x += amount * (smooth_noise(rng, (height, width), grain * OVERSAMPLING) - 0.5)
            y += amount * (smooth_noise(rng, (height, width), grain * OVERSAMPLING) - 0.5)
        return x, y

    def _truth(self, owner: NDArray[np.uint8]) -> list[Truth]:
        truths = []
        for index, (kind, latex) in enumerate(self._formulas, 1):
            rows, columns = np.nonzero(owner == index)
            box = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1).scaled(1 / OVERSAMPLING)
            truths.append(Truth(kind, latex, box))
        return truths


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], grain: float) -> NDArray[np.float32]:
    """`shape` float32 in [0, 1] that changes over about `grain` pixels."""
    coarse = rng.random((int(shape[0] / grain) + 3, int(shape[1] / grain) + 3), np.float32)
    return np.clip(cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC), 0, 1)


def sensor(rng: np.random.Generator, page: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Lamp, lens and sensor of the scanner: `page` in [0, 1] to uint8."""
    height, width = page.shape[:2]
    lamp = 1 - 0.05 * smooth_noise(rng, (height, width), 700)
    lamp *= (1 - 0.10 * np.linspace(1, 0, width) ** 8).astype(np.float32)  # the spine's shadow on the left
    blurred = cv2.GaussianBlur(page, (0, 0), 0.7) * lamp[..., None]
    noise = rng.normal(0, 0.012, (height, width, 1)).astype(np.float32)
    return (np.clip(blurred + noise, 0, 1) * 255).astype(np.uint8)
