"""Cursors come back as they went; whatever else is given is refused as a bad request."""

from __future__ import annotations

import base64
import contextlib
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.db import paging
from basefly.base.errors import Invalid

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(JSON, max_size=5))
def test_what_goes_in_comes_out(values: list[object]) -> None:
    cursor = paging.encode(values)
    assert cursor.replace("-", "").replace("_", "").isalnum(), "it needs no escaping in an address"
    if len(cursor) <= paging.LIMIT:
        assert paging.decode(cursor, len(values)) == values


def test_identifiers_travel_as_text() -> None:
    name = UUID(int=7)
    assert paging.decode(paging.encode([name])) == [str(name)]


@given(st.text())
def test_text_gives_a_list_or_a_refusal(text: str) -> None:
    with contextlib.suppress(Invalid):
        assert isinstance(paging.decode(text), list)


@pytest.mark.parametrize(
    "text", ["", "!", "bnVsbA", "e30", base64.b64encode(b"[" * 3000).decode(), paging.encode(["x" * 5000])]
)
def test_what_no_list_gave_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        paging.decode(text)
    assert "next" in refused.value.cure


def test_a_cursor_of_another_order_is_refused() -> None:
    with pytest.raises(Invalid):
        paging.decode(paging.encode(["name"]), 2)


def test_a_key_has_the_types_of_its_list() -> None:
    id_ = UUID(int=7)
    assert paging.key("", tuple[str, UUID]) is None
    assert paging.key(paging.encode(["a", id_]), tuple[str, UUID]) == ("a", id_)
    for wrong in (["a"], ["a", "b"], [1, id_], ["a", id_, 1]):
        with pytest.raises(paging.WrongCursor):
            paging.key(paging.encode(wrong), tuple[str, UUID])
