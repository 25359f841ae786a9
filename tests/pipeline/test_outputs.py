from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.formats import Format
from pipeline.outputs import check_file, check_own, deliver, format_of, plan, unique_names
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


def test_names_have_the_ending_of_the_format() -> None:
    assert [job.target for job in plan(["a.pdf"], None, kind=Format.HTML)] == [Path("a.html")]
    assert [job.target for job in plan(["a.pdf"], "new/", kind=Format.DOCX)] == [Path("new/a.docx")]
    assert [job.target for job in plan(["a.pdf"], "named.x", kind=Format.DOCX)] == [Path("named.x")]


def test_the_format_is_the_chosen_one_or_that_of_the_ending(tmp_path: Path) -> None:
    assert format_of(None, None) is format_of("-", None) is format_of(str(tmp_path), None) is Format.TEX
    assert format_of("new/", None) is Format.TEX
    assert [format_of(f"a{kind.ending}", None) for kind in Format] == list(Format)
    assert format_of("A.HTML", None) is Format.HTML
    assert format_of("a.html", Format.MARKDOWN) is format_of("a", Format.MARKDOWN) is Format.MARKDOWN
    with pytest.raises(UsageError, match=r"a\.rtf has no ending .* \.tex, \.md, \.html, \.json, \.docx"):
        format_of("a.rtf", None)


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


@pytest.mark.parametrize("name", ["a.docx", "a.html", "a.json"])
def test_a_file_of_someone_else_is_not_taken_for_ours(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"PK by hand")
    with pytest.raises(UsageError, match="was not made by scanpage"):
        check_own(tmp_path / name)


def test_deliver_to_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    deliver("ä\n".encode(), None)
    assert capfdbinary.readouterr().out == "ä\n".encode()
