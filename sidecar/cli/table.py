"""Results as columns: cut to the width of a terminal for who watches one, whole for whatever reads a pipe."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from rich.cells import cell_len, set_cell_size

from sidecar.cli.terminal import printable

_GAP: Final = "  "


def terminal_width() -> int | None:
    """How wide standard output is; None where nobody watches it."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def table_of(rows: Sequence[Any], width: int | None = None) -> Iterator[str]:
    """A line of column names, then one for each row; what a row lacks is left blank. No line is wider than `width`."""
    cells = list(_cells(rows))
    widths = _fitting([max(1, *map(cell_len, column)) for column in zip(*cells, strict=True)], width)
    for row in cells:
        yield _GAP.join(_sized(cell, most) for cell, most in zip(row, widths, strict=True)).rstrip()


def rows_of(result: Mapping[str, Any]) -> Sequence[Any]:
    """The items of a list; of any other result, a row for each field."""
    items = result.get("items")
    if isinstance(items, list):
        return items
    return [{"field": name, "value": value} for name, value in result.items()]


def _fitting(widths: list[int], width: int | None) -> list[int]:
    """The widths with the widest ones made narrower until all fit, so that digests are cut before tags are."""
    if width is not None and widths:
        for _ in range(sum(widths) + len(_GAP) * (len(widths) - 1) - width):
            widths[widths.index(max(widths))] -= max(widths) > 1
    return widths


def _sized(cell: str, width: int) -> str:
    return set_cell_size(cell, width) if cell_len(cell) <= width else f"{set_cell_size(cell, width - 1)}…"


def _cells(rows: Sequence[Any]) -> Iterator[list[str]]:
    """The names of the columns, then each row's cells."""
    named = [row if isinstance(row, dict) else {"item": row} for row in rows]
    columns = list(dict.fromkeys(name for row in named for name in row))
    yield [printable(name) for name in columns]
    for row in named:
        yield [_cell(row.get(name)) for name in columns]


def _cell(value: Any) -> str:
    """Text of others, on one line and harmless to a terminal."""
    if isinstance(value, list):
        value = " ".join(str(part) for part in value)
    return "" if value is None else printable(str(value)).replace("\n", " ")
