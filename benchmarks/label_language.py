"""How much of the LaTeX that people write the label language takes, and whether it keeps the picture.

    python benchmarks/label_language.py --display FILE [--crohme FILE] [--im2latex FILE] [--handwriting FILE]
                                        [--count N] [--out FILE] [--pictures DIR]

The first `count` formulas of the display list (`environment TAB body` a line, shuffled) go through `normalise` in their
environment. What it accepts is typeset twice, as written and as canonical LaTeX, and the two pictures are compared sign
by sign (`same_signs.py` says what counts). The original is set in the environment that stands inside formulas for its
own (`align` in `aligned`); commands that the label language leaves out by design are made void or alike beforehand:

- styles and sizes (`\\displaystyle`, `\\small`, `\\tfrac`, `\\dbinom`, `\\cfrac`, `smallmatrix`, `dcases`) do nothing,
  and `\\mbox` has the size of what is around it, as `\\text` has;
- `\\pmb` is `\\boldsymbol`;
- equation numbers and labels (`\\tag`, `\\label`, `\\nonumber`) are not part of a formula.

A formula that changes TeX's settings could spoil those behind it in its run, so what differs is typeset once more
without the others. That the comparison can fail is shown by labels with one token changed: `changed` tells how many of
those pictures it tells from the right ones. The other lists only go through the door.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from provenance import provenance
from same_signs import difference

from scanpage import __version__
from scanpage.document import Versions
from scanpage.latex import Refusal, normalise, repair, to_latex, vocabulary
from synth.formulas import read_formulas
from synth.layout import Failure, Layout
from synth.paint import paint_print
from synth.typeset import typeset

Outcome = Layout | Failure

_VOID = re.compile(
    r"\\(?:(?:display|text|script|scriptscript)style|tiny|scriptsize|footnotesize|small|normalsize|large|Large|LARGE"
    r"|huge|Huge)(?![a-zA-Z])\s*"
)
_ALIKE = {
    "dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom", "mbox": "text",
    "hbox": "text", "pmb": "boldsymbol",
}  # fmt: skip
_NAMED_ALIKE = re.compile(rf"\\({'|'.join(_ALIKE)})(?![a-zA-Z])")
_SMALL = re.compile(r"(\\(?:begin|end)\s*\{)([pbvBV]?)(?:small|d)(?=matrix|cases)")
_NUMBERS = r"\let\nonumber\relax\let\notag\relax\def\label#1{}\def\tag#1{}"
_INNER = {
    "align": "aligned", "flalign": "aligned", "alignat": "alignedat", "eqnarray": "aligned", "gather": "gathered",
    "multline": "gathered",
}  # fmt: skip
_MOST_REASONS = 25
_INKLESS = {"\\quad", "~", "&", "{", "}"}


def original(environment: str, body: str) -> str:
    """What is typeset for a formula as it was written; see the module's docstring."""
    body = _NAMED_ALIKE.sub(lambda match: "\\" + _ALIKE[match[1]], _VOID.sub(" ", body))
    body = re.sub(r"\\tag\s*\*", r"\\tag", _SMALL.sub(r"\1\2", body))
    inner = _INNER.get(environment.rstrip("*"))
    if inner is None:
        return _NUMBERS + body
    first = "" if inner == "alignedat" else r"\relax "  # lest a bracket be taken for an option
    return rf"{_NUMBERS}\begin{{{inner}}}{first}{body}\end{{{inner}}}"


def wild(environment: str, body: str) -> str:
    """A formula in its environment; `disp` stands for `\\[` and its likes."""
    environment = "displaymath" if environment == "disp" else environment
    return rf"\begin{{{environment}}}{body}\end{{{environment}}}"


def door(formulas: Sequence[str]) -> tuple[list[list[str] | str], dict[str, Any]]:
    """Canonical tokens of each formula, or why it is refused, and the counts."""
    start = time.process_time()
    outcomes = [_normalised(formula) for formula in formulas]
    ms = 1000 * (time.process_time() - start) / len(formulas)
    accepted = [tokens for tokens in outcomes if isinstance(tokens, list)]
    return outcomes, {
        "formulas": len(formulas),
        "accepted": len(accepted),
        "accepted_share": round(len(accepted) / len(formulas), 4),
        "changed_by_normalising_again": sum(normalise(to_latex(tokens)) != tokens for tokens in accepted),
        "changed_by_repair": sum(repair(tokens) != tokens for tokens in accepted),
        "ms_per_formula": round(ms, 3),
    }


def _normalised(formula: str) -> list[str] | str:
    try:
        return normalise(formula)
    except Refusal as refusal:
        return str(refusal)


def display(rows: Sequence[tuple[str, str]], pictures: Path | None) -> dict[str, Any]:
    """The door's figures for display formulas, and how many of their pictures it keeps."""
    outcomes, counts = door([wild(*row) for row in rows])
    before = typeset([original(*row) for row in rows])
    known = [i for i, tokens in enumerate(outcomes) if isinstance(tokens, list) and isinstance(before[i], Layout)]
    refused = [reason for i, reason in enumerate(outcomes) if isinstance(reason, str) and isinstance(before[i], Layout)]
    pairs = dict(zip(known, zip([before[i] for i in known], _set(outcomes, known), strict=True), strict=True))
    doubtful = [i for i in known if _differs(*pairs[i])]
    again = zip(typeset([original(*rows[i]) for i in doubtful]), _set(outcomes, doubtful), strict=True)
    pairs |= dict(zip(doubtful, again, strict=True))
    kinds = Counter(_differs(*pairs[i]) or "same" for i in known)
    if pictures:
        _paint(pictures, {i: pairs[i] for i in doubtful if _differs(*pairs[i])})
    known = [i for i in known if isinstance(pairs[i][0], Layout)]
    return counts | {
        "typeset": len(known) + len(refused),
        "accepted_of_typeset": round(len(known) / (len(known) + len(refused)), 4),
        "same_picture": kinds["same"],
        "same_picture_share": round(kinds["same"] / kinds.total(), 5),
        "different": {kind: count for kind, count in kinds.most_common() if kind != "same"},
        "different_at": [i for i in doubtful if _differs(*pairs[i])],
        "refused_though_it_typesets": dict(Counter(refused).most_common(_MOST_REASONS)),
        "changed": _changed([outcomes[i] for i in known[:2000]], [pairs[i][1] for i in known[:2000]]),
    }


def _set(outcomes: Sequence[list[str] | str], chosen: Sequence[int]) -> list[Outcome]:
    return typeset([to_latex(outcomes[i]) for i in chosen])


def _differs(before: Outcome, after: Outcome) -> str | None:
    if isinstance(after, Failure):
        return "canonical form does not typeset"
    return None if isinstance(before, Failure) else difference(before, after)


def _changed(labels: Sequence[list[str] | str], pictures: Sequence[Outcome]) -> dict[str, int]:
    """How many labels with one token left out or replaced are told from the right ones by their pictures."""
    rng = random.Random(0)
    tokens = vocabulary()
    wrong: list[list[str]] = []
    right: list[Outcome] = []
    for label, picture in zip(labels, pictures, strict=True):
        at = rng.randrange(len(label))
        other = [rng.choice(tokens)] if rng.random() < 0.5 else []
        changed = repair([*label[:at], *other, *label[at + 1 :]])
        if [t for t in changed if t not in _INKLESS] != [t for t in label if t not in _INKLESS]:
            wrong.append(changed)
            right.append(picture)
    outcomes = zip(right, typeset([to_latex(label) for label in wrong]), strict=True)
    told = [_differs(picture, outcome) is not None for picture, outcome in outcomes]
    return {"labels": len(told), "told_apart": sum(told)}


def _paint(folder: Path, pairs: dict[int, tuple[Outcome, Outcome]]) -> None:
    """Pictures of what differs: as written above, canonical below."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, outcomes in pairs.items():
        alphas = [paint_print(outcome, 30.0).alpha for outcome in outcomes if isinstance(outcome, Layout)]
        sheet = np.zeros((sum(len(a) + 20 for a in alphas), max(a.shape[1] for a in alphas) + 20), np.uint8)
        top = 10
        for alpha in alphas:
            sheet[top : top + len(alpha), 10 : 10 + alpha.shape[1]] = alpha
            top += len(alpha) + 20
        Image.fromarray(255 - sheet).save(folder / f"{i:05d}.png")


def read_display(path: Path, count: int) -> list[tuple[str, str]]:
    """Environment and body of the first `count` formulas."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = [next(file).rstrip("\n").split("\t", 1) for _ in range(count)]
    return [(environment, body) for environment, body in lines]


def read_labels(path: Path) -> list[str]:
    """Labels of inks, a JSON object a line."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line)["label"] for line in file]


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Measure what the label language takes and keeps.")
    parser.add_argument("--display", type=Path, required=True, metavar="FILE", help="environment TAB body, .tsv.gz")
    parser.add_argument("--crohme", type=Path, metavar="FILE", help="inks with labels, .jsonl.gz")
    parser.add_argument("--im2latex", type=Path, metavar="FILE", help="formulas, .txt.gz")
    parser.add_argument("--handwriting", type=Path, metavar="FILE", help="formulas, .txt.gz")
    parser.add_argument("--count", type=int, default=20_000, metavar="N", help="display formulas (default: 20000)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the result goes (default: stdout)")
    parser.add_argument("--pictures", type=Path, metavar="DIR", help="paint there what differs")
    options = parser.parse_args()
    result = {
        **provenance(Versions(__version__)),
        "display": display(read_display(options.display, options.count), options.pictures),
    }
    if options.crohme:
        result["crohme"] = _door_only(read_labels(options.crohme))
    for name in ("im2latex", "handwriting"):
        path = getattr(options, name)
        if path:
            result[name] = _door_only(list(read_formulas(path)))
    text = json.dumps(result, indent=1) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def _door_only(formulas: Sequence[str]) -> dict[str, Any]:
    outcomes, counts = door(formulas)
    reasons = Counter(reason for reason in outcomes if isinstance(reason, str))
    return counts | {"refused": dict(reasons.most_common(_MOST_REASONS))}


if __name__ == "__main__":
    sys.exit(main())
