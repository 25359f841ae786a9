from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.outputs import check_file, deliver, plan, unique_names
from scanpage.errors import OutputError, UsageError


def targets(inputs: list[str], output: str | None) -> list[str | None]:
    return [None if job.target is None else str(job.target) for job in plan(inputs, output)]


def test_plan(tmp_path: Path) -> None:
    folder = str(tmp_path)
    assert targets(["a/notes.pdf", "b.png"], None) == ["notes.tex"]
    assert targets(["-"], None) == ["stdin.tex"]
    assert targets([folder], None) == [f"{tmp_path.name}.tex"]
    assert targets(["a.pdf", "b.pdf"], "-") == [None]
    assert targets(["a.pdf", "b.pdf"], "all.tex") == ["all.tex"]
    assert targets(["a.pdf", "x/a.png"], folder) == [f"{folder}/a.tex", f"{folder}/a-2.tex"]
    assert targets(["a.pdf"], "new/") == ["new/a.tex"]  # a folder that is still to be made
    with pytest.raises(UsageError):
        plan([], None)


def test_unique_names_do_not_meet_each_other() -> None:
    assert unique_names(["a", "a-2", "a", "a"]) == ["a", "a-2", "a-3", "a-4"]


def test_places_are_checked(tmp_path: Path) -> None:
    check_file(tmp_path / "new" / "a.tex")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a folder"):
        check_file(tmp_path)
    with pytest.raises(OutputError, match="cannot write in"):
        check_file(tmp_path / "file" / "a.tex")


def test_deliver_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    deliver("ä\n", None)
    assert capfdbinary.readouterr().out == "ä\n".encode()
