"""A body's bytes → one JSON object, whatever the Content-Type says. What isn't one is a plain 400, never a fault.

Stricter than the standard library, whose reader takes NaN, keys that stand twice and lone surrogates, and fails on deep
nesting and on integers of thousands of digits. No message repeats what was sent.
"""

import json
import math
from typing import Any, Final

from aiohttp import web

MAX_DEPTH: Final = 16
"""How deep objects and lists may nest; more than any method's body does."""

_LARGEST: Final = 2**63 - 1


class NotJson(web.HTTPBadRequest):
    """400: the body is not JSON, or not an object."""

    def __init__(self, problem: str) -> None:
        super().__init__(reason=problem)


def read_object(body: bytes) -> dict[str, Any]:
    """The object; an empty body is `{}`. Raises NotJson."""
    if not body.strip():
        return {}
    value = _read(body)
    if not isinstance(value, dict):
        raise NotJson("the body must be a JSON object")
    if b"\\u" in body or body.count(b"{") + body.count(b"[") >= MAX_DEPTH:
        _check(value, 1)
    return value


def _read(body: bytes) -> Any:
    try:
        return _DECODER.decode(body.decode())
    except UnicodeDecodeError:
        raise NotJson("the body must be UTF-8") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("the body nests too deep") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a key that stands twice, readers differ on which one counts; so neither does."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise NotJson("a key of the body stands twice")
    return read


def _integer(text: str) -> int:
    if len(text) > 20 or abs(int(text)) > _LARGEST:
        raise NotJson("a number of the body is too large")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotJson("a number of the body is too large")
    return number


def _constant(_: str) -> float:
    raise NotJson("NaN and Infinity are not JSON")


def _check(value: Any, depth: int) -> None:
    """Refuses what nests too deep, and text that is no Unicode: a lone surrogate can't be stored or sent.

    Neither that nor a NUL gets into a text but by an escape, and what has few brackets can't nest deep.
    """
    if depth > MAX_DEPTH:
        raise NotJson("the body nests too deep")
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key)
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    """NUL is no text to some databases."""
    if "\0" in text:
        raise NotJson("a text of the body holds a NUL")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise NotJson("a text of the body holds half a surrogate pair") from None


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
"""Made once: `json.loads` makes one for each body."""
