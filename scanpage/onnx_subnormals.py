"""Weights too small for the processor's usual arithmetic, taken as the zeros that they are for the result.

Floats below 1.2e-38 (*subnormal* ones, IEEE 754) are multiplied some hundred times as slowly as others. Training with
weight decay leaves whole layers of them: with a quarter of a million, RapidOCR's line detector spends two thirds of its
time on two layers of eighty.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

# Numbers of fields in onnx.proto, and of its type for 32-bit floats.
_MODEL_GRAPH, _GRAPH_INITIALIZER, _TENSOR_TYPE, _TENSOR_DATA = 7, 5, 2, 9
_FLOAT = 1
# Kinds of fields in the encoding of protocol buffers.
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5


def without_subnormals(model: bytes) -> bytes:
    """An ONNX model with 0 in place of the subnormal numbers among its weights; what it computes stays the same.

    Raises:
        ValueError: the bytes are no ONNX model.
    """
    data = bytearray(model)
    for graph in _parts(data, (0, len(data)), _MODEL_GRAPH):
        for tensor in _parts(data, graph, _GRAPH_INITIALIZER):
            if (_TENSOR_TYPE, _FLOAT) in ((number, value) for number, _, value in _fields(data, tensor)):
                for start, end in _parts(data, tensor, _TENSOR_DATA):
                    weights = np.frombuffer(memoryview(data)[start:end], "<f4")
                    weights[np.abs(weights) < np.finfo(np.float32).tiny] = 0.0
    return bytes(data)


def _parts(data: bytearray, within: tuple[int, int], wanted: int) -> Iterator[tuple[int, int]]:
    """Where each field of one number lies, for those that hold bytes."""
    return (span for number, span, _ in _fields(data, within) if number == wanted and span is not None)


def _fields(data: bytearray, within: tuple[int, int]) -> Iterator[tuple[int, tuple[int, int] | None, int | None]]:
    """Number of each field of a message, with where its bytes lie or its integer value."""
    at, end = within
    while at < end:
        key, at = _varint(data, at, end)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(data, at, end)
            yield number, None, value
            continue
        if kind == _LENGTH:
            length, at = _varint(data, at, end)
        elif kind in (_FIXED32, _FIXED64):
            length = 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"no ONNX model: field {number} is of the unknown kind {kind}")
        if at + length > end:
            raise ValueError(f"no ONNX model: field {number} ends after what holds it")
        yield number, (at, at + length), None
        at += length


def _varint(data: bytearray, at: int, end: int) -> tuple[int, int]:
    """An integer in groups of seven bits, lowest first, and where it ends."""
    value = shift = 0
    while at < end:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ValueError("no ONNX model: it ends within a number")
