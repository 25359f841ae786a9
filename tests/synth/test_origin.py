"""Formulas out of data sets, offline: local folders only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from scanpage.errors import ExitCode, InputError, UsageError
from synth.cli import main
from synth.corpus import load_layouts
from synth.origin import fingerprint, open_dataset, open_lists, read_labels

datasets = pytest.importorskip("datasets")

FORMULAS = ["x^2", r"\frac{a}{b}", "  y_1 \n", "", None]
KEPT = ["x^2", r"\frac{a}{b}", "y_1"]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # What `datasets` and `huggingface_hub` read of the environment they have read already.
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))


def saved(folder: Path, column: str = "latex") -> str:
    datasets.Dataset.from_dict({"number": range(5), column: FORMULAS}).save_to_disk(str(folder))
    return str(folder)


@pytest.mark.parametrize("column", ["latex", "formula", "text", "label"])
def test_the_column_of_formulas_is_found_by_its_name(tmp_path: Path, column: str) -> None:
    origin = open_dataset(saved(tmp_path / "set", column))
    assert list(origin.formulas) == KEPT
    assert origin.description["formulas"]["column"] == column


def test_a_column_of_any_name_can_be_asked_for(tmp_path: Path) -> None:
    name = saved(tmp_path / "set", "tex")
    assert list(open_dataset(name, column="tex").formulas) == KEPT
    with pytest.raises(UsageError, match=r"no column latex or .* --column from number, tex"):
        open_dataset(name)
    with pytest.raises(UsageError, match="no column nosuch"):
        open_dataset(name, column="nosuch")


def test_splits_of_a_saved_set(tmp_path: Path) -> None:
    parts = {name: datasets.Dataset.from_dict({"latex": [name]}) for name in ("train", "test")}
    datasets.DatasetDict(parts).save_to_disk(str(tmp_path / "set"))
    assert list(open_dataset(str(tmp_path / "set")).formulas) == ["train"]
    assert list(open_dataset(str(tmp_path / "set"), split="test").formulas) == ["test"]
    with pytest.raises(UsageError, match="--split from train, test"):
        open_dataset(str(tmp_path / "set"), split="valid")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_folders_of_plain_files(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    rows = datasets.Dataset.from_dict({"formula": KEPT})
    if kind == "jsonl":
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif kind == "csv":
        rows.to_csv(str(folder / "train.csv"))
    else:
        rows.to_parquet(str(folder / "train.parquet"))
    assert list(open_dataset(str(folder)).formulas) == KEPT


@pytest.mark.parametrize("name", ["nobody/no-such-set", "no-such-folder/here/or/there"])
def test_a_set_that_is_nowhere_is_named(name: str) -> None:
    with pytest.raises(InputError, match=name):
        open_dataset(name)


@pytest.mark.tex
@pytest.mark.skipif(not shutil.which("latex"), reason="LaTeX is not installed")
def test_layouts_are_built_from_a_set(tmp_path: Path) -> None:
    options = ["--dataset", saved(tmp_path / "set"), "--out", str(tmp_path / "out"), "--workers", "1", "-q"]
    assert main(["formulas", "build", *options]) == ExitCode.DONE
    assert list(load_layouts(tmp_path / "out").sources) == KEPT
    origin = json.loads((tmp_path / "out" / "settings.json").read_text())["formulas"]
    assert (origin["split"], origin["column"], origin["rows"]) == ("train", "latex", 5)


def test_a_set_that_is_nowhere_ends_the_command_without_a_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which("latex"):
        pytest.skip("LaTeX is not installed")
    code = main(["formulas", "build", "--dataset", "nobody/no-such-set", "--out", str(tmp_path / "out")])
    assert code == ExitCode.UNREADABLE_INPUT
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_lists_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    for path, text in zip(paths, ("x\ny\n", "z\n"), strict=True):
        path.write_text(text)
    before = open_lists(paths)
    assert list(before.formulas) == ["x", "y", "z"]
    paths[1].write_text("w\n")
    assert open_lists(paths).description != before.description


def test_labels_to_leave_out_are_canonical(tmp_path: Path) -> None:
    path = tmp_path / "test.txt"
    path.write_text("x^2\n\\nosuch{\nx ^ {2}\n")
    labels = read_labels([path])
    assert labels == {"x ^ { 2 }"}
    assert fingerprint(labels) == fingerprint(["x ^ { 2 }"]) != fingerprint(["y"])
    assert fingerprint([]) == ""
