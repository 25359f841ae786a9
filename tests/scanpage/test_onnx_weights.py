"""A graph and a safetensors file that share one copy of the weights."""

from pathlib import Path

import numpy as np
import pytest

from scanpage import weights
from scanpage.errors import WeightsError

onnx = pytest.importorskip("onnx")
safetensors_numpy = pytest.importorskip("safetensors.numpy")

from scanpage.onnx_weights import share_weights  # noqa: E402 - onnx may be absent


def _graph(path: Path, initializers: dict[str, np.ndarray]) -> None:
    """y = x @ a @ b + c, with a and b of 32 x 32 and c of 32."""
    nodes = [
        onnx.helper.make_node("MatMul", ["x", "a"], ["xa"]),
        onnx.helper.make_node("MatMul", ["xa", "b"], ["xab"]),
        onnx.helper.make_node("Add", ["xab", "c"], ["y"]),
    ]
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 32]) for name in ("x", "y")]
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in initializers.items()]
    graph = onnx.helper.make_graph(nodes, "g", ends[:1], ends[1:], constants)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, str(path))


def _rounded(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float16).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_shared_graph_computes_the_same_and_holds_no_copy(tmp_path: Path, dtype: type) -> None:
    rng = np.random.default_rng(0)
    arrays = {"a": _rounded(rng, 32, 32), "b": _rounded(rng, 32, 32), "c": _rounded(rng, 32)}
    x = _rounded(rng, 3, 32)
    _graph(tmp_path / "model.onnx", arrays)
    before = weights.open_session(tmp_path / "model.onnx", 1).run(None, {"x": x})[0]
    # b is stored transposed, as torch stores a Linear layer; under names that the graph does not know.
    stored = {"layer.b": np.ascontiguousarray(arrays["b"].T).astype(dtype), "layer.a": arrays["a"].astype(dtype)}
    safetensors_numpy.save_file(stored, str(tmp_path / "model.safetensors"))

    saved = share_weights(tmp_path / "model.onnx", tmp_path / "model.safetensors")

    assert saved == 2 * 32 * 32 * 4
    assert (tmp_path / "model.onnx").stat().st_size < 2000
    after = weights.open_session(tmp_path / "model.onnx", 1).run(None, {"x": x})[0]
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_weights_that_are_not_stored_stay_in_the_graph(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {"a": _rounded(rng, 32, 32), "b": _rounded(rng, 32, 32), "c": _rounded(rng, 32)}
    _graph(tmp_path / "model.onnx", arrays)
    safetensors_numpy.save_file({"other": _rounded(rng, 32, 32)}, str(tmp_path / "model.safetensors"))
    assert share_weights(tmp_path / "model.onnx", tmp_path / "model.safetensors") == 0


def test_a_truncated_weights_file_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    _graph(tmp_path / "model.onnx", {"a": _rounded(rng, 32, 32), "b": _rounded(rng, 32, 32), "c": _rounded(rng, 32)})
    (tmp_path / "model.safetensors").write_bytes(b"\x10\x00")
    with pytest.raises(WeightsError, match=r"model\.safetensors"):
        share_weights(tmp_path / "model.onnx", tmp_path / "model.safetensors")
