"""Models without numbers that processors are slow at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from scanpage.onnx_subnormals import without_subnormals

TINY = float(np.finfo(np.float32).tiny)


def field(number: int, content: bytes) -> bytes:
    """A field of a message in the encoding of protocol buffers, with bytes in it."""
    length, size = len(content), b""
    while length >= 0x80:
        size, length = size + bytes([length & 0x7F | 0x80]), length >> 7
    return bytes([number << 3 | 2]) + size + bytes([length]) + content


def model(data: bytes, *, type_number: int = 1, padding: int = 0) -> bytes:
    """A model with one tensor and a comment so long that the tensor lies at an odd place."""
    tensor = field(8, b"weights") + bytes([2 << 3, type_number]) + field(9, data)
    return field(6, b"x" * padding) + field(7, field(1, b"a node") + field(5, tensor))


def weights_of(changed: bytes, count: int) -> np.ndarray:
    return np.frombuffer(changed[-4 * count :], "<f4")


@pytest.mark.parametrize("padding", [0, 1, 200])
def test_subnormal_weights_become_zero_and_others_stay(padding: int) -> None:
    weights = np.array([1.5, TINY / 2, -TINY / 4, 0.0, TINY, -TINY, np.inf] * 30, "<f4")
    changed = without_subnormals(model(weights.tobytes(), padding=padding))
    expected = np.where(np.abs(weights) < TINY, 0, weights)
    assert (weights_of(changed, len(weights)) == expected).all()
    head = len(changed) - weights.nbytes
    assert changed[:head] == model(weights.tobytes(), padding=padding)[:head]


def test_numbers_of_other_types_stay_as_they_are() -> None:
    whole = model(np.array([1, 2, 3, 70000], "<i4").tobytes(), type_number=6)
    assert without_subnormals(whole) == whole


@pytest.mark.parametrize(
    "broken",
    [
        model(b"12345678")[:-3],  # ends within the weights
        b"\x3a",  # a field without its length
        b"\x3b\x00",  # a kind of field that ONNX has not
    ],
)
def test_what_is_no_model_is_refused(broken: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX model"):
        without_subnormals(broken)


def test_a_real_model_computes_the_same(tmp_path: Path) -> None:
    onnx, onnxruntime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    from onnx import TensorProto, helper

    rng = np.random.default_rng(0)
    weights = rng.standard_normal((8, 4)).astype(np.float32)
    weights[:, 1] *= 1e-39
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()
    x = rng.standard_normal((1, 8)).astype(np.float32)
    before, after = (
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]
        for data in (made, without_subnormals(made))
    )
    assert np.allclose(before, after, atol=1e-30)
    assert after[0, 1] == 0.0
