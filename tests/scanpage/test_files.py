"""Files that are either wholly there or not there at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanpage.errors import ExitCode, OutputError
from scanpage.files import atomic_path, check_folder, write_bytes, write_text


def test_text_is_written_as_utf8_into_folders_that_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "text.txt"
    write_text(path, "\u03b1\n")
    assert path.read_bytes() == b"\xce\xb1\n"


def test_a_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old and long")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.txt"]


def test_the_temporary_file_keeps_the_suffix(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "picture.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path


def test_a_result_is_readable_as_any_new_file_would_be(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    write_bytes(tmp_path / "ours", b"")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["folder", "file/below"])
def test_places_that_cannot_be_written_are_output_errors(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=name) as caught:
        write_bytes(tmp_path / name, b"x")
    assert caught.value.exit_code is ExitCode.UNWRITABLE_OUTPUT
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_a_folder_is_checked_and_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "new" / "below")
    assert list((tmp_path / "new" / "below").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write in") as caught:
        check_folder(tmp_path / "file" / "below")
    assert caught.value.exit_code is ExitCode.UNWRITABLE_OUTPUT
