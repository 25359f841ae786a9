"""Prose: words that mean little, and the fonts that they are set in."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scanpage.errors import InputError
from synth.sheet import Pixels

ENGLISH = """the of and a to in is that it for as we with on are be by this from or an at which can has have not
one all its let if then so such each any there exists where when given find show prove solve compute determine
evaluate write draw using use between over under into more than only two three four first second next last same
other line point circle triangle square angle radius area length height volume speed time distance mass force
energy function value number real integer prime even odd sum product limit derivative integral equation system
matrix vector space field group ring set map graph curve surface domain range bounded continuous linear positive
negative zero constant variable solution root degree order term series sequence converges theorem lemma proof
definition example remark corollary hence therefore since because follows assume suppose obtain we see note that
case holds every some above below left right method result problem question answer exercise model data error rate
probability event random mean variance sample temperature pressure current voltage wave light heat particle motion
law small large long short table figure section Calculate Notice Recall Consider Define Simplify Question Answer
Express Expand Factor Today Lecture Chapter Homework cannot would should could many most often never always after
before during water school student teacher train car fixed chosen equal parallel unique finite infinite empty whole
common simple direct general following previous"""
PORTUGUESE = """a o de que e em um uma para com não os as dos das se por mais como ao na no calcule encontre
resolva determine simplifique desigualdade equação sistema raízes função derivada comprimento hipotenusa triângulo
retângulo catetos área círculo raio probabilidade evento ocorrer qual então logo temos solução expressão fração
número inteiro valor questão exercício prova lista resposta teorema portanto gráfico reta ângulo médio três você
também até há são está será onde quando cada seja dado"""
GERMAN = """der die das und ist nicht mit für auf ein eine einer von zu im den dem sei gilt also daher Lösung
Gleichung Aufgabe Beweis Satz Funktion Menge Zahl über größer für alle Länge Fläche Höhe Würfel berechne zeige
gegeben wählen während können müssen natürlich Übung Strecke Winkel Dreieck Kreis"""
VIETNAMESE = """của và là có cho các một trong với không được bài toán giải phương trình hàm số tính chất phân thức
biểu đa thức rút gọn liên quan lý thuyết kiến quan trọng cần nhớ hằng đẳng đáng những tìm giá trị lớn nhất điểm
đường thẳng tam giác vuông góc chứng minh rằng"""
LANGUAGES = {"en": ENGLISH, "pt": PORTUGUESE, "de": GERMAN, "vi": VIETNAMESE}
LANGUAGE_ODDS = {"en": 0.68, "pt": 0.16, "de": 0.06, "vi": 0.1}
CLUSTERS = ["br", "ch", "cl", "cr", "dr", "fl", "gr", "ph", "pl", "pr", "qu", "sh", "sl", "sp", "st", "th", "tr"]
ONSETS = [*"bcdfghjklmnprstvwz", *CLUSTERS]
NUCLEI = ["a", "e", "i", "o", "u", "a", "e", "i", "o", "ai", "ea", "ee", "ie", "io", "ou", "oo"]
CODAS = ["", "", "", "n", "r", "s", "t", "l", "m", "nd", "ng", "st", "rt", "ck", "ss"]

# What stands in prose beside words, and is no formula.
ASIDES = (
    "(9.1)", "(7.1)", "(12)", "[28]", "[3]", "[16]", "7.4a", "III.3.6.", "2.1", "10%", "3.5%", "2,000", "1990s",
    "i.e.,", "e.g.,", "cf.", "(e)", "(a)", "(weighted)", "(Section", "4.2)", "Fig.", "12b", "No.", "6cm", "25", "0.7,",
    "state-of-the-art", "p.", "pp.", "Eq.", "2nd",
)  # fmt: skip
# Made-up words keep a detector from learning the word list instead of what prose looks like.
PSEUDO_SHARE = 0.15
DIGIT_SHARE = 0.02
ASIDE_SHARE = 0.03
CAPITAL_SHARE = 0.04
COMMA_SHARE = 0.07


def pseudo_word(rng: np.random.Generator) -> str:
    """A word that could be one, of one to three syllables."""
    parts = [
        f"{ONSETS[rng.integers(len(ONSETS))]}{NUCLEI[rng.integers(len(NUCLEI))]}{CODAS[rng.integers(len(CODAS))]}"
        for _ in range(int(rng.integers(1, 4)))
    ]
    return "".join(parts)


@dataclass(frozen=True, slots=True)
class Prose:
    """A source of words: `text` read in order from a random place where given, else random words of `vocabulary`."""

    vocabulary: tuple[str, ...]
    text: tuple[str, ...] = ()

    @staticmethod
    def of_page(rng: np.random.Generator, text: tuple[str, ...] = ()) -> Prose:
        """The prose of one page, in one language."""
        names = list(LANGUAGES)
        name = names[int(rng.choice(len(names), p=[LANGUAGE_ODDS[n] for n in names]))]
        return Prose(tuple(LANGUAGES[name].split()), text)

    def prints_in(self, font: str) -> bool:
        """Whether a font has the accents of these words."""
        accented = [word for word in (*self.vocabulary, *self.text[:50]) if not word.isascii()]
        face = Face(font, 20)
        return all(face.printable(word) == word for word in accented)

    def words(self, rng: np.random.Generator, count: int) -> list[str]:
        """`count` words with commas, beginning with a capital, ending with a full stop, colon or question mark."""
        if self.text:
            start = int(rng.integers(len(self.text)))
            return [self.text[(start + k) % len(self.text)] for k in range(count)]
        words = [self._word(rng) for _ in range(count)]
        for k in np.flatnonzero(rng.random(count) < COMMA_SHARE):
            words[k] += ","
        words[0] = words[0][:1].upper() + words[0][1:]
        words[-1] = words[-1].rstrip(",") + ".....:?;"[int(rng.integers(8))]
        return words

    def _word(self, rng: np.random.Generator) -> str:
        draw = rng.random()
        if draw < PSEUDO_SHARE:
            return pseudo_word(rng)
        if draw < PSEUDO_SHARE + DIGIT_SHARE:
            return str(rng.integers(1, 2030))
        if draw < PSEUDO_SHARE + DIGIT_SHARE + ASIDE_SHARE:
            return ASIDES[int(rng.integers(len(ASIDES)))]
        word = self.vocabulary[int(rng.integers(len(self.vocabulary)))]
        return word.capitalize() if rng.random() < CAPITAL_SHARE else word


def read_text(path: Path) -> tuple[str, ...]:
    """Words of a UTF-8 text file.

    Raises:
        InputError: the file cannot be read, or holds no word.
    """
    try:
        words = tuple(path.read_text("utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the text {path}: {error}; give a UTF-8 text file") from error
    if not words:
        raise InputError(f"the text {path} holds no words; give a UTF-8 text file with some")
    return words


# The names that matplotlib's fonts go by in italics and in bold.
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "cmr10": {"italic": "cmti10", "bold": "cmb10"},
    "STIXGeneral": {"italic": "STIXGeneralItalic", "bold": "STIXGeneralBol"},
    "DejaVuSerif": {"italic": "DejaVuSerif-Italic", "bold": "DejaVuSerif-Bold"},
    "DejaVuSans": {"italic": "DejaVuSans-Oblique", "bold": "DejaVuSans-Bold"},
    "cmss10": {"italic": "DejaVuSans-Oblique", "bold": "DejaVuSans-Bold"},
}


@dataclass(frozen=True, slots=True)
class Face:
    """A font at a size in pixels per em."""

    path: str
    size: int

    @property
    def ascent(self) -> int:
        return int(_font(self.path, self.size).getmetrics()[0])

    @property
    def descent(self) -> int:
        return int(_font(self.path, self.size).getmetrics()[1])

    @property
    def space(self) -> float:
        # Measured between letters: some math fonts have no space glyph.
        return 0.28 * self.size

    def variant(self, kind: str) -> Face:
        """This face in `kind` ("italic" or "bold") where the font's folder has that, else this face."""
        path = Path(self.path)
        sibling = path.with_name(f"{VARIANTS.get(path.stem, {}).get(kind, path.stem)}{path.suffix}")
        return Face(str(sibling) if _exists(str(sibling)) else self.path, self.size)

    def width(self, word: str) -> float:
        return _width(self.path, self.size, self.printable(word))

    def printable(self, word: str) -> str:
        """`word` in the characters that the font has: accents are dropped where it lacks them."""
        if word.isascii():
            return word
        plain = (
            unicodedata.normalize("NFKD", word.replace("đ", "d").replace("ß", "ss")).encode("ascii", "ignore").decode()
        )
        return word if all(_has(self.path, character) for character in word) else plain

    def paint(self, words: Sequence[tuple[float, str]], *, wander: Sequence[float] | None = None) -> Strip:
        """Paint words on one baseline.

        Args:
            words: pairs of left edge in pixels (not negative) and word.
            wander: by how many pixels each word leaves the baseline, down.

        Returns:
            The strip, with room around for what overhangs.
        """
        font = _font(self.path, self.size)
        room = self.size // 2
        offsets = wander or [0.0] * len(words)
        right = max(x + self.width(word) for x, word in words)
        height = self.ascent + self.descent + 2 * room
        image = Image.new("L", (int(right) + 1 + 2 * room, height), 0)
        draw = ImageDraw.Draw(image)
        for (x, word), dy in zip(words, offsets, strict=True):
            draw.text((x + room, self.ascent + room + dy), self.printable(word), fill=255, font=font, anchor="ls")
        return Strip(np.asarray(image), room, self.ascent + room)


@dataclass(frozen=True, slots=True)
class Strip:
    """Painted words: `alpha` uint8[h, w], the first word's origin at (`origin_x`, `baseline`) in it."""

    alpha: Pixels
    origin_x: int
    baseline: int


def find_fonts(folder: Path) -> tuple[str, ...]:
    """Fonts in a folder, sorted by name.

    Raises:
        InputError: there is none.
    """
    paths = tuple(str(p) for p in sorted(folder.glob("*")) if p.suffix.lower() in {".ttf", ".otf"})
    if not paths:
        raise InputError(f"no fonts in {folder}: give a folder of .ttf or .otf files")
    for path in paths:
        try:
            ImageFont.truetype(path, 20)
        except OSError as error:
            raise InputError(f"{path} is not a font that FreeType can read; remove it") from error
    return paths


def matplotlib_fonts() -> tuple[str, ...]:
    """Text fonts that matplotlib brings: DejaVu, Computer Modern, STIX."""
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    # Named more than once, what papers and books are mostly set in.
    names = "cmr10 cmr10 cmr10 STIXGeneral STIXGeneral STIXGeneral DejaVuSerif DejaVuSans cmss10 STIXGeneralBol cmti10"
    return tuple(str(folder / f"{name}.ttf") for name in names.split())


@lru_cache(maxsize=512)
def _exists(path: str) -> bool:
    return Path(path).is_file()


@lru_cache(maxsize=512)
def _font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=65536)
def _width(path: str, size: int, word: str) -> float:
    return float(_font(path, size).getlength(word))


@lru_cache(maxsize=8192)
def _has(path: str, character: str) -> bool:
    font = _font(path, 32)
    return bytes(font.getmask(character)) != bytes(font.getmask("\uffff"))
