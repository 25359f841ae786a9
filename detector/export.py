"""A trained detector as a model folder: half-precision weights, and an ONNX graph that reads them.

The graph takes one page, `image` uint8 [H, W, 3] RGB in the size of `resize.py`, and gives `boxes` [n, 4] xyxy in its
pixels, `labels` [n] (`RegionKind.coco_id`) and `scores` [n], best first; H, W and n vary.
"""

from __future__ import annotations

import copy
import logging
import warnings
from pathlib import Path

import numpy as np
import torch
from torchvision.models.detection import FasterRCNN

from detector.config import DetectorConfig
from detector.export_graph import PageGraph
from detector.model import build
from detector.predict import GRAPH
from scanpage import weights
from scanpage.errors import OutputError, WeightsError
from scanpage.files import write_text
from scanpage.onnx_weights import share_weights
from scanpage.training import load_tensors, save_tensors

logger = logging.getLogger(__name__)

WEIGHTS = "model.safetensors"
OPSET = 17
# Boxes of the two engines may differ by rounding only.
PARITY_PX = 1.0


def load_model(config: DetectorConfig, path: Path) -> FasterRCNN:
    """The network of `config` with the weights at `path` (safetensors), in evaluation mode. Raises `WeightsError`."""
    model = build(config)
    try:
        model.load_state_dict(load_tensors(path))
    except RuntimeError as error:
        raise WeightsError(f"{path} holds another network than its config.json says: {error}") from error
    return model.eval()


def export(model: FasterRCNN, config: DetectorConfig, folder: Path) -> None:
    """Write the model folder and check that its graph finds what torch finds.

    Raises:
        OutputError: the folder cannot be written, or the exported graph disagrees with torch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model = model.eval().cpu().float().half().float()  # the graph can share the stored weights only if they are equal
    write_text(folder / "config.json", config.to_json())
    save_tensors(folder / WEIGHTS, model.state_dict(), half=True)
    graph = PageGraph(copy.deepcopy(model)).eval()
    page = torch.from_numpy(check_page(640, 480))
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of each place that torchvision has made safe for it
        torch.onnx.export(
            graph,
            (page,),
            str(folder / GRAPH),
            input_names=["image"],
            output_names=["boxes", "labels", "scores"],
            dynamic_axes={"image": {0: "height", 1: "width"}, **{n: {0: "n"} for n in ("boxes", "labels", "scores")}},
            opset_version=OPSET,
            dynamo=False,
        )
    saved = share_weights(folder / GRAPH, folder / WEIGHTS)
    logger.info("%s shares %.1f MB with %s", GRAPH, saved / 2 / 1e6, WEIGHTS)
    weights.seal(folder)
    difference = parity(model, folder, check_page(512, 704))
    if difference > PARITY_PX:
        raise OutputError(f"{folder / GRAPH} finds boxes {difference:.2f} px away from those of torch; do not use it")


def parity(model: FasterRCNN, folder: Path, page: np.ndarray) -> float:
    """Greatest distance in pixels between the better boxes that torch and the exported graph find on `page`.

    Infinite where they find another number of boxes or other kinds.
    """
    with torch.no_grad():
        [found] = model([torch.from_numpy(page).permute(2, 0, 1).float() / 255])
    expected = [found[name].numpy() for name in ("boxes", "labels", "scores")]
    session = weights.open_session(folder / GRAPH, threads=torch.get_num_threads())
    boxes, labels, scores = session.run(["boxes", "labels", "scores"], {"image": page})
    if boxes.shape != expected[0].shape:
        return float("inf")
    if not len(boxes):
        return 0.0
    # Nearly equal scores may come in either order, so each box is compared with the nearest one of its kind and score;
    # and the last of them may lie on either side of the limit on their number, so only the better half is compared.
    distances = np.abs(boxes[:, None] - expected[0][None]).max(axis=2)
    distances[labels[:, None] != expected[1][None]] = np.inf
    distances[np.abs(scores[:, None] - expected[2][None]) > 0.01] = np.inf
    half = (len(boxes) + 1) // 2
    return float(max(distances[:half].min(axis=1).max(), distances[:, :half].min(axis=0).max()))


def check_page(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A page with lines of dark blots, on which even an untrained network finds something to disagree about."""
    rng = np.random.default_rng(seed)
    page = rng.integers(215, 256, (height, width, 3), np.uint8)  # grain, since all blank paper would score alike
    for top in range(20, height - 30, 40):
        for left in range(20, width - 40, 28):
            h, w = rng.integers(6, 20), rng.integers(4, 22)
            page[top : top + h, left : left + w] = rng.integers(0, 120)
    return page
