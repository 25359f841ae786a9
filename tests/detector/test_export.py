"""The exported model finds what torch finds, and damage is noticed."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("onnx")

from detector.cli import main  # noqa: E402
from detector.config import DetectorConfig  # noqa: E402
from detector.export import WEIGHTS, export, load_model, parity  # noqa: E402
from detector.model import build, warm_start  # noqa: E402
from detector.predict import GRAPH, Detector  # noqa: E402
from pipeline.load import list_pages  # noqa: E402
from scanpage import weights  # noqa: E402
from scanpage.errors import WeightsError  # noqa: E402

CONFIG = DetectorConfig(long_side_px=(384, 384), min_score=0.0)


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("model")
    model = build(CONFIG)
    try:
        warm_start(model)
    except WeightsError as error:
        pytest.skip(str(error))
    # A fresh network scores every place alike, and which of equals survives is chance: give it opinions.
    for layer in (model.rpn.head.objectness, model.roi_heads.box_predictor.logits):
        torch.nn.init.normal_(layer.weight, std=2.0)
    export(model, CONFIG, folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("size", [(384, 320), (200, 320), (97, 131)])
def test_boxes_equal_those_of_torch_at_any_size(model_folder: Path, page: np.ndarray, size: tuple[int, int]) -> None:
    model = load_model(CONFIG, model_folder / WEIGHTS)
    part = np.ascontiguousarray(page[-size[0] :, -size[1] :])
    part = np.maximum(part, 10) - np.random.default_rng(0).integers(0, 10, part.shape, np.uint8)
    assert parity(model, model_folder, part) < 1.0


def parts_of_the_example(count: int) -> list[np.ndarray]:
    """Parts of the pages of the shipped example, in print and by hand, of many sizes and scales."""
    example = Path(__file__).resolve().parents[2] / "examples" / "notes.pdf"
    pages = [source.load().image for source in list_pages(str(example), dpi=120)]
    rng = np.random.default_rng(0)
    parts = []
    for k in range(count):
        page = pages[k % len(pages)]
        height, width = rng.integers(250, 700, 2)
        top, left = rng.integers(0, page.shape[0] - height), rng.integers(0, page.shape[1] - width)
        scale = float(rng.uniform(0.6, 1.1))
        parts.append(cv2.resize(page[top : top + height, left : left + width], None, fx=scale, fy=scale))
    return parts


@pytest.mark.slow
def test_the_shipped_model_finds_what_torch_finds_on_fifty_pages() -> None:
    folder = weights.shipped("detector")
    if not (folder / GRAPH).is_file():
        pytest.skip("no trained models in this checkout")
    model = load_model(DetectorConfig.from_dict(weights.read_config(folder)), folder / WEIGHTS)
    assert max(parity(model, folder, page) for page in parts_of_the_example(50)) < 1.0


@pytest.mark.slow
def test_where_nothing_is_likely_nothing_is_found(tmp_path: Path) -> None:
    model = build(CONFIG)
    torch.nn.init.constant_(model.rpn.head.objectness.bias, -20.0)
    export(model, CONFIG, tmp_path)
    assert Detector(tmp_path, threads=1).detect(np.full((300, 200, 3), 255, np.uint8)) == []


@pytest.mark.slow
def test_weights_are_stored_once_and_in_half_precision(model_folder: Path) -> None:
    parameters = sum(p.numel() for p in build(CONFIG).parameters())
    total = sum(path.stat().st_size for path in model_folder.iterdir())
    assert (model_folder / GRAPH).stat().st_size < 0.5e6
    assert total < 2 * parameters + 1e6
    assert total < 12e6


@pytest.mark.slow
def test_detector_gives_regions_on_the_page(model_folder: Path, page: np.ndarray) -> None:
    big = np.kron(page, np.ones((3, 3, 1), np.uint8))
    detector = Detector(model_folder, threads=1)
    regions = detector.detect(big, min_score=0.05)
    assert regions, "an untrained network finds something everywhere"
    assert all(0 <= r.box.x0 < r.box.x1 <= big.shape[1] and r.box.y1 <= big.shape[0] for r in regions)
    assert [r.score for r in regions] == sorted((r.score for r in regions), reverse=True)
    assert detector.detect(np.zeros((1, 1, 3), np.uint8), min_score=1.0) == []
    with pytest.raises(ValueError, match="uint8"):
        detector.detect(big[:, :, 0])


@pytest.mark.slow
@pytest.mark.parametrize("name", [WEIGHTS, GRAPH, "config.json"])
def test_truncated_weights_end_with_exit_code_4(
    model_folder: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(model_folder, broken)
    (broken / name).write_bytes((broken / name).read_bytes()[:-7])
    with pytest.raises(WeightsError, match=name):
        Detector(broken)
    assert main(["predict", "--model", str(broken), "page.png"]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert name in lines[0]


def test_a_config_of_another_version_is_refused() -> None:
    with pytest.raises(WeightsError, match="colour"):
        DetectorConfig.from_dict({**CONFIG.to_dict(), "colour": "red"})
    again = DetectorConfig.from_dict(json.loads(CONFIG.to_json()))
    assert again == CONFIG
