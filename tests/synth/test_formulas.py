import gzip

import pytest

from scanpage.errors import InputError
from synth.formulas import read_formulas


@pytest.mark.parametrize("name", ["list.txt", "list.txt.gz", "list.tsv", "list.tsv.gz"])
def test_lists_are_read_in_order(tmp_path, name):
    prefix = "equation\t" if ".tsv" in name else ""
    data = f"{prefix}x^2\n\n{prefix} a + b \n{prefix}\\alpha".encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert list(read_formulas(path)) == ["x^2", "a + b", "\\alpha"]


@pytest.mark.parametrize(
    ("name", "data"),
    [("list.csv", b"x"), ("list.txt", b"\xff\xfe"), ("list.txt.gz", b"not gzip"), ("list.gz", b"")],
)
def test_unreadable_lists_are_named(tmp_path, name, data):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        list(read_formulas(path))


def test_missing_list(tmp_path):
    with pytest.raises(InputError):
        read_formulas(tmp_path / "none.txt")


def test_formulas_of_several_lines_keep_their_environment(tmp_path):
    path = tmp_path / "list.tsv"
    path.write_text("equation*\tx\nalign*\ta &= b \\\\ c &= d\nalignat\t{2} a &= b\n")
    assert list(read_formulas(path)) == [
        "x",
        "\\begin{align*}a &= b \\\\ c &= d\\end{align*}",
        "\\begin{alignat}{2} a &= b\\end{alignat}",
    ]
