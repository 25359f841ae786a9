"""The command as a user meets it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from detector.cli import main
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

HELP = [
    ["--help"],
    *([command, "--help"] for command in ("train", "train-paper", "evaluate", "export", "calibrate", "predict")),
]


class FixedDetector:
    """Finds one formula in the top left quarter of every page, and notes what it is given."""

    version = "fixed"
    seen: list[np.ndarray]

    class config:  # noqa: N801 - stands for the attribute of a detector
        min_score = 0.5

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        FixedDetector.seen = []

    def detect(self, image: np.ndarray, *, min_score: float | None = None) -> list[Region]:
        FixedDetector.seen.append(image)
        return [Region(Box(0, 0, image.shape[1] / 2, image.shape[0] / 2), RegionKind.INLINE, 0.75)]


@pytest.fixture
def fixed_detector(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FixedDetector]]:
    monkeypatch.setattr("detector.predict.Detector", FixedDetector)
    yield FixedDetector


def save(path: Path, *, size: tuple[int, int] = (60, 40), **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "white").save(path, **options)
    return path


@pytest.mark.parametrize("arguments", HELP)
def test_help_is_quick_and_loads_no_torch(arguments: list[str]) -> None:
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from detector.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "heavy = {'torch', 'torchvision', 'onnxruntime', 'cv2', 'numpy', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "usage: detector" in done.stdout


def test_help_takes_under_half_a_second_of_cpu() -> None:
    start = time.process_time()
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert time.process_time() - start < 0.5


def test_predicting_loads_no_torch() -> None:
    code = "import sys, detector.predict, detector.evaluate; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_missing_data_is_one_line_and_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("torchvision")
    nowhere = str(tmp_path / "nowhere")
    assert main(["train", "--data", nowhere, "--val", nowhere, "--out", str(tmp_path / "run"), "--minutes", "1"]) == 3
    assert capsys.readouterr().err.splitlines()[-1].startswith("detector: ")


def test_missing_model_is_exit_code_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", "--model", str(tmp_path), "page.png"]) == 4
    assert "SHA256SUMS" in capsys.readouterr().err


@pytest.mark.parametrize("minutes", ["0", "-1", "nan", "soon"])
def test_senseless_minutes_are_a_usage_error(minutes: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["train", "--data", "d", "--val", "v", "--out", "o", "--minutes", minutes])
    assert end.value.code == 2


def test_each_image_is_a_line_of_json_with_its_size(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    page = save(tmp_path / "page.png")
    assert main(["predict", str(page)]) == 0
    found = {"box": [0.0, 0.0, 30.0, 20.0], "kind": "inline", "score": 0.75}
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"image": str(page), "width": 60, "height": 40, "regions": [found]}
    ]


def test_with_json_a_file_gets_the_document_and_stderr_one_line(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    pages = [save(tmp_path / f"page{index}.png") for index in range(2)]
    target = tmp_path / "new" / "found.json"
    assert main(["predict", *map(str, pages), "--json", str(target)]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"2 pages, 2 formulas: {target}\n"
    document = json.loads(target.read_text())
    assert document["model"] == "fixed"
    assert [record["image"] for record in document["images"]] == list(map(str, pages))
    assert main(["predict", str(pages[0]), "--json", str(target), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_boxes_of_a_photo_are_those_of_the_upright_picture(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    photo = save(tmp_path / "photo.jpg", size=(80, 40), exif=exif)
    assert main(["predict", str(photo)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["width"], record["height"]) == (40, 80)
    assert record["regions"][0]["box"] == [0, 0, 20, 40]


def test_boxes_of_a_picture_that_is_looked_at_reduced_are_those_of_the_whole_one(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    large = save(tmp_path / "large.png", size=(6000, 300))
    assert main(["predict", str(large)]) == 0
    record = json.loads(capsys.readouterr().out)
    assert fixed_detector.seen[0].shape == (200, 4000, 3)
    assert (record["width"], record["height"]) == (6000, 300)
    assert record["regions"][0]["box"] == [0, 0, 3000, 150]


def test_sixteen_bits_a_pixel_are_read(tmp_path: Path, fixed_detector: type[FixedDetector]) -> None:
    path = tmp_path / "deep.png"
    Image.fromarray(np.full((20, 30), 0x8000, np.uint16)).save(path)
    assert main(["predict", str(path)]) == 0
    assert fixed_detector.seen[0].shape == (20, 30, 3)
    assert fixed_detector.seen[0].flat[0] == 0x80


def test_a_folder_is_its_pictures_in_natural_order(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("page10.png", "page2.PNG", "page1.jpg", ".hidden.png"):
        save(tmp_path / name, format="PNG")
    (tmp_path / "notes.txt").write_text("not a page")
    assert main(["predict", str(tmp_path)]) == 0
    names = [Path(json.loads(line)["image"]).name for line in capsys.readouterr().out.splitlines()]
    assert names == ["page1.jpg", "page2.PNG", "page10.png"]


def _unreadable(folder: Path, case: str) -> Path:
    path = folder / f"{case}.png"
    if case == "text":
        path.write_text("not a picture")
    elif case == "empty":
        path.touch()
    elif case == "cut":
        path.write_bytes(save(folder / "whole.png", size=(300, 300)).read_bytes()[:150])
    elif case == "tiny":
        save(path, size=(3, 3))
    elif case == "several":
        more = [Image.new("RGB", (60, 40))]
        Image.new("RGB", (60, 40)).save(path, format="TIFF", save_all=True, append_images=more)
    elif case == "bomb":
        Image.new("1", (20_000, 20_000)).save(path)
    elif case == "folder":
        path.mkdir()
    return path


UNREADABLE = {
    "text": "is no picture",
    "empty": "is no picture",
    "cut": "damaged or cut short",
    "tiny": "too small",
    "several": "holds several pages",
    "bomb": "reduce it first",
    "folder": "holds no pictures",
    "missing": "does not exist",
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_an_unreadable_image_is_told_and_the_others_go_on(
    case: str, tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = _unreadable(tmp_path, case), save(tmp_path / "good" / "page.png")
    target = tmp_path / "found.json"
    assert main(["predict", str(bad), "--json", str(target)]) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"detector: {bad} ")
    assert UNREADABLE[case] in said
    assert said.count("\n") == 1
    assert not target.exists()
    assert main(["predict", str(bad), str(good)]) == 6
    said = capsys.readouterr()
    assert UNREADABLE[case] in said.err
    assert json.loads(said.out)["image"] == str(good)


def test_previews_of_one_name_are_told_apart(tmp_path: Path, fixed_detector: type[FixedDetector]) -> None:
    pages = [save(tmp_path / folder / "page.png") for folder in "ab"]
    out = tmp_path / "out"
    assert main(["predict", *map(str, pages), "--preview", str(out), "--quiet"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["page-2.jpg", "page.jpg"]
    with Image.open(out / "page.jpg") as picture:
        assert picture.size == (120, 80)


def test_an_input_is_never_overwritten(
    tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    page = save(tmp_path / "page.jpg")
    before = page.read_bytes()
    assert main(["predict", str(page), "--preview", str(tmp_path)]) == 2
    assert main(["predict", str(page), "--json", str(page)]) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert page.read_bytes() == before


@pytest.mark.parametrize("option", ["--json", "--preview"])
def test_outputs_that_cannot_be_written_are_told_before_the_work(
    option: str, tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    fixed_detector.seen = []
    (tmp_path / "file").touch()
    page = save(tmp_path / "page.png")
    assert main(["predict", str(page), option, str(tmp_path / "file" / "below")]) == 5
    assert "cannot write" in capsys.readouterr().err
    assert not fixed_detector.seen
    assert main(["predict", str(page), "--json", str(tmp_path)]) == 5


def test_evaluate_prints_a_table_and_writes_figures_and_curves(
    coco_folder: Path, tmp_path: Path, fixed_detector: type[FixedDetector], capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pycocotools")
    pytest.importorskip("matplotlib")
    figures, curves = tmp_path / "figures.json", tmp_path / "curves.png"
    arguments = ["evaluate", "--data", str(coco_folder), "--out", str(figures), "--curves", str(curves)]
    assert main(arguments) == 0
    assert "any_kind" in capsys.readouterr().out
    written = json.loads(figures.read_text())
    assert written["model"] == "fixed"
    assert written["all"]["false_per_page"] == 1.0  # a quarter of the page is no formula
    with Image.open(curves) as picture:
        assert picture.format == "PNG"
    assert main([*arguments[:-1], str(figures)]) == 2
    assert main([*arguments[:-1], str(tmp_path)]) == 5
