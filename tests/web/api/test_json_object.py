"""Reading bodies: one JSON object, or a plain 400."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.web.api.json_object import MAX_DEPTH, NotJson, read_object


@pytest.mark.parametrize("body", [b"", b" \r\n\t", b"{}"])
def test_an_empty_body_is_an_empty_object(body: bytes) -> None:
    """Clients that have nothing to say send nothing."""
    assert read_object(body) == {}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[]", "object"),
        (b"null", "object"),
        (b'"text"', "object"),
        (b"1", "object"),
        (b"{", "line 1"),
        (b"{} {}", "line 1"),
        (b"{'a': 1}", "line 1"),
        (b"\xef\xbb\xbf{}", "line 1"),
        (b'{"a": 1,}', "line 1"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "NaN"),
        (b'{"a": 1e999}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "too large"),
        (b'{"a": 9223372036854775808}', "too large"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": {"b": 1, "b": 1}}', "twice"),
        (b'{"a": "\xff"}', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b'{"a": ["\\u0000"]}', "NUL"),
        (b'{"a": "\\ud800"}', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": ["\\ud83d"]}', "surrogate"),
        (b'{"a": "\x00"}', "line 1"),
        (b"[" * 100_000, "deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "deep"),
        (b'{"a": ' + b"[" * MAX_DEPTH + b"]" * MAX_DEPTH + b"}", "deep"),
    ],
)
def test_what_is_no_plain_object_is_refused(body: bytes, problem: str) -> None:
    """Everything that readers of JSON differ on, or fail on, is a 400 that says what is wrong."""
    with pytest.raises(NotJson) as refused:
        read_object(body)
    assert problem in refused.value.reason


@pytest.mark.parametrize(
    "body", [b'{"a": "\\ud83d\\ude00"}', b'{"a": 9223372036854775807}', b'{"a": "\\u0001", "b": [[1.5]]}']
)
def test_odd_but_sound_json_is_read(body: bytes) -> None:
    """Surrogate pairs, the largest integer and escaped control characters are JSON like any other."""
    assert read_object(body) == json.loads(body)


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(_TEXTS, _VALUES, max_size=5))
def test_what_is_an_object_is_read(value: dict[str, Any]) -> None:
    """Strictness costs no client that writes plain JSON."""
    assert read_object(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    """No bytes make the reader fail in any other way."""
    with suppress(NotJson):
        assert isinstance(read_object(body), dict)
