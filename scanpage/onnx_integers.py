"""Products with constant weights in an ONNX graph, computed with 8-bit integers. Needs the extra `train`.

A decoder that writes token by token multiplies one row at a time with all its weights: its time is that of fetching
them from memory. As bytes they are a quarter of it, and ONNX Runtime has integer products for rows that it rounds on
the fly (its operator `MatMulNBits`, with 8 bits on x86 since 1.22 and on ARM since 1.23). Each block of a row of
weights has a factor of its own, so that little is lost: `use_integers_for_few_rows`.

An encoder multiplies some hundred rows at once: its time is that of multiplying. Processors multiply three times as
many bytes as floats in a time, but not with a factor for each block. So there is one for each column of weights, and
one, found on the fly, for all the rows that come in: `use_integers_for_many_rows`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from scanpage.files import atomic_path

if TYPE_CHECKING:
    import onnx

BLOCK = 32
"""Weights along the inner side that share a factor."""
DOMAIN = "com.microsoft"
ROUNDS_ROWS = 4
"""`accuracy_level` of `MatMulNBits` in which the rows are rounded to 8 bits too."""


def use_integers_for_many_rows(path: Path) -> None:
    """Make the `MatMul` nodes of the graph at `path` multiply with integers, where one side is constant."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with atomic_path(path) as temporary, _without_advice():
        quantize_dynamic(
            path,
            temporary,
            op_types_to_quantize=["MatMul"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            # 7 bits for the weights: processors without VNNI add pairs of products in 16 bits, which 8 bits overflow.
            reduce_range=True,
        )


@contextmanager
def _without_advice() -> Iterator[None]:
    """Without the root logger's warning that the graph could be optimized first: ONNX Runtime does when it loads it."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def use_integers_for_few_rows(path: Path) -> int:
    """Make the `Gemm` nodes of the graph at `path` multiply with integers, where their weights allow it.

    These are those with weights [N, K] (`transB`) of their own that lie in the graph, K a multiple of `BLOCK`.

    Returns:
        How many products now do so.
    """
    import onnx

    model = onnx.load(str(path))
    readers = Counter(name for node in model.graph.node for name in node.input)
    weights = {tensor.name: tensor for tensor in model.graph.initializer if readers[tensor.name] == 1}
    changed: set[str] = set()
    for node in model.graph.node:
        if node.op_type == "Gemm" and node.input[1] in weights and _fits(node, weights[node.input[1]]):
            changed.add(node.input[1])
            _change(model.graph, node, onnx.numpy_helper.to_array(weights[node.input[1]]))
    kept = [tensor for tensor in model.graph.initializer if tensor.name not in changed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    if changed:
        model.opset_import.append(onnx.helper.make_opsetid(DOMAIN, 1))
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
    return len(changed)


def rounded(weights: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Weights [N, K] as bytes [N, K / BLOCK, BLOCK], 128 for zero, and the factors [N, K / BLOCK] of their blocks."""
    blocks = weights.reshape(len(weights), -1, BLOCK)
    factors = np.abs(blocks).max(2) / 127.0
    factors[factors == 0.0] = 1.0
    whole = np.rint(blocks / factors[:, :, None]) + 128.0
    return whole.astype(np.uint8), factors.astype(np.float32)


def _fits(node: onnx.NodeProto, weights: onnx.TensorProto) -> bool:
    attributes = {attribute.name: attribute for attribute in node.attribute}
    plain = all(attributes[name].f == 1.0 for name in ("alpha", "beta") if name in attributes)
    return plain and "transB" in attributes and attributes["transB"].i == 1 and weights.dims[1] % BLOCK == 0


def _change(graph: onnx.GraphProto, node: onnx.NodeProto, weights: NDArray[np.float32]) -> None:
    """Turn a `Gemm` into its integer form."""
    from onnx import helper, numpy_helper

    source, name, *bias = node.input
    integers, factors = rounded(weights)
    stored = {f"{name}.integers": integers, f"{name}.factors": factors}
    graph.initializer.extend(numpy_helper.from_array(values, key) for key, values in stored.items())
    count, inner = weights.shape
    settings = {"K": inner, "N": count, "bits": 8, "block_size": BLOCK, "accuracy_level": ROUNDS_ROWS}
    # Between factors and bias stand zero points and an order of blocks, which are not used.
    inputs = [source, *stored, *(["", "", *bias] if bias else [])]
    node.CopyFrom(helper.make_node("MatMulNBits", inputs, list(node.output), name=node.name, domain=DOMAIN, **settings))
