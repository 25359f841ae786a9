"""The recognizer in other number formats and runtimes, beside the graphs that ship.

    python benchmarks/recognizer_runtimes.py LAYOUTS [--weights DIR] [--limit N] [--threads N] [--out FILE]

Tried are ONNX Runtime's levels of graph optimisation, one thread, decoder, encoder and both in single precision, other
8-bit integers than those that ship (the decoder's weights with one factor a row, the encoder's with all 8 bits, and
convolutions calibrated beforehand) and, where OpenVINO is installed, the encoder in that; the decoder stays in ONNX
Runtime, as OpenVINO 2026.4 computes other numbers from the 16th token on. Every variant reads the same clean crops in
batches of ten. Speed is told in wall-clock and processor time; `same` is the share of formulas that are
read as by the graphs that ship.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from provenance import provenance, write_result
from recognizer_options import options

from recognizer.augment import clean_crop
from recognizer.export import export
from recognizer.metrics import canonical
from recognizer.predict import DECODER, ENCODER, SETTINGS, Recognizer
from scanpage import __version__, weights
from scanpage.document import Versions
from synth.corpus import load_layouts
from synth.paint import paint_print

BATCH = 10
EM_PX = 40.0
CALIBRATED_ON = 24
PLAIN = "as shipped"

Crop = NDArray[np.uint8]
Opener = Callable[[Path, int], Any]
Json = dict[str, Any]
LEVELS = {
    "no graph optimisation": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "basic graph optimisation": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC,
    "extended graph optimisation": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
}


def formulas(path: Path, count: int) -> tuple[list[Crop], list[tuple[str, ...]]]:
    """Crops and canonical labels of formulas evenly spread over `path`."""
    corpus = load_layouts(path)
    layouts = [corpus[int(i)] for i in np.linspace(0, len(corpus) - 1, min(count, len(corpus)))]
    crops = [clean_crop(paint_print(layout, EM_PX).alpha) for layout in layouts]
    return crops, [tuple(canonical(layout.latex)) for layout in layouts]


def measure(recognizer: Recognizer, crops: Sequence[Crop], repeats: int) -> tuple[Json, list[tuple[str, ...]]]:
    """Milliseconds a formula, and what was read."""
    recognizer.read_batch(crops[:BATCH])  # to warm up
    walls, cpus, readings = [], [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        readings = [r for k in range(0, len(crops), BATCH) for r in recognizer.read_batch(crops[k : k + BATCH])]
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    figures = {
        "batch_ms": round(1000 * statistics.median(walls) / len(crops), 1),
        "batch_processor_ms": round(1000 * statistics.median(cpus) / len(crops), 1),
    }
    return figures, [reading.tokens for reading in readings]


def at_level(level: onnxruntime.GraphOptimizationLevel, saved: Path | None = None) -> Opener:
    """Opens graphs with another level of optimisation; `saved` is where the outcome is written."""

    def open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = level
        options.intra_op_num_threads = threads
        options.log_severity_level = 4
        if saved:
            options.optimized_model_filepath = str(saved)
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    return open_session


class OpenVino:
    """An OpenVINO model with the part of a session's interface that reading uses."""

    def __init__(self, path: Path, threads: int) -> None:
        core = import_module("openvino").Core()
        if threads:
            core.set_property("CPU", {"INFERENCE_NUM_THREADS": threads})
        # Single precision, as the others: where the processor has bfloat16, OpenVINO would use that.
        core.set_property("CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        self._compiled = core.compile_model(str(path), "CPU")

    def get_outputs(self) -> list[SimpleNamespace]:
        return [_named(port) for port in self._compiled.outputs]

    def get_inputs(self) -> list[SimpleNamespace]:
        return [_named(port) for port in self._compiled.inputs]

    def run(self, names: Sequence[str] | None, inputs: Mapping[str, NDArray[Any]]) -> list[NDArray[Any]]:
        found = self._compiled(dict(inputs))
        return [np.array(found[name]) for name in names or [output.name for output in self.get_outputs()]]


def _named(port: Any) -> SimpleNamespace:
    """Name and shape of an input or output, None for what varies."""
    shape = [side.get_length() if side.is_static else None for side in port.partial_shape]
    return SimpleNamespace(name=port.get_any_name(), shape=shape)


def single_precision(folder: Path, out: Path) -> None:
    """A model folder whose graphs hold their weights themselves, in single precision."""
    out.mkdir()
    for name in (ENCODER, DECODER):
        at_level(onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC, out / name)(folder / name, 1)
    shutil.copy(folder / SETTINGS, out / SETTINGS)
    weights.seal(out)


def _with_graph(folder: Path, graph: str, other: Path, out: Path) -> Path:
    """A model folder like `folder`, but with one graph of `other`'s."""
    shutil.copytree(folder, out)
    shutil.copy(other / graph, out / graph)
    weights.seal(out)
    return out


def quantized(source: Path, out: Path, graphs: Sequence[str], crops: Sequence[Crop] = ()) -> None:
    """A model folder with matrix products of `graphs` in 8-bit integers; with `crops`, convolutions of them too."""
    from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static

    shutil.copytree(source, out)
    for name in graphs:
        if crops:
            reader = Calibration(Recognizer(source), crops)
            quantize_static(
                source / name, out / name, reader, per_channel=True, op_types_to_quantize=["Conv", "MatMul"]
            )
        else:
            products = ["MatMul", "Gemm"]
            quantize_dynamic(
                source / name, out / name, op_types_to_quantize=products, per_channel=True, weight_type=QuantType.QInt8
            )
    weights.seal(out)


class Calibration:
    """Feeds ONNX Runtime's calibration with pictures as the encoder gets them."""

    def __init__(self, recognizer: Recognizer, crops: Sequence[Crop]) -> None:
        from recognizer.image import batch

        pictures = (batch([recognizer.prepare(crop)], recognizer.config.image) for crop in crops)
        self._feeds: Iterator[Json] = iter([{"pixel_values": picture} for picture in pictures])

    def get_next(self) -> Json | None:
        """The next input, None behind the last."""
        return next(self._feeds, None)


def variants(folder: Path, scratch: Path, crops: Sequence[Crop], threads: int) -> Iterator[tuple[str, Recognizer]]:
    """Name and recognizer of everything that is tried; `crops` are to calibrate on."""
    yield PLAIN, Recognizer(folder, threads)
    yield "one thread", Recognizer(folder, 1)
    for name, level in LEVELS.items():
        yield name, _opened(at_level(level), folder, threads)
    precise, plain = scratch / "precise", scratch / "single"
    export(folder, precise, integers=False)
    yield "both graphs in single precision", Recognizer(precise, threads)
    for name, graph in (("encoder in single precision", ENCODER), ("decoder in single precision", DECODER)):
        yield name, Recognizer(_with_graph(folder, graph, precise, scratch / graph), threads)
    single_precision(precise, plain)
    yield "weights stored in single precision", Recognizer(plain, threads)
    for name, graphs, calibration in (
        ("int8 decoder, one factor a row", (DECODER,), ()),
        ("int8 encoder, weights of 8 bits instead of 7", (ENCODER,), ()),
        ("int8 encoder, convolutions calibrated", (ENCODER,), crops),
    ):
        out = scratch / name.replace(" ", "-")
        quantized(plain, out, graphs, calibration)
        yield name, Recognizer(out, threads)
    if find_spec("openvino"):
        yield "OpenVINO encoder", _opened(_encoder_in_openvino, plain, threads)


def _encoder_in_openvino(path: Path, threads: int) -> Any:
    open_graph = OpenVino if path.name == ENCODER else at_level(onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL)
    return open_graph(path, threads)


def _opened(opener: Opener, folder: Path, threads: int) -> Recognizer:
    with patch.object(weights, "open_session", opener):
        return Recognizer(folder, threads)


def run(arguments: argparse.Namespace) -> Json:
    """Measures every variant on the same formulas."""
    folder = arguments.weights or weights.shipped("recognizer")
    crops, labels = formulas(arguments.layouts, arguments.limit + CALIBRATED_ON)
    chosen = set(np.linspace(0, len(crops) - 1, CALIBRATED_ON).astype(int).tolist())
    calibration = [crops[i] for i in sorted(chosen)]
    kept = [i for i in range(len(crops)) if i not in chosen]
    crops, labels = [crops[i] for i in kept], [labels[i] for i in kept]
    rows: dict[str, Json] = {}
    expected: list[tuple[str, ...]] = []
    with TemporaryDirectory(prefix="runtimes-") as scratch:
        for name, recognizer in variants(folder, Path(scratch), calibration, arguments.threads):
            sys.stderr.write(f"{name} …\n")
            figures, readings = measure(recognizer, crops, arguments.repeats)
            expected = expected or readings
            figures["exact"] = _share(readings, labels)
            figures["same"] = _share(readings, expected)
            rows[name] = figures
    return {
        **provenance(Versions(__version__, recognizer=weights.version(folder))),
        "layouts": arguments.layouts.name,
        "formulas": len(crops),
        "batch": BATCH,
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "variants": rows,
    }


def _share(readings: Sequence[tuple[str, ...]], truths: Sequence[tuple[str, ...]]) -> float:
    return round(sum(a == b for a, b in zip(readings, truths, strict=True)) / len(truths), 4)


def main() -> int:
    """Command line; see the module's docstring."""
    arguments = options("The recognizer in other number formats and runtimes.").parse_args()
    write_result(run(arguments), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
