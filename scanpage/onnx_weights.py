"""One file of weights for two engines: an ONNX graph that reads its weights out of a safetensors file.

ONNX lets an initializer live in another file, at an offset; safetensors is a header and then plain tensors. So a graph
can name ranges of a half-precision safetensors file, followed by a cast, and nothing is stored twice. ONNX Runtime does
the casts once, when it loads the graph. Needs the extra `train`.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from scanpage.errors import WeightsError
from scanpage.files import atomic_path

if TYPE_CHECKING:
    import onnx

# Smaller constants stay in the graph: a range and a cast would cost more than they save.
SMALLEST_SHARED = 256
DTYPES: dict[str, np.dtype[Any]] = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True)
class _Range:
    """A tensor's place in the safetensors file."""

    dtype: np.dtype[Any]
    offset: int
    length: int


def share_weights(onnx_path: Path, safetensors_path: Path) -> int:
    """Make the graph at `onnx_path` take its big float initializers from `safetensors_path`, in the same folder.

    An initializer is shared when a stored tensor (half or full precision) holds exactly its numbers, as they lie in
    memory or transposed; names do not matter, since exporters rename what they fold. Round the model to half
    precision before exporting it (`module.half().float()`), or nothing will match. All others stay in the graph.

    Returns:
        Bytes that the initializers would take in the graph and now do not.

    Raises:
        WeightsError: one of the files cannot be read.
        ValueError: the files lie in different folders, which ONNX does not allow.
    """
    import onnx

    if onnx_path.parent.resolve() != safetensors_path.parent.resolve():
        raise ValueError(f"{onnx_path} and {safetensors_path} must lie in one folder")
    try:
        model = onnx.load(str(onnx_path))
    except Exception as error:  # onnx raises protobuf's and its own exceptions, which share no public base class
        raise WeightsError(f"{onnx_path} cannot be read as ONNX: {error}") from error
    ranges = _ranges_by_content(safetensors_path)
    saved = _share(model.graph, ranges, safetensors_path.name)
    with atomic_path(onnx_path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    return saved


def _share(graph: onnx.GraphProto, ranges: dict[bytes, _Range], location: str) -> int:
    from onnx import TensorProto, numpy_helper

    kept, nodes, saved = [], [], 0
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST_SHARED:
            kept.append(tensor)
            continue
        values = numpy_helper.to_array(tensor)
        place, transposed = _find(values, ranges)
        if place is None:
            kept.append(tensor)
            continue
        shape = values.shape[::-1] if transposed else values.shape
        stored, steps = _reader(tensor.name, shape, place, location, transposed=transposed)
        kept.append(stored)
        nodes += steps
        saved += values.nbytes
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for position, node in enumerate(nodes):  # before all that reads them: ONNX wants nodes in order of use
        graph.node.insert(position, node)
    return saved


def _find(values: NDArray[np.float32], ranges: dict[bytes, _Range]) -> tuple[_Range | None, bool]:
    """The stored tensor that holds `values`, and whether it does so transposed."""
    place = ranges.get(values.tobytes())
    if place is not None or values.ndim != 2:
        return place, False
    return ranges.get(values.T.tobytes()), True


def _reader(
    name: str, shape: tuple[int, ...], place: _Range, location: str, *, transposed: bool
) -> tuple[onnx.TensorProto, list[onnx.NodeProto]]:
    """The external tensor, and the nodes that make it the initializer called `name`."""
    from onnx import TensorProto, helper

    half = place.dtype.itemsize == 2
    stored = TensorProto(
        name=f"{name}.stored" if half or transposed else name,
        data_type=TensorProto.FLOAT16 if half else TensorProto.FLOAT,
        dims=shape,
        data_location=TensorProto.EXTERNAL,
    )
    for key, value in (("location", location), ("offset", place.offset), ("length", place.length)):
        stored.external_data.add(key=key, value=str(value))
    nodes, current = [], stored.name
    if half:
        cast = f"{name}.single" if transposed else name
        nodes.append(helper.make_node("Cast", [current], [cast], to=TensorProto.FLOAT))
        current = cast
    if transposed:
        nodes.append(helper.make_node("Transpose", [current], [name], perm=[1, 0]))
    return stored, nodes


def _ranges_by_content(path: Path) -> dict[bytes, _Range]:
    """Where each big tensor of a safetensors file lies, keyed by the bytes of its numbers in single precision."""
    try:
        data = path.read_bytes()
        (header_length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + header_length])
    except (OSError, ValueError, struct.error) as error:
        raise WeightsError(f"{path} cannot be read as safetensors: {error}") from error
    ranges = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] not in DTYPES:
            continue
        start, end = (8 + header_length + offset for offset in entry["data_offsets"])
        dtype = DTYPES[entry["dtype"]]
        numbers = np.frombuffer(data[start:end], dtype)
        if numbers.size >= SMALLEST_SHARED:
            ranges[numbers.astype(np.float32).tobytes()] = _Range(dtype, start, end - start)
    return ranges
