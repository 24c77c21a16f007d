"""The API's own description, read for people: what docs/api.md and `sidecar call METHOD --help` show of it.

It knows nothing but the document of `GET /openapi.json`, so that page, help and document can't differ.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

_Schema = Mapping[str, Any]
_KINDS: Final = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field at whatever depth: `path` is `items[].name`, `default` None where the document names none."""

    path: str
    kind: str
    choices: tuple[str, ...]
    optional: bool
    default: Any
    meaning: str


@dataclass(frozen=True, slots=True)
class MethodReference:
    """What somebody needs to know to call a method. `errors` are its codes, each with its meaning."""

    name: str
    summary: str
    description: str
    permission: str | None
    errors: Mapping[str, str]
    example: Mapping[str, Any]
    request: tuple[Field, ...]
    result: tuple[Field, ...]

    @classmethod
    def read(cls, name: str, operation: _Schema, document: _Schema) -> Self:
        content = operation["requestBody"]["content"]["application/json"]
        envelope = operation["responses"]["200"]["content"]["application/json"]["schema"]
        return cls(
            name=name,
            summary=operation["summary"],
            description=operation["description"],
            permission=operation["x-permission"],
            errors={code: document["x-errors"].get(code, "") for code in operation["x-errors"]},
            example=content["example"],
            request=tuple(_fields(content["schema"], document)),
            result=tuple(_fields(envelope["oneOf"][0]["properties"]["result"], document)),
        )


def read_methods(document: _Schema) -> Sequence[MethodReference]:
    """Every method of the document, in its order."""
    paths = document["paths"].items()
    return [MethodReference.read(path.removeprefix("/"), item["post"], document) for path, item in paths]


def _fields(schema: _Schema, document: _Schema, path: str = "") -> Iterator[Field]:
    whole = _resolved(schema, document)
    for name, described in whole.get("properties", {}).items():
        field = _resolved(described, document)
        yield Field(
            path=f"{path}{name}",
            kind=_kind(field, document),
            choices=tuple(field.get("enum", ())),
            optional=name not in whole.get("required", ()),
            default=described.get("default"),
            meaning=described.get("description", "").replace("\n", " "),
        )
        yield from _inside(field, document, f"{path}{name}")
    if isinstance(whole.get("additionalProperties"), dict):
        yield from _fields(whole["additionalProperties"], document, f"{path}<name>.")


def _inside(field: _Schema, document: _Schema, path: str) -> Iterator[Field]:
    if field.get("type") == "array":
        return _fields(field["items"], document, f"{path}[].")
    return _fields(field, document, f"{path}.")


def _kind(field: _Schema, document: _Schema) -> str:
    if field.get("type") == "array":
        return f"list of {_kind(_resolved(field['items'], document), document)}"
    return "time" if field.get("format") == "date-time" else _KINDS[field["type"]]


def _resolved(schema: _Schema, document: _Schema) -> _Schema:
    """The schema itself, behind a reference or beside "or null", which means absent."""
    if "$ref" in schema:
        return _resolved(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        (one,) = (choice for choice in schema["anyOf"] if choice.get("type") != "null")
        return _resolved(one, document)
    return schema
