"""What `sidecar call` says of the methods of this version: all of them, one of them, the one that was perhaps meant.

The methods themselves are imported when that is asked for, because that takes longer than to call one.
"""

import difflib
import json
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sidecar.cli.call.body import typed
from sidecar.cli.failure import ExitCode, Failure

if TYPE_CHECKING:
    from sidecar.web.api.reference import Field, MethodReference

_NO_URL: Final = "http://127.0.0.1:5051"
_MOST_COLUMNS: Final = 100


def list_lines(namespace: str = "") -> Iterator[str]:
    """Every method with its summary, by namespace; or those of one. Raises Failure where there is no such namespace."""
    wanted = namespace.partition(".")[0].lower()
    methods = [method for method in _methods() if wanted in ("", _namespace(method).lower())]
    if not methods:
        names = ", ".join(dict.fromkeys(_namespace(method) for method in _methods()))
        raise Failure(f"{namespace}: no such namespace; there are {names}", ExitCode.USAGE)
    width = max(len(method.name) for method in methods)
    for number, (_, group) in enumerate(groupby(methods, _namespace)):
        yield from ("",) * min(number, 1)
        yield from (f"{method.name:{width}}  {method.summary}" for method in group)


def help_lines(name: str) -> Iterator[str]:
    """What a method does, takes and answers, what may go wrong, and how it is typed. Raises Failure for no method."""
    method = next((method for method in _methods() if method.name.lower() == name.lower()), None)
    if method is None:
        raise Failure(no_such_method(name), ExitCode.USAGE)
    yield from _paragraph(f"{method.name}: {method.description}")
    yield f"\nPermission: {method.permission or 'none but to be signed in'}"
    yield from _fields("Fields", method.request)
    yield from _fields("Result", method.result)
    yield "\nErrors:"
    for code, meaning in method.errors.items():
        yield from _paragraph(f"{code}: {meaning}", "  ", "      ")
    yield f"\nExample:\n  sidecar call {method.name} {typed(method.example)}".rstrip()


def no_such_method(name: str) -> str:
    """That there is none of this name, and which one may be meant."""
    known = {method.name.lower(): method.name for method in _methods()}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    meant = f"; did you mean {known[near[0]]}?" if near else ";"
    return f"{name}: there is no such method{meant} `sidecar call --list` shows all"


def _fields(title: str, fields: "Sequence[Field]") -> Iterator[str]:
    if fields:
        yield f"\n{title}:"
    for field in fields:
        yield f"  {field.path}  ({_kind(field)})"
        yield from _paragraph(field.meaning, "      ")


def _kind(field: "Field") -> str:
    kind = " or ".join(field.choices) or field.kind
    if not field.optional:
        return kind
    return f"{kind}, optional" if field.default in (None, "", [], {}) else f"{kind}, else {json.dumps(field.default)}"


def _paragraph(text: str, first: str = "", others: str | None = None) -> Iterator[str]:
    width = min(shutil.get_terminal_size().columns, _MOST_COLUMNS)
    others = first if others is None else others
    yield from textwrap.wrap(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _namespace(method: "MethodReference") -> str:
    return method.name.partition(".")[0]


@cache
def _methods() -> "Sequence[MethodReference]":
    from sidecar.web.api.catalogue import described  # noqa: PLC0415 - see above
    from sidecar.web.api.reference import read_methods  # noqa: PLC0415

    return read_methods(described(_NO_URL))
