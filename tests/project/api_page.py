"""docs/api.md, made from the API's own description and from a day that is really lived: `make docs` writes it anew."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sidecar.web.api.reference import Field, MethodReference, read_methods
from tests.parts import find
from tests.running import PUBLIC_URL
from tests.system.day import shell_of, told_day
from tests.system.stage import staged
from tests.web.api.calling import callable_api

PAGE: Final = Path(__file__).parents[2] / "docs" / "api.md"

_HEAD: Final = """\
# The management API

## The whole day

`$TOKEN`, and `$SIDECAR_TOKEN` for `sidecar call`, is a personal or a scoped token; `$SIDECAR_URL` is
{url}.

{day}
## Conventions

One POST per method, an object of JSON in, one envelope out. Everything here is also at `GET /openapi.json`, which needs
no credentials.

    curl {url}/project.list -H "Authorization: Bearer $TOKEN" -d '{{}}'
    {{"ok":true,"result":{{"items":[{{"sid":"acme","name":"Acme","owns":[],"createdAt":"2026-11-23T12:00:00Z",…}}]}}}}

- Credentials: `Bearer <personal or scoped token>`, `Basic <service account's e-mail>:<key>`, `Basic <e-mail>:<token>`.
  Registry tokens and refresh tokens open nothing here.
- Names of methods and of fields match without regard to case. The body is read as JSON whatever its `Content-Type`
  says; an empty one is `{{}}`. A key that stands twice is an error.
- `""`, `0`, `"0"`, `"0001-01-01T00:00:00Z"` and `null` mean that a field is absent, because typed clients always send
  what they know of. An empty list is a value. `location`, `projectId`, `billingAccount` and `channel` are taken and
  ignored; any other unknown field is an error.
- Errors have status 200, `ok: false`, a code, a message, and `items` with the evidence. Other statuses, in the same
  envelope: 400 for a body that is no object of JSON, 404 for an unknown method, 408 and 413 for one that is too slow or
  too large, 429 with `Retry-After` for wrong credentials again and again, 500 for a fault of ours and 503 while a part
  of ours is out of order, both with the `requestId` of the log.
- Times are RFC 3339 in UTC. A field without a value is left out of a result. A void result is `{{}}`.
- Lists take `limit` (at most 1000), `cursor`, `sort` and `filter`, and answer `nextCursor` while there is more. Without
  a limit they answer everything up to 10,000 items.
- A permission is held by a role that is bound in the project, or on every project. A project without a binding of the
  caller's answers as if it weren't there.

This page is made from the code, and its day by typing it beside a registry: `make docs` writes it anew.

## Errors

| code | when |
|---|---|
{errors}
"""


def page(document: Mapping[str, Any], day: str) -> str:
    """The whole page, by the document of `GET /openapi.json` and what `day.told_day` told."""
    errors = "\n".join(f"| `{code}` | {when} |" for code, when in document["x-errors"].items())
    head = _HEAD.format(url=PUBLIC_URL, errors=errors, day=day)
    return head + "".join(_section(method) for method in read_methods(document))


def _section(method: MethodReference) -> str:
    permission = f"`{method.permission}`" if method.permission else "none but to be authenticated"
    return "\n".join(
        (
            f"\n## {method.name}\n",
            f"{method.description}\n",
            f"Permission: {permission}.\nErrors: {', '.join(f'`{code}`' for code in method.errors)}.\n",
            *_table("request", method.request),
            *_table("result", method.result),
            f"    curl {PUBLIC_URL}/{method.name} -H \"Authorization: Bearer $TOKEN\" -d '{_example(method.example)}'\n",
        )
    )


def _example(body: object) -> str:
    return json.dumps(body, ensure_ascii=False).replace("'", r"'\''")


def _table(title: str, fields: Sequence[Field]) -> Iterator[str]:
    if fields:
        rows = [f"| `{field.path}` | {_kind(field)} | {field.meaning} |" for field in fields]
        yield "\n".join((f"| {title} | | |", "|---|---|---|", *rows, ""))


def _kind(field: Field) -> str:
    kind = ", ".join(f"`{choice}`" for choice in field.choices) or field.kind
    return f"{kind}{_default(field)}" if field.optional else kind


def _default(field: Field) -> str:
    """What counts where the field is left out; empty texts and lists go without saying."""
    return f", else `{json.dumps(field.default)}`" if field.default not in (None, "", [], {}) else ", optional"


def day_of(text: str) -> str:
    """The day that a page tells."""
    return text.partition(f"{PUBLIC_URL}.\n\n")[2].partition("\n## Conventions")[0]


def lived_day() -> str:
    """The day, typed beside a registry of the line 2, which is Debian's. Raises Missing without the real parts."""
    with tempfile.TemporaryDirectory() as folder, staged(Path(folder) / "stage", find("registry-2")) as stage:
        return told_day(shell_of(stage, find("skopeo"), Path(folder) / "day"))


async def described() -> Mapping[str, Any]:
    """The document of a sidecar that runs for the moment."""
    with tempfile.TemporaryDirectory() as folder:
        async with callable_api(Path(folder)) as api:
            return api.document


if __name__ == "__main__":
    PAGE.write_text(page(asyncio.run(described()), lived_day()), encoding="utf-8")
