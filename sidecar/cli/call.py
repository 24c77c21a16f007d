"""`sidecar call`: any method of the management API, by whoever has a token."""

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import aiohttp
import typer

from sidecar.cli.api_client import ApiClient
from sidecar.cli.failure import Failure
from sidecar.cli.terminal import printable


def call(
    method: Annotated[str, typer.Argument(help="Such as project.list; GET /openapi.json tells of all.")],
    fields: Annotated[list[str] | None, typer.Argument(metavar="key=value|key:=json", help="The body.")] = None,
    url: Annotated[str, typer.Option(envvar="SIDECAR_URL", help="The sidecar.")] = "http://127.0.0.1:5051",
    table: Annotated[bool, typer.Option("--table", help="Lists as columns, for people.")] = False,
) -> None:
    """Call a method of the management API and print its result as JSON, or a list as a table.

    The token stands in the environment variable SIDECAR_TOKEN: a personal or a scoped one.

    \b
    Example:
      SIDECAR_TOKEN=$(cat admin.token) sidecar call role.bind project=acme email=ann@example.com roles:='["owner"]'
    """
    token = os.environ.get("SIDECAR_TOKEN", "").strip()
    if not token:
        raise Failure("SIDECAR_TOKEN is not set: put a personal or a scoped token into it")
    result = asyncio.run(_call(url, token, method, dict(_field(field) for field in fields or ())))
    items = result.get("items")
    if table and isinstance(items, list):
        typer.echo("\n".join(table_of(items)))
    else:
        typer.echo(json.dumps(result, indent=2, ensure_ascii=False))


def table_of(items: Sequence[Any]) -> Iterator[str]:
    """A line of column names, then one for each item; what an item lacks is left blank."""
    rows = [item if isinstance(item, dict) else {"item": item} for item in items]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [columns, *([_cell(row.get(name)) for name in columns] for row in rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(columns))]
    for row in cells:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _cell(value: Any) -> str:
    """Text of others, on one line and harmless to a terminal."""
    if isinstance(value, list):
        value = " ".join(str(part) for part in value)
    return "" if value is None else printable(str(value)).replace("\n", " ")


async def _call(url: str, token: str, method: str, body: dict[str, Any]) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session:
        return await ApiClient(session, url, token).call(method, **body)


def _field(text: str) -> tuple[str, Any]:
    """`key=value` is text, `key:=json` any value."""
    key, equals, value = text.partition("=")
    if not equals or not key.removesuffix(":"):
        raise Failure(f"{text!r} is neither key=value nor key:=json")
    if not key.endswith(":"):
        return key, value
    try:
        return key[:-1], json.loads(value)
    except json.JSONDecodeError as error:
        raise Failure(f"{text!r}: what stands behind := isn't JSON: {error}") from None
