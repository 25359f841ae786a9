"""Languages of prose: which letters each has, so that a reader can be held to them, or told to be the wrong one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from pathlib import Path

from scanpage.errors import UsageError

_OBSOLETE = "ゐゑヰヱ"
_KANA = "".join(char for char in map(chr, [*range(0x3041, 0x3094), *range(0x30A1, 0x30F7)]) if char not in _OBSOLETE)
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюя"
LETTERS = {
    "ca": "àçéèíïóòúü", "cs": "áčďéěíňóřšťúůýž", "da": "åæøé", "de": "äöüß", "en": "", "eo": "ĉĝĥĵŝŭ", "es": "áéíñóúü",
    "et": "äõöüšž", "fi": "äåöšž", "fr": "àâæçéèêëîïôœùûüÿ", "hr": "čćđšž", "hu": "áéíóöőúüű", "id": "",
    "is": "áæéíðóöþúý", "it": "àèéìîòóù", "ja": _KANA + "日本語数学", "la": "āēīōū", "lt": "ąčęėįšųūž",
    "lv": "āčēģīķļņšūž", "nl": "áäéèëïíóöúü", "no": "åæøéòô", "pl": "ąćęłńóśźż", "pt": "áâãàçéêíóôõúü",
    "ro": "ăâîșț", "sk": "áäčďéíĺľňóôŕšťúýž", "sl": "čšž", "sq": "çë", "sv": "åäöé", "tr": "âçğıİîöşüû",
    "zh": "数学中文的一是不了在有",
    # The model that ships lacks letters of these.
    "ar": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "bg": _CYRILLIC + "ъ", "el": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
    "he": "אבגדהוזחטיכלמנסעפצקרשת",
    "hi": "अआइईउऊएऐओऔकखगघचछजझटठडढतथदधनपफबभमयरलवशषसह", "ko": "가나다라마바사아자차카타파하",
    "ru": _CYRILLIC + "ёъыэ", "th": "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวศษสหอฮ", "uk": _CYRILLIC + "ґєії",
    "vi": "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ",
}  # fmt: skip
"""By ISO 639-1 code what a language needs beyond a to z; of Chinese and Japanese a few signs that stand for all."""
MODEL_SUFFIX = ".onnx"
_SHOWN = 8


def check_lang(lang: str) -> None:
    """Raise `UsageError` if `lang` is neither a language of the table nor the name of a model."""
    if lang not in LETTERS and Path(lang).suffix.lower() != MODEL_SUFFIX:
        raise UsageError(
            f"--lang {lang!r} is not known: it is one of {', '.join(sorted(LETTERS))}, or a recognition model of "
            f"RapidOCR's, FILE{MODEL_SUFFIX}"
        )


def require_letters(lang: str, characters: Iterable[str]) -> None:
    """Raise `UsageError` if a model that knows `characters` cannot read the language."""
    known = set(characters)
    missing = missing_letters(lang, known)
    if missing:
        readable = ", ".join(code for code in sorted(LETTERS) if not missing_letters(code, known))
        shown = " ".join(missing[:_SHOWN]) + (" …" if len(missing) > _SHOWN else "")
        raise UsageError(
            f"--lang {lang} needs letters that the prose model does not know ({shown}): it reads {readable}; for "
            f"others name a recognition model of RapidOCR's that does, --lang FILE{MODEL_SUFFIX}"
        )


def missing_letters(lang: str, known: set[str]) -> list[str]:
    """What the language needs and is not among `known`."""
    return [letter for letter in LETTERS[lang] if letter not in known]


def belongs(char: str, lang: str) -> bool:
    """Whether a character may stand in prose of the language: its letters, Greek ones, digits and all other signs."""
    if char.isascii() or unicodedata.category(char[0])[0] not in "LM" or "\u0370" <= char[0] < "\u0400":
        return True
    if lang in ("ja", "zh"):
        return not unicodedata.name(char[0], "").startswith(("LATIN", "CYRILLIC", "COPTIC"))
    return char.lower() in LETTERS[lang] or char in LETTERS[lang]
