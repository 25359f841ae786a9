"""The torch backbone against the ONNX files that its weights come from."""

from pathlib import Path

import numpy as np
import pytest

from scanpage.errors import WeightsError
from scanpage.rapidocr_models import model_path

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from scanpage.text_backbone import (  # noqa: E402 - torch may be absent
    DETECTION,
    RECOGNITION,
    TextBackbone,
    TextBackboneConfig,
    load_from_onnx,
)

# The tensors that leave each stage in RapidOCR's graphs (inputs of the next stage, or of the neck).
CASES = [
    pytest.param(RECOGNITION, "rec", ["p2o.pd_op.add.18.0", "p2o.pd_op.add.51.0", "p2o.pd_op.add.64.0"], id="rec"),
    pytest.param(
        DETECTION,
        "det",
        ["p2o.pd_op.add.14.0", "p2o.pd_op.add.27.0", "p2o.pd_op.add.50.0", "p2o.pd_op.add.63.0"],
        id="det",
    ),
]


def _model_or_skip(name: str) -> Path:
    try:
        return model_path(name)
    except WeightsError as error:
        pytest.skip(str(error))


def _run_onnx(path: Path, outputs: list[str], image: np.ndarray) -> list[np.ndarray]:
    import onnxruntime

    model = onnx.load(str(path))
    names = {name for node in model.graph.node for name in node.output}
    if not names.issuperset(outputs):
        pytest.skip(f"{path.name} names its tensors otherwise")
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(outputs, {"x": image})


@pytest.mark.parametrize(("config", "name", "outputs"), CASES)
def test_stage_outputs_equal_those_of_the_onnx_model(config: TextBackboneConfig, name: str, outputs: list[str]) -> None:
    path = _model_or_skip(name)
    height = 48 if config is RECOGNITION else 64  # text lines have that height; the other model wants multiples of 32
    image = np.random.default_rng(0).uniform(-1, 1, (1, 3, height, 128)).astype(np.float32)
    backbone = TextBackbone(config).eval()
    load_from_onnx(backbone, path)
    with torch.no_grad():
        maps = backbone(torch.from_numpy(image))
    for ours, theirs in zip(maps, _run_onnx(path, outputs, image), strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-3)


def test_rgb_weights_see_a_mirrored_image_the_same() -> None:
    path = _model_or_skip("det")
    bgr, rgb = TextBackbone(DETECTION).eval(), TextBackbone(DETECTION).eval()
    load_from_onnx(bgr, path)
    load_from_onnx(rgb, path, rgb=True)
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        for a, b in zip(bgr(image), rgb(image.flip(1)), strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_weights_of_another_network_are_refused() -> None:
    path = _model_or_skip("det")
    with pytest.raises(WeightsError, match="another network"):
        load_from_onnx(TextBackbone(RECOGNITION), path)


def test_file_that_is_no_onnx_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\xff\xff not a graph")
    with pytest.raises(WeightsError, match=r"broken\.onnx"):
        load_from_onnx(TextBackbone(DETECTION), broken)
