"""docs/api.md, made from the API's own description: `python -m tests.project.api_page` writes it anew."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from tests.running import PUBLIC_URL
from tests.web.api.calling import callable_api

PAGE: Final = Path(__file__).parents[2] / "docs" / "api.md"

_HEAD: Final = """\
# The management API

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
  too large, 500 for a fault of ours and 503 while a part of ours is out of order, both with the `requestId` of the log.
- Times are RFC 3339 in UTC. A field without a value is left out of a result. A void result is `{{}}`.
- Lists take `limit` (at most 1000), `cursor`, `sort` and `filter`, and answer `nextCursor` while there is more. Without
  a limit they answer everything up to 10,000 items.
- A permission is held by a role that is bound in the project, or on every project. A project without a binding of the
  caller's answers as if it weren't there.

This page is made from the code: `python -m tests.project.api_page` writes it anew.

## Errors

| code | when |
|---|---|
{errors}
"""

ERRORS: Final = {
    "unauthorized": "no credentials, or none that count",
    "forbidden": "known in the project, but a permission is missing; `items` names what is missing",
    "validate": "the body breaks rules; `items` has one text for each fault, which names its field",
    "project_not_found": "it isn't there, or the caller has no binding in it: the same answer",
    "role_not_found": "the project has no role of that name",
    "binding_not_found": "the principal doesn't hold that role there",
    "service_account_not_found": "the project has no account of that id",
    "key_not_found": "the account has no such key",
    "token_not_found": "the caller has no such token",
    "repository_not_found": "the project holds no such repository that the caller may see",
    "sweep_not_found": "there is no such sweep, or it was long ago",
    "tag_not_found": "the repository has no such tag",
    "manifest_not_found": "the repository has no such manifest",
    "manifest_tagged": "a tag points at it; `items` names the tags",
    "manifest_in_use": "an index lists it or a referrer names it, or one that was not read yet may; `items` names them",
    "already_exists": "the id is taken",
    "project_in_use": "the registry still holds repositories of it; `items` names them",
    "role_in_use": "somebody is bound to it; `items` names them",
    "last_owner": "nobody would be left who could give rights back",
    "too_many_keys": "a service account has at most 100 keys",
    "quarantined_event_not_found": "the quarantine has no item of that id",
    "registry_unavailable": "the registry did not answer as it should; nothing was changed",
}


def page(document: Mapping[str, Any]) -> str:
    """The whole page, by the document of `GET /openapi.json`."""
    head = _HEAD.format(url=PUBLIC_URL, errors="\n".join(f"| `{code}` | {when} |" for code, when in ERRORS.items()))
    return head + "".join(_section(path[1:], item["post"], document) for path, item in document["paths"].items())


def _section(name: str, operation: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    content = operation["requestBody"]["content"]["application/json"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    result = schema["oneOf"][0]["properties"]["result"]
    permission = f"`{operation['x-permission']}`" if operation["x-permission"] else "none but to be authenticated"
    return "\n".join(
        (
            f"\n## {name}\n",
            f"{operation['description']}\n",
            f"Permission: {permission}.\nErrors: {', '.join(f'`{code}`' for code in operation['x-errors'])}.\n",
            *_table("request", request_rows(operation, document)),
            *_table("result", _rows(result, document)),
            f"    curl {PUBLIC_URL}/{name} -H \"Authorization: Bearer $TOKEN\" -d '{_example(content['example'])}'\n",
        )
    )


def _example(body: object) -> str:
    return json.dumps(body, ensure_ascii=False).replace("'", r"'\''")


def _table(title: str, rows: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    lines = [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in rows]
    if lines:
        yield "\n".join((f"| {title} | | |", "|---|---|---|", *lines, ""))


def request_rows(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each field of a request: its path, its kind, its meaning."""
    return _rows(operation["requestBody"]["content"]["application/json"]["schema"], document)


_KINDS: Final = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}


def _rows(schema: Mapping[str, Any], document: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """A row for each field, at whatever depth: its path, its kind, its meaning."""
    whole = _resolved(schema, document)
    for name, described in whole.get("properties", {}).items():
        field = _resolved(described, document)
        optional = "" if name in whole.get("required", ()) else ", optional"
        yield f"{path}{name}", _kind(field, document) + optional, described.get("description", "").replace("\n", " ")
        yield from _inside(field, document, f"{path}{name}")
    if "additionalProperties" in whole and isinstance(whole["additionalProperties"], dict):
        yield from _rows(whole["additionalProperties"], document, f"{path}<name>.")


def _inside(field: Mapping[str, Any], document: Mapping[str, Any], path: str) -> Iterator[tuple[str, str, str]]:
    if field.get("type") == "array":
        return _rows(field["items"], document, f"{path}[].")
    return _rows(field, document, f"{path}.")


def _kind(field: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(f"`{choice}`" for choice in field["enum"])
    if field.get("type") == "array":
        return f"list of {_kind(_resolved(field['items'], document), document)}"
    return "time" if field.get("format") == "date-time" else _KINDS[field["type"]]


def _resolved(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, behind a reference or beside "or null", which means absent."""
    if "$ref" in schema:
        return _resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        (one,) = (choice for choice in schema["anyOf"] if choice.get("type") != "null")
        return _resolved(one, document)
    return schema


async def described() -> Mapping[str, Any]:
    """The document of a sidecar that runs for the moment."""
    with tempfile.TemporaryDirectory() as folder:
        async with callable_api(Path(folder)) as api:
            return api.document


if __name__ == "__main__":
    PAGE.write_text(page(asyncio.run(described())), encoding="utf-8")
