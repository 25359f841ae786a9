"""Model folders: located, checked and named."""

from __future__ import annotations

import errno
import signal
import time
from pathlib import Path
from threading import main_thread

import pytest

from scanpage import weights
from scanpage.errors import ExitCode, OutputError, WeightsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed folder."""
    (tmp_path / "config.json").write_text('{"a": 1}')
    (tmp_path / "model.safetensors").write_bytes(b"0123")
    (tmp_path / "MODEL_CARD.md").write_text("card")
    (tmp_path / "metrics.json").write_text("{}")
    weights.seal(tmp_path)
    return tmp_path


def test_a_sealed_folder_is_found(folder: Path) -> None:
    assert weights.locate("recognizer", folder) == folder


def test_without_a_folder_the_shipped_one_is_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "shipped", lambda stage: {"detector": folder}[stage])
    assert weights.locate("detector") == folder


def test_sums_have_the_format_of_sha256sum(folder: Path) -> None:
    lines = (folder / weights.SUMS).read_text().splitlines()
    assert [line[64:] for line in lines] == ["  config.json", "  model.safetensors"]
    assert lines[1].startswith("1be2e452b46d7a0d9656bbb1f768e824")  # of b"0123"


def write(path: Path) -> None:
    path.write_text('{"a": 2}')


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_replaced_file_is_sealed_again(folder: Path) -> None:
    version = weights.version(folder)
    weights.replace(folder, "config.json", write)
    weights.verify(folder)
    assert weights.read_config(folder) == {"a": 2} and weights.version(folder) != version
    after = contents(folder)
    weights.seal(folder)
    assert contents(folder) == after


def test_what_fails_or_is_interrupted_before_both_files_are_whole_replaces_neither(folder: Path) -> None:
    before = contents(folder)

    def full(path: Path) -> None:
        write(path)
        raise OSError(errno.ENOSPC, "No space left on device")

    def interrupted(path: Path) -> None:
        write(path)
        raise KeyboardInterrupt

    with pytest.raises(OutputError, match="No space left"):
        weights.replace(folder, "config.json", full)
    with pytest.raises(KeyboardInterrupt):
        weights.replace(folder, "config.json", interrupted)
    assert contents(folder) == before


def test_ctrl_c_does_not_part_the_file_from_its_sum(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def replace_and_interrupt(path: Path, target: Path) -> Path:
        replaced = replace(path, target)
        if target == folder / "config.json":
            signal.pthread_kill(main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.1)  # in which the main thread takes notice
        return replaced

    monkeypatch.setattr(Path, "replace", replace_and_interrupt)
    # A shell starts what it sends to the background with SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            weights.replace(folder, "config.json", write)
    finally:
        signal.signal(signal.SIGINT, before)
    weights.verify(folder)
    assert weights.read_config(folder) == {"a": 2}


def test_what_a_killed_process_left_beside_the_files_does_not_matter(folder: Path) -> None:
    (folder / ".left").mkdir()
    write(folder / ".left" / "config.json")
    weights.verify(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"other")
    with pytest.raises(WeightsError, match=f"{name} is damaged") as caught:
        weights.verify(folder)
    assert caught.value.exit_code is ExitCode.BROKEN_WEIGHTS


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"model\.safetensors is missing"):
        weights.verify(folder)


def test_what_is_said_of_a_model_may_change(folder: Path) -> None:
    (folder / "MODEL_CARD.md").write_text("another card")
    (folder / "metrics.json").write_text('{"exact_match": 1.0}')
    weights.verify(folder)


def test_a_folder_without_sums_is_no_model(folder: Path, tmp_path: Path) -> None:
    (folder / weights.SUMS).unlink()
    with pytest.raises(WeightsError, match="holds no SHA256SUMS"):
        weights.verify(folder)
    with pytest.raises(WeightsError, match="no model at"):
        weights.verify(tmp_path / "nowhere")


def test_the_version_changes_with_the_weights(folder: Path) -> None:
    before = weights.version(folder)
    assert len(before) == 12
    weights.seal(folder)
    assert weights.version(folder) == before
    (folder / "model.safetensors").write_bytes(b"3210")
    weights.seal(folder)
    assert weights.version(folder) != before


def test_settings_are_read_or_named(folder: Path) -> None:
    assert weights.read_config(folder) == {"a": 1}
    (folder / "config.json").write_text("{")
    with pytest.raises(WeightsError, match=r"config\.json"):
        weights.read_config(folder)


def test_a_graph_that_cannot_be_loaded_is_a_weights_error(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    (tmp_path / "graph.onnx").write_bytes(b"not a graph")
    for name in ("graph.onnx", "missing.onnx"):
        with pytest.raises(WeightsError, match=name):
            weights.open_session(tmp_path / name)
