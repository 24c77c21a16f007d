"""A method's body as it is typed: `key=value`, `key:=json`, or `-` for an object of JSON on standard input."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TextIO

from sidecar.cli.failure import ExitCode, Failure

STANDARD_INPUT: Final = "-"


def read_body(arguments: Sequence[str], stdin: TextIO) -> dict[str, Any]:
    """The body of these arguments; what is typed comes before what stands on standard input. Raises Failure."""
    body: dict[str, Any] = {}
    if STANDARD_INPUT in arguments:
        body = _object(stdin)
    return body | dict(_field(text) for text in arguments if text != STANDARD_INPUT)


def typed(body: Mapping[str, Any]) -> str:
    """The body as somebody would type it into a shell."""
    return " ".join(_words(body))


def _words(body: Mapping[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        text = f"={value}" if isinstance(value, str) else f":={json.dumps(value, ensure_ascii=False)}"
        yield key + text[: text.index("=") + 1] + shlex.quote(text[text.index("=") + 1 :])


def _object(stdin: TextIO) -> dict[str, Any]:
    try:
        body = json.load(stdin)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"what stands on standard input isn't JSON: {error}") from None
    if not isinstance(body, dict):
        raise _wrong("what stands on standard input must be an object of JSON")
    return body


def _field(text: str) -> tuple[str, Any]:
    """`key=value` is text, `key:=json` any value."""
    key, equals, value = text.partition("=")
    if not equals or not key.removesuffix(":"):
        raise _wrong(f"{text!r} is neither key=value nor key:=json nor -")
    if not key.endswith(":"):
        return key, value
    try:
        return key[:-1], json.loads(value)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"{text!r}: what stands behind := isn't JSON: {error}") from None


def _wrong(fault: str) -> Failure:
    return Failure(fault, ExitCode.USAGE)
