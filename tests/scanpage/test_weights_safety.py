"""Model folders that are damaged, swapped, incomplete or hostile: one clear line, and nothing of them is loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanpage import weights
from scanpage.errors import ExitCode, WeightsError

Harm = Callable[[Path], object]
FILES = {
    "recognizer.json": b'{"a": 1}',
    "encoder.onnx": b"encoder",
    "decoder.onnx": b"decoder",
    "model.safetensors": b"w",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sealed folder with a recognizer's file names; beside it lies a file of weights that is none of its own."""
    model = tmp_path / "model"
    model.mkdir()
    for name, content in FILES.items():
        (model / name).write_bytes(content)
    (tmp_path / "other.bin").write_bytes(bytes(64))
    weights.seal(model)
    return model


def refusal(folder: Path) -> str:
    """What `locate` says of a folder that it refuses."""
    with pytest.raises(WeightsError) as caught:
        weights.locate("recognizer", folder)
    assert caught.value.exit_code is ExitCode.BROKEN_WEIGHTS
    message = str(caught.value)
    assert "\n" not in message
    assert "export" in message or "cannot be read" in message  # what to do, or what the system says
    return message


def swap(folder: Path) -> None:
    (folder / "encoder.onnx").rename(folder / "third")
    (folder / "decoder.onnx").rename(folder / "encoder.onnx")
    (folder / "third").rename(folder / "decoder.onnx")


HARM: dict[str, tuple[Harm, str]] = {
    "truncated": (lambda f: (f / "encoder.onnx").write_bytes(b"enc"), "encoder.onnx is damaged"),
    "empty": (lambda f: (f / "model.safetensors").write_bytes(b""), "model.safetensors is damaged"),
    "swapped": (swap, "decoder.onnx is damaged"),
    "longer": (lambda f: (f / "decoder.onnx").write_bytes(b"decoder\n"), "decoder.onnx is damaged"),
    "missing": (lambda f: (f / "decoder.onnx").unlink(), "decoder.onnx is missing"),
    "a folder": (lambda f: ((f / "decoder.onnx").unlink(), (f / "decoder.onnx").mkdir()), "decoder.onnx is missing"),
    "a link to nothing": (
        lambda f: ((f / "decoder.onnx").unlink(), (f / "decoder.onnx").symlink_to(f / "nowhere")),
        "decoder.onnx is missing",
    ),
    "a link to another file": (
        lambda f: ((f / "decoder.onnx").unlink(), (f / "decoder.onnx").symlink_to(f / "encoder.onnx")),
        "decoder.onnx is damaged",
    ),
    "a graph added": (lambda f: (f / "extra.onnx").write_bytes(b"x"), "extra.onnx is not listed"),
    "weights added": (lambda f: (f / "extra.safetensors").write_bytes(b"x"), "extra.safetensors is not listed"),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_harmed_folder_is_refused(folder: Path, harm: str) -> None:
    do, expected = HARM[harm]
    do(folder)
    assert expected in refusal(folder)


def test_every_single_byte_counts(folder: Path) -> None:
    for name, content in FILES.items():
        for i in range(len(content)):
            (folder / name).write_bytes(content[:i] + bytes([content[i] ^ 1]) + content[i + 1 :])
            assert f"{name} is damaged" in refusal(folder)
        (folder / name).write_bytes(content)
    assert weights.locate("recognizer", folder) == folder


DIGEST = "0" * 64
SUMS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is not listed"),
    "prose": (b"all is well\n", "SHA256SUMS is damaged"),
    "a line without a name": (DIGEST.encode(), "SHA256SUMS is damaged"),
    "short digest": (b"abc  encoder.onnx\n", "SHA256SUMS is damaged"),
    "not text": (b"\xff\xfe\x00", "cannot be read"),
    "another folder": (f"{DIGEST}  ../other.bin\n".encode(), "SHA256SUMS is damaged"),
    "the folder itself": (f"{DIGEST}  ..\n".encode(), "SHA256SUMS is damaged"),
    "an absolute path": (f"{DIGEST}  /etc/hostname\n".encode(), "SHA256SUMS is damaged"),
}


@pytest.mark.parametrize("case", SUMS)
def test_sums_that_do_not_vouch_for_the_files_are_refused(folder: Path, case: str) -> None:
    content, expected = SUMS[case]
    (folder / weights.SUMS).write_bytes(content)
    assert expected in refusal(folder)


def test_each_line_of_the_sums_is_needed(folder: Path) -> None:
    lines = (folder / weights.SUMS).read_text().splitlines(keepends=True)
    for missing in lines:
        (folder / weights.SUMS).write_text("".join(line for line in lines if line != missing))
        assert f"{missing.split()[1]} is not listed" in refusal(folder)


def test_sums_may_not_name_files_that_are_not_there(folder: Path) -> None:
    with (folder / weights.SUMS).open("a") as file:
        file.write(f"{DIGEST}  more.onnx\n")
    assert "more.onnx is missing" in refusal(folder)


def test_a_folder_behind_a_link_is_a_folder(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert weights.locate("recognizer", tmp_path / "link") == tmp_path / "link"


def test_a_file_in_place_of_the_folder_is_refused(folder: Path) -> None:
    assert "no model at" in refusal(folder / "encoder.onnx")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[1]", b'"text"', b"\xff", b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"]
)
def test_settings_that_are_none_are_a_weights_error(folder: Path, content: bytes) -> None:
    (folder / "recognizer.json").write_bytes(content)
    with pytest.raises(WeightsError, match=r"recognizer\.json") as caught:
        weights.read_json(folder / "recognizer.json")
    assert "\n" not in str(caught.value)


def graph(path: Path, place: str, *, offset: int = 0) -> None:
    """y = x + w, where w [4] is said to lie in the file `place`."""
    onnx = pytest.importorskip("onnx")
    tensor = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[4])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", place), ("offset", offset), ("length", 16)):
        tensor.external_data.add(key=key, value=str(value))
    x, y = (onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4]) for name in "xy")
    made = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [tensor])
    model = onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def test_a_graph_reads_weights_that_the_sums_list(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes(64))
    graph(folder / "encoder.onnx", "model.safetensors")
    weights.seal(folder)
    weights.open_session(weights.locate("recognizer", folder) / "encoder.onnx", 1)


@pytest.mark.parametrize("place", ["../other.bin", "notes.txt", "./model.safetensors", "a" * 200, ""])
def test_a_graph_that_reads_anything_else_is_refused(folder: Path, place: str) -> None:
    (folder / "notes.txt").write_bytes(bytes(64))
    graph(folder / "encoder.onnx", place)
    weights.seal(folder)
    assert "encoder.onnx reads weights from" in refusal(folder)


@pytest.mark.parametrize("offset", [60, -16, 10**18])
def test_weights_outside_their_file_are_told_in_one_line(
    folder: Path, offset: int, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxruntime")
    (folder / "model.safetensors").write_bytes(bytes(64))
    graph(folder / "encoder.onnx", "model.safetensors", offset=offset)
    with pytest.raises(WeightsError, match="cannot be loaded") as caught:
        weights.open_session(folder / "encoder.onnx", 1)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert capfd.readouterr().err == ""


def test_no_pickle_is_ever_loaded(folder: Path) -> None:
    """A pickle in a graph's place is not run."""
    pytest.importorskip("onnxruntime")
    proof = folder.parent / "proof"
    command = f"touch {proof}"
    (folder / "encoder.onnx").write_bytes(b"cposix\nsystem\n(S'" + command.encode() + b"'\ntR.")
    weights.seal(folder)
    with pytest.raises(WeightsError, match="cannot be loaded"):
        weights.open_session(weights.locate("recognizer", folder) / "encoder.onnx", 1)
    assert not proof.exists()
