"""A folder is held by one at a time, and by nobody who is gone."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from pipeline.folder_lock import held

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no locks of folders")


def test_a_folder_that_is_held_is_refused_until_it_is_let_go(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with held(folder):
        with pytest.raises(BlockingIOError), held(folder):
            pass
        assert folder.is_dir()
        with held(tmp_path / "other"):
            pass
    with held(folder):
        assert folder.is_dir()


def test_only_an_empty_folder_goes(tmp_path: Path) -> None:
    with held(tmp_path / "empty"), held(tmp_path / "full"):
        (tmp_path / "full" / "page").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_folder_that_was_removed_while_it_was_being_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    folder, lock, calls = tmp_path / "a", fcntl.flock, list[int]()

    def lock_late(handle: int, how: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            folder.rmdir()
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with held(folder):
        assert folder.is_dir() and len(calls) == 2
        with pytest.raises(BlockingIOError), held(folder):
            pass


def test_a_folder_that_another_made_anew_is_left_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    with held(folder):
        folder.rmdir()
        folder.mkdir()
    assert folder.is_dir()


def test_a_folder_that_goes_while_it_is_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    errors: list[OSError] = [FileExistsError(), FileNotFoundError()]
    make = Path.mkdir

    def make_late(path: Path, **options: bool) -> None:
        if errors:
            raise errors.pop()
        make(path, **options)

    monkeypatch.setattr(Path, "mkdir", make_late)
    with held(tmp_path / "a"):
        assert (tmp_path / "a").is_dir() and not errors


def test_where_a_disk_has_no_locks_nobody_is_kept_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def fail(*_: object) -> None:
        raise OSError(errno.EBADF, "no locks")

    monkeypatch.setattr(fcntl, "flock", fail)
    with held(tmp_path / "a"), held(tmp_path / "a"):
        assert (tmp_path / "a").is_dir()
    assert not (tmp_path / "a").exists()
