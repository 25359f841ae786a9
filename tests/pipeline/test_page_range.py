from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.page_range import PageRange
from scanpage.errors import UsageError


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("2", [2]),
        ("1-3,5", [1, 2, 3, 5]),
        (" 4 - 5".replace(" - ", "-"), [4, 5]),
        ("4-", [4, 5]),  # to the end
        ("3,1,3", [1, 3]),  # each once, in the order of the document
    ],
)
def test_select(text: str, chosen: list[int]) -> None:
    assert PageRange.parse(text).select(5, "notes.pdf") == chosen


@pytest.mark.parametrize("text", ["0", "3-1", "a", "1-2-3", "-3", "1;2", ",", "1 2"])
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--pages"):
        PageRange.parse(text)


@given(st.sets(st.integers(1, 30), min_size=1))
def test_any_set_of_pages_can_be_named(pages: set[int]) -> None:
    text = ",".join(map(str, pages))
    assert PageRange.parse(text).select(30, "x") == sorted(pages)
