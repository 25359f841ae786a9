"""What decoding by the grammar guarantees, changes and costs.

    python benchmarks/constrained_decoding.py --layouts DIR … --inks FILE … --out benchmarks/results/FILE.json

First, random logits drive the decoder, greedily and by beams, up to the length limit: every formula has to be accepted
by the strict parser of the label language, and those that are compiled have to compile with pdflatex, a hundred to a
document, those that it refuses found by halving. Then sets of formulas are read by the model, freely (and repaired)
and by the grammar: how many readings differ, how many are exactly right either way, whether all compile, and what beams
gain. The grammar's share of the time is that of the same look-ups done alone, by a new grammar, against the processor
time of the whole decoding.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pdflatex import displays, refusal
from provenance import provenance, write_result
from tqdm import tqdm

from recognizer.config import RecognizerConfig
from recognizer.decode import Decoder, Written
from recognizer.evaluate import Sample, handwritten, printed
from recognizer.grammar import Grammar
from recognizer.predict import Recognizer
from recognizer.reading import Reading
from recognizer.tokenizer import LatexTokenizer
from scanpage.document import Versions
from scanpage.latex import Refusal, normalise, repair, to_latex, tokenize

TOGETHER = 100
"""Formulas in one document, and read at a time."""
COMPILE_LIMIT_S = 60
RANDOM_BATCH, RANDOM_BEAMS = 50, 3
ENTRY_SHAPE = (1, 2, 1)
SINGLE = 50
"""Pictures that are also read one by one."""


class RandomLogits:
    """A decoder that knows nothing, but likes structure: it opens, closes and divides far more than formulas do."""

    def __init__(self, tokenizer: LatexTokenizer, rng: np.random.Generator) -> None:
        self._rng = rng
        letters = [i for i, token in enumerate(tokenizer.tokens) if token.isalnum()]
        self._liking = np.full(len(tokenizer), 0.0, np.float32)
        self._liking[[i for i, token in enumerate(tokenizer.tokens) if token in STRUCTURE]] = 3.0
        self._liking[letters] = -1.0

    def __call__(
        self, last: NDArray[np.int64], past: NDArray[np.float32], lengths: NDArray[np.int64], cross: object
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        noise = self._rng.normal(size=(len(last), len(self._liking))).astype(np.float32)
        weight = self._rng.random((len(last), 1), np.float32)
        layers, *entry = ENTRY_SHAPE
        return noise + weight * self._liking, np.zeros((layers, len(last), *entry), np.float32)


STRUCTURE = frozenset(
    tokenize(
        r"{ } ^ _ & ~ \\ \left \right [ ] \sqrt \frac \hat \mathrm \mathbf \boldsymbol \overbrace \xrightarrow"
        r"\begin{matrix} \end{matrix} \begin{cases} \end{cases} \begin{aligned} \end{aligned}"
    )
)


def random_formulas(count: int, limit: int, seed: int) -> Iterator[list[str]]:
    """Tokens of formulas that random logits gave, half of them by beams."""
    tokenizer = LatexTokenizer()
    rng = np.random.default_rng(seed)
    beginning = Grammar(tokenizer.tokens, tokenizer.eos_id).start()
    with tqdm(total=count, file=sys.stderr, disable=None, unit="formula") as bar:
        for batch in range(-(-count // RANDOM_BATCH)):
            decoder = Decoder(
                RandomLogits(tokenizer, rng),
                start_id=tokenizer.bos_id,
                end_id=tokenizer.eos_id,
                entry_shape=ENTRY_SHAPE,
                limit=limit if batch % 2 else int(rng.integers(2, limit)),
                beginning=beginning,
            )
            lengths = np.ones(RANDOM_BATCH, np.int64)
            greedy = batch % 4 < 2
            found = decoder.greedy({}, lengths) if greedy else [b[0] for b in decoder.beams({}, lengths, RANDOM_BEAMS)]
            yield from (tokenizer.decode(written.ids) for written in found)
            bar.update(RANDOM_BATCH)


def parses(tokens: Sequence[str]) -> bool:
    """Whether the strict parser takes a formula as it stands, so that repair has nothing to mend."""
    try:
        return normalise(to_latex(tokens)) == repair(tokens)
    except Refusal:
        return False


def proof(count: int, compiled: int, limit: int, seed: int) -> dict[str, Any]:
    """What becomes of random logits."""
    formulas = list(islice(random_formulas(count, limit, seed), count))
    chosen = formulas[:: max(1, len(formulas) // max(compiled, 1))][:compiled]
    return {
        "formulas": len(formulas),
        "longest": max(map(len, formulas)),
        "at_the_limit": sum(len(tokens) == limit - 1 for tokens in formulas),
        "parse": sum(map(parses, formulas)),
        "respelled": sum(repair(tokens) != tokens for tokens in formulas),
        **compile_counts([to_latex(repair(tokens)) for tokens in chosen]),
    }


def compile_counts(sources: Sequence[str]) -> dict[str, Any]:
    """How many formulas were given to pdflatex, and how many of them compile; nothing without pdflatex."""
    if shutil.which("pdflatex") is None:
        return {}
    distinct = sorted(set(sources))
    broken = [
        source for start in range(0, len(distinct), TOGETHER) for source in _broken(distinct[start : start + TOGETHER])
    ]
    sys.stderr.write("".join(f"does not compile: {source}\n" for source in broken))
    bad = sum(source in broken for source in sources)
    return {"compiled": len(sources), "compile": len(sources) - bad}


def _broken(sources: Sequence[str]) -> list[str]:
    """Those of the formulas that pdflatex refuses, found by halving."""
    if all(sources) and _compiles(sources):
        return []
    if len(sources) == 1:
        return list(sources)
    half = len(sources) // 2
    return [*_broken(sources[:half]), *_broken(sources[half:])]


def _compiles(sources: Sequence[str]) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return not refusal(displays(sources), Path(folder), COMPILE_LIMIT_S)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` gives, and its seconds of processor time."""
    start = time.process_time()
    found = work()
    return found, time.process_time() - start


def looked_up(config: RecognizerConfig, written: Sequence[Written]) -> None:
    """Asks a new grammar all that was asked for these formulas, and for a mask where a token was not the likeliest."""
    beginning = Grammar(LatexTokenizer(config.vocabulary).tokens, config.end_id).start()
    for row in written:
        state, remaining = beginning, config.max_tokens - 1
        for token, log_probability in zip((*row.ids, config.end_id), row.log_probabilities, strict=True):
            if log_probability < -1.0:
                state.mask(remaining)
            if state.permits(token, remaining) and token != config.end_id:
                state = state.after(token)
            remaining -= 1


def cost(recognizer: Recognizer, pictures: Sequence[NDArray[np.uint8]]) -> dict[str, Any]:
    """Milliseconds of processor time for each formula, together and one by one, and the grammar's share of them."""
    written, together = timed(lambda: recognizer.write(pictures))
    alone_of = pictures[:: max(1, len(pictures) // SINGLE)]
    singly, alone = timed(lambda: [recognizer.write([picture])[0] for picture in alone_of])
    _, grammar = timed(lambda: looked_up(recognizer.config, written))
    _, grammar_alone = timed(lambda: looked_up(recognizer.config, singly))
    return {
        "ms_together": round(1000 * together / len(pictures), 2),
        "ms_alone": round(1000 * alone / len(alone_of), 2),
        "grammar_share_together": round(grammar / together, 4),
        "grammar_share_alone": round(grammar_alone / alone, 4),
    }


def read(recognizer: Recognizer, samples: Sequence[Sample], beams: int) -> tuple[list[Reading], float]:
    """Readings, and the seconds of processor time that they took."""
    readings: list[Reading] = []
    seconds = 0.0
    for start in tqdm(range(0, len(samples), TOGETHER), file=sys.stderr, disable=None, unit="batch"):
        crops = [sample.crop for sample in samples[start : start + TOGETHER]]
        found, spent = timed(partial(recognizer.read_batch, crops, beams=beams))
        readings += found
        seconds += spent
    return readings, seconds


def exact(readings: Sequence[Reading], samples: Sequence[Sample]) -> float:
    right = sum(reading.tokens == sample.label for reading, sample in zip(readings, samples, strict=True))
    return round(right / len(samples), 4)


def compare(free: Recognizer, bound: Recognizer, samples: Sequence[Sample], beams: Sequence[int]) -> dict[str, Any]:
    """One set read freely and by the grammar, greedily and by beams."""
    freely, _ = read(free, samples, 1)
    greedy, seconds = read(bound, samples, 1)
    result: dict[str, Any] = {
        "formulas": len(samples),
        "changed": sum(a.tokens != b.tokens for a, b in zip(freely, greedy, strict=True)),
        "exact_free": exact(freely, samples),
        "exact": exact(greedy, samples),
        "ms": round(1000 * seconds / len(samples), 2),
        **compile_counts([reading.latex for reading in greedy]),
    }
    for width in beams:
        found, seconds = read(bound, samples, width)
        ms = round(1000 * seconds / len(samples), 2)
        result[f"beams_{width}"] = {"exact": exact(found, samples), "ms": ms}
    return result | cost(bound, [bound.prepare(sample.crop) for sample in samples])


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Measure what decoding by the grammar guarantees, changes and costs.")
    parser.add_argument("--random", type=int, default=10_000, metavar="N", help="random formulas (default: 10000)")
    parser.add_argument("--compile", type=int, default=2000, metavar="N", help="of them to compile (default: 2000)")
    parser.add_argument("--layouts", type=Path, nargs="*", default=[], metavar="DIR", help="formulas to be printed")
    parser.add_argument("--inks", type=Path, nargs="*", default=[], metavar="FILE", help="handwritten formulas")
    parser.add_argument("--em", type=float, default=40.0, metavar="PX", help="size of print (default: %(default)s)")
    parser.add_argument("--limit", type=int, metavar="N", help="formulas of each set (default: all)")
    parser.add_argument("--beams", type=int, nargs="*", default=[3, 5], metavar="N", help="beams to try")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    arguments = parser.parse_args()
    bound = Recognizer(arguments.weights, arguments.threads)
    free = Recognizer(arguments.weights, arguments.threads, constrained=False)
    result: dict[str, Any] = provenance(Versions("", "", bound.version, ""))
    if arguments.random:
        result["random"] = proof(arguments.random, arguments.compile, bound.config.max_tokens - 1, 0)
    sets = {path: printed([path], arguments.em) for path in arguments.layouts}
    sets |= {path: handwritten([path]) for path in arguments.inks}
    for path, samples in sets.items():
        chosen = list(islice(samples, arguments.limit))
        result[path.name.partition(".")[0]] = compare(free, bound, chosen, arguments.beams)
    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
