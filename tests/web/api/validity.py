"""Whether a body is good by the API's description and its conventions alone: what a test holds the server to."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from openapi_schema_validator import OAS31Validator

from sidecar.domain.errors import Invalid
from sidecar.domain.names import AccountId, Email, PrincipalName
from sidecar.domain.references import ImageReference
from sidecar.domain.roles import PermissionPattern

Judgement = Literal["good", "faulty", "no object"]

_LEGACY: Final = ("location", "projectid", "billingaccount", "channel")
_ZEROS: Final = ("", "0", "0001-01-01T00:00:00Z")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_FORMATS: Final = OAS31Validator.FORMAT_CHECKER.__class__(formats=())


def judged(document: Mapping[str, Any], method: str, body: Any) -> Judgement:
    """What the API must make of this body, whoever sends it; `good` ones may still break rules between fields."""
    if not isinstance(body, dict) or not _is_plain(body, 1):
        return "no object"
    schema = document["paths"][f"/{method}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    fields = _normal(body, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if fields is None:
        return "faulty"
    validator = OAS31Validator({**schema, "components": document["components"]}, format_checker=_FORMATS)
    return "good" if validator.is_valid(fields) else "faulty"


def _is_plain(value: Any, depth: int) -> bool:
    """No NUL, no half of a surrogate pair, no number of more than 64 bits, no more than 16 levels."""
    match value:
        case str():
            return "\0" not in value and not re.search("[\ud800-\udfff]", value)
        case bool():
            return True
        case int():
            return abs(value) < 2**63
        case list():
            return depth <= 16 and all(_is_plain(item, depth + 1) for item in value)
        case dict():
            return depth <= 16 and all(_is_plain(key, 0) and _is_plain(item, depth + 1) for key, item in value.items())
    return True


def _normal(body: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any] | None:
    """The body as its conventions mean it: names in their own case, without what is absent; None where one stands twice."""
    names = {name.lower(): name for name in model["properties"]}
    folded = [key.lower() if key.isascii() else key for key in body]
    if len(set(folded)) != len(folded):
        return None
    fields = {}
    for key, value in zip(folded, body.values(), strict=True):
        name = names.get(key, key)
        required = name in model.get("required", ())
        if not (_is_absent(value, required) or (key in _LEGACY and key not in names)):
            fields[name] = _number(value) if _is_whole(model["properties"].get(name, {})) else value
    return fields


def _is_absent(value: Any, required: bool) -> bool:
    if isinstance(value, str):
        return value in _ZEROS and not (required and value == "0")
    return value is None or (value == 0 and not isinstance(value, bool))


def _is_whole(schema: Mapping[str, Any]) -> bool:
    return "integer" in [schema.get("type"), *(choice.get("type") for choice in schema.get("anyOf", ()))]


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value


def _takes(make: Callable[[str], object]) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        try:
            return not isinstance(value, str) or make(value) is not None
        except (Invalid, ValueError):
            return False

    return fits


def _line(value: object) -> bool:
    return not isinstance(value, str) or value.isprintable()


def _prose(value: object) -> bool:
    return not isinstance(value, str) or _line(value.replace("\n", "").replace("\t", ""))


def _is_time(text: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise ValueError
    return datetime.fromisoformat(text.upper())


def _holder(text: str) -> str:
    try:
        return AccountId(text)
    except Invalid:
        return PrincipalName(text)


for _name, _check in {
    "line": _line,
    "prose": _prose,
    "email": _takes(Email),
    "principal": _takes(PrincipalName),
    "holder": _takes(_holder),
    "image": _takes(ImageReference.read),
    "permission": _takes(PermissionPattern),
    "date-time": _takes(_is_time),
}.items():
    _FORMATS.checks(_name)(_check)
