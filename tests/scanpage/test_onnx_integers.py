"""Products with weights of 8 bits say nearly what those in single precision say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx")

from scanpage import weights  # noqa: E402 - only where onnx is installed
from scanpage.onnx_integers import (  # noqa: E402
    BLOCK,
    rounded,
    use_integers_for_few_rows,
    use_integers_for_many_rows,
)

WEIGHTS = np.random.default_rng(0).normal(size=(48, 2 * BLOCK)).astype(np.float32)
BIAS = np.linspace(-1, 1, len(WEIGHTS), dtype=np.float32)


def save(path: Path, weights_: NDArray[np.float32], **settings: object) -> Path:
    """A graph of one product with a bias."""
    helper = onnx.helper
    count, inner = weights_.shape
    constants = [onnx.numpy_helper.from_array(weights_, "w"), onnx.numpy_helper.from_array(BIAS[:count], "b")]
    sides = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", size])
        for name, size in (("x", inner), ("y", count))
    ]
    node = helper.make_node("Gemm", ["x", "w", "b"], ["y"], **({"transB": 1} | settings))
    graph = helper.make_graph([node], "product", sides[:1], sides[1:], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def run(path: Path, x: NDArray[np.float32]) -> NDArray[np.float32]:
    [y] = weights.open_session(path, 1).run(None, {"x": x})
    return np.asarray(y)


def test_the_product_is_nearly_the_same_and_its_weights_a_quarter(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(7, 2 * BLOCK)).astype(np.float32)
    path = save(tmp_path / "product.onnx", np.tile(WEIGHTS, (1, 64)))
    x = np.tile(x, (1, 64))
    before, size = run(path, x), path.stat().st_size
    assert use_integers_for_few_rows(path) == 1
    after = run(path, x)
    assert 0.0 < np.abs(after - before).max() < 0.02 * np.abs(before).max()
    assert path.stat().st_size < 0.3 * size


def test_a_row_does_not_depend_on_the_others(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(7, 2 * BLOCK)).astype(np.float32)
    path = save(tmp_path / "product.onnx", WEIGHTS)
    use_integers_for_few_rows(path)
    one_by_one = np.concatenate([run(path, row[None]) for row in x])
    np.testing.assert_allclose(run(path, x), one_by_one, atol=1e-5)


def test_rounding_keeps_each_weight_within_half_a_step_of_its_block() -> None:
    integers, factors = rounded(WEIGHTS * np.logspace(-4, 4, len(WEIGHTS), dtype=np.float32)[:, None])
    back = (integers.astype(np.float32) - 128) * factors[:, :, None]
    exact = (WEIGHTS * np.logspace(-4, 4, len(WEIGHTS), dtype=np.float32)[:, None]).reshape(back.shape)
    assert (np.abs(back - exact) <= 0.501 * factors[:, :, None]).all()
    assert integers.min() >= 1


def test_a_block_of_zeros_stays_zero() -> None:
    integers, factors = rounded(np.zeros((1, BLOCK), np.float32))
    assert (integers == 128).all()
    assert np.isfinite(factors).all()


@pytest.mark.parametrize(
    ("weights_", "settings"),
    [
        (WEIGHTS[:, : BLOCK + 1], {}),  # no multiple of a block
        (WEIGHTS, {"alpha": 2.0}),
        (np.ascontiguousarray(WEIGHTS[:BLOCK, :BLOCK]), {"transB": 0}),
    ],
)
def test_other_products_stay_as_they_are(
    weights_: NDArray[np.float32], settings: dict[str, object], tmp_path: Path
) -> None:
    path = save(tmp_path / "product.onnx", weights_, **settings)
    assert use_integers_for_few_rows(path) == 0
    assert {node.op_type for node in onnx.load(str(path)).graph.node} == {"Gemm"}


def test_weights_that_others_read_too_stay_as_they_are(tmp_path: Path) -> None:
    path = save(tmp_path / "product.onnx", WEIGHTS)
    model = onnx.load(str(path))
    model.graph.node.append(onnx.helper.make_node("Identity", ["w"], ["again"]))
    onnx.save(model, str(path))
    assert use_integers_for_few_rows(path) == 0
    run(path, np.zeros((1, WEIGHTS.shape[1]), np.float32))


def save_of_rows(path: Path, weights_: NDArray[np.float32], *, constant: bool = True) -> Path:
    """A graph of one `MatMul`, whose second side is constant or comes in too."""
    helper = onnx.helper
    inner, count = weights_.shape
    constants = [onnx.numpy_helper.from_array(weights_, "w")] if constant else []
    inputs = {"x": ["n", inner]} if constant else {"x": ["n", inner], "w": [inner, count]}
    infos = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sides) for name, sides in inputs.items()]
    output = helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", count])
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "rows", infos, [output], constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(path))
    return path


def test_many_rows_too_give_nearly_the_same(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(300, 256)).astype(np.float32)
    path = save_of_rows(tmp_path / "rows.onnx", np.random.default_rng(2).normal(size=(256, 512)).astype(np.float32))
    before, size = run(path, x), path.stat().st_size
    use_integers_for_many_rows(path)
    after = run(path, x)
    assert 0.0 < np.abs(after - before).max() < 0.03 * np.abs(before).max()
    assert path.stat().st_size < 0.3 * size


def test_the_largest_bytes_do_not_overflow(tmp_path: Path) -> None:
    path = save_of_rows(tmp_path / "rows.onnx", np.ones((256, 64), np.float32))
    use_integers_for_many_rows(path)
    np.testing.assert_allclose(run(path, np.ones((40, 256), np.float32)), 256.0, rtol=0.01)


def test_products_of_two_inputs_stay_as_they_are(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = save_of_rows(tmp_path / "rows.onnx", WEIGHTS.T.copy(), constant=False)
    use_integers_for_many_rows(path)
    assert {node.op_type for node in onnx.load(str(path)).graph.node} == {"MatMul"}
    assert not caplog.records
