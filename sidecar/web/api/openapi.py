"""`GET /openapi.json`: OpenAPI 3.1 of every method, made from the models that validate. It needs no credentials."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue, models_json_schema
from pydantic_core import core_schema

from sidecar.web.api.bodies import InPlace
from sidecar.web.api.error_codes import MEANINGS
from sidecar.web.api.methods import AnyMethod, MethodTable

PATH: Final = "/openapi.json"

_SCHEMAS: Final = "#/components/schemas/"
_ABOUT: Final = """\
One POST per method, an object of JSON in, one envelope out: `{"ok":true,"result":{…}}`, or \
`{"ok":false,"error":{"code":…,"message":…,"items":[…]}}` with status 200 too.

Names of methods and of fields match without regard to case. The body is read as JSON whatever its Content-Type; an \
empty one is `{}`. `""`, `0`, `"0"`, `"0001-01-01T00:00:00Z"` and `null` mean that a field is absent. The fields \
`location`, `projectId`, `billingAccount` and `channel` are taken and ignored; any other unknown field is an error. \
A required field may be `"0"`, a whole number may be sent as text, and permissions match without regard to case.

Formats besides those of JSON Schema: `line` is printable characters, `prose` has lines and tabs besides; a `cursor` \
is what a list gave; `permission`, `principal`, `holder` and `image` are what their fields say. No text holds a NUL or \
a secret."""
_STATUSES: Final = {
    "400": "The body is not JSON, or not an object.",
    "404": "There is no such method.",
    "408": "The request did not arrive in time.",
    "413": "The body is too large.",
    "429": "Too many calls with credentials that don't count; Retry-After says for how many seconds to wait.",
    "500": "A fault of ours; the request's id finds it in the log.",
    "503": "Something that the answer depends on is out of order.",
}
_ERROR: Final = {
    "type": "object",
    "required": ["ok", "error"],
    "properties": {
        "ok": {"const": False},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "items": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "One text per piece of evidence.",
                },
                "requestId": {"type": "string"},
            },
        },
    },
}


def openapi_routes(methods: MethodTable, public_url: str) -> list[web.RouteDef]:
    """The one route; the document is made once."""
    body = orjson.dumps(describe(methods, public_url))

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    return [web.get(PATH, answer)]


def describe(methods: MethodTable, public_url: str) -> dict[str, Any]:
    """The document."""
    schemas, definitions = _schemas(methods)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Registry sidecar: management API", "version": "1", "description": _ABOUT},
        "servers": [{"url": public_url}],
        "security": [{"bearer": []}, {"basic": []}],
        "x-errors": MEANINGS,
        "paths": {f"/{method.name}": {"post": _operation(method, schemas)} for method in methods},
        "components": {
            "schemas": {**definitions, "Error": _ERROR},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A personal or a scoped token."},
                "basic": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A service account's e-mail and key, or an e-mail and its token.",
                },
            },
        },
    }


class _Schema(GenerateJsonSchema):
    """Without pydantic's titles of fields, which are their names spelled worse."""

    def field_title_should_be_set(self, _: object) -> bool:
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        """Names that don't fit the pattern are refused, and not left to whatever value."""
        made = super().dict_schema(schema)
        for pattern, value in made.pop("patternProperties", {}).items():
            made["propertyNames"] = {**made.get("propertyNames", {}), "pattern": pattern}
            made["additionalProperties"] = value
        return made


_Schemas = Mapping[tuple[type, JsonSchemaMode], Any]


def _schemas(methods: MethodTable) -> tuple[_Schemas, dict[str, Any]]:
    """Each model's reference by what it is for, and what the references name."""
    models: list[tuple[type[Any], JsonSchemaMode]] = []
    for method in methods:
        models += [(method.request, "validation"), (method.result, "serialization")]
    references, document = models_json_schema(models, ref_template=_SCHEMAS + "{model}", schema_generator=_Schema)
    return references, document["$defs"]


def _operation(method: AnyMethod, schemas: _Schemas) -> dict[str, Any]:
    return {
        "operationId": method.name,
        "tags": [method.name.partition(".")[0]],
        "summary": method.description.partition("\n\n")[0].partition(". ")[0].rstrip("."),
        "description": method.description,
        "x-permission": method.permission,
        "x-errors": errors_of(method),
        "requestBody": {
            "required": any(field.is_required() for field in method.request.model_fields.values()),
            "content": {
                "application/json": {
                    "schema": schemas[method.request, "validation"],
                    "example": method.example,
                }
            },
        },
        "responses": {
            "200": _envelope(schemas[method.result, "serialization"], errors_of(method)),
            **{status: _failure(text) for status, text in _STATUSES.items()},
        },
    }


def errors_of(method: AnyMethod) -> list[str]:
    """The codes of every error that this method answers with status 200."""
    common = ["unauthorized", "validate"]
    if method.permission is not None:
        common.append("forbidden")
    if issubclass(method.request, InPlace):
        common.append("project_not_found")
    return common + [code for code in method.errors if code not in common]


def _envelope(result: Any, codes: Sequence[str]) -> dict[str, Any]:
    success = {
        "type": "object",
        "required": ["ok", "result"],
        "properties": {"ok": {"const": True}, "result": result},
    }
    error = {"properties": {"error": {"properties": {"code": {"enum": list(codes)}}}}}
    schema = {"oneOf": [success, {"allOf": [{"$ref": f"{_SCHEMAS}Error"}, error]}]}
    return {"description": "The result, or why there is none.", "content": {"application/json": {"schema": schema}}}


def _failure(text: str) -> dict[str, Any]:
    schema = {"$ref": f"{_SCHEMAS}Error"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}
