"""JSON of others: read in one way, or not at all."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.documents import MAX_DEPTH, Ambiguous, read_json


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":2}}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"9223372036854775808",
        b"9" * 5000,
        nested(MAX_DEPTH + 1),
        nested(100_000),
        b"{} {}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_what_two_readers_may_read_differently_is_refused(content: bytes) -> None:
    """Duplicate keys, numbers beyond 64 bits, text that is no Unicode, and what isn't JSON at all."""
    with pytest.raises(Ambiguous):
        read_json(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a":[1,-2.5,true,null,"\xc3\xa9"]}', {"a": [1, -2.5, True, None, "é"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b"9223372036854775807", 2**63 - 1),
        (b"-9223372036854775808", -(2**63)),
        (b' {"a": {} } ', {"a": {}}),
    ],
)
def test_what_is_plain_is_read(content: bytes, value: Any) -> None:
    """To the ends of 64 bits, with escapes that are whole."""
    assert read_json(content) == value


def test_the_deepest_that_is_read() -> None:
    """The bound itself is allowed."""
    assert read_json(nested(MAX_DEPTH - 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_ambiguous(content: bytes) -> None:
    """No other error comes out, so none becomes a 500."""
    with suppress(Ambiguous):
        read_json(content)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
        st.lists,
        max_leaves=8,
    )
)
def test_what_json_writes_is_read_back(value: Any) -> None:
    """Whatever a registry could mean."""
    assert read_json(json.dumps(value).encode()) == value
