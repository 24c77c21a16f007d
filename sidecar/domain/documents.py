"""Reading JSON that somebody else wrote: bounded, and refused wherever two readers could understand it differently."""

import json
import math
from typing import Any, Final

MAX_DEPTH: Final = 32


class Ambiguous(ValueError):
    """Not JSON, or JSON that two readers may read differently."""


def read_json(content: bytes) -> Any:
    """The value of a UTF-8 JSON document.

    Raises Ambiguous for bad UTF-8, duplicate keys, NaN and infinities, lone surrogates, integers beyond 64 bits, and
    nesting deeper than MAX_DEPTH.
    """
    try:
        text = content.decode("utf-8")
        value = _STRICT.decode(text)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise Ambiguous("nested too deeply") from None
    except ValueError as error:
        raise Ambiguous(str(error)[:200]) from None
    if _opened(content) > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Ambiguous("nested too deeply")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise Ambiguous("a key stands twice in one object")
    return document


def _refuse(constant: str) -> None:
    raise Ambiguous(f"{constant} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**63:
        raise Ambiguous("an integer is beyond 64 bits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Ambiguous("a number is beyond what a double holds")
    return number


def _opened(content: bytes) -> int:
    """How many objects and lists there can be at most: counted much quicker than how deep they stand."""
    return content.count(b"{") + content.count(b"[")


def _depth(value: Any) -> int:
    deepest, layer = 0, [value]
    while layer:
        deepest += 1
        layer = [inner for outer in layer if isinstance(outer, dict | list) for inner in _members(outer)]
    return deepest


def _members(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse, parse_int=_integer, parse_float=_finite
)
