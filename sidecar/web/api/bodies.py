"""Requests and results as models, and the conventions by which an object of JSON becomes a request.

Keys match without regard to ASCII case, because existing clients differ. Existing typed clients send every field they
know of, so zero values mean absent, and the fields of their older service are taken and ignored. Anything else that a
method doesn't know is refused (S1). All faults of a body are told at once, each with its field.
"""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from sidecar.domain.errors import Invalid
from sidecar.domain.secrets import holds_secret
from sidecar.web.api.fields import PlaceField, ProjectField

LEGACY_FIELDS: Final = frozenset(("location", "projectid", "billingaccount", "channel"))

_ZERO_TEXTS: Final = frozenset(("", "0", "0001-01-01T00:00:00Z"))
_MAX_FAULTS: Final = 100
_ASCII_LOWER: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Body(BaseModel):
    """What a method takes. It is about the installation as a whole, unless it is `InPlace`."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, use_attribute_docstrings=True)


class InPlace(Body):
    """What a method takes whose caller must hold the method's permission in that project, or on every project."""

    project: PlaceField
    """The project's sid, or `*` for every project."""


class InProject(InPlace):
    """What a method takes that is about one project."""

    project: ProjectField
    """The project's sid."""


class AmongRepositories(InProject):
    """What a method takes whose caller may hold the permission on some repositories alone; its use case asks which."""


class Result(BaseModel):
    """What a method answers; a field that is None is left out."""

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


_R = TypeVar("_R", bound=Result)


@dataclass(frozen=True, slots=True)
class Prepared(Generic[_R]):
    """The fields of a result by the names that they are answered under, none of them None.

    Making a model of each item of a list and taking it apart again costs several times what it does to read the item.
    The model still describes the answer, and the tests hold the one to the other.
    """

    fields: Mapping[str, object]


class Nothing(Result):
    """A void result: `{}`."""


_B = TypeVar("_B", bound=Body)


def fold(name: str) -> str:
    """Lower case, for ASCII alone: Unicode's rules would make other letters of `ſ` and `K`."""
    return name.translate(_ASCII_LOWER)


def read_body_as(model: type[_B], fields: Mapping[str, Any]) -> _B:
    """The request in these fields. Raises Invalid with every fault."""
    given, faults = _folded(model, fields)
    try:
        body = model.model_validate(given)
    except ValidationError as error:
        faults += [_fault(each) for each in error.errors(include_url=False, include_context=False)]
    if faults:
        raise Invalid(*faults[:_MAX_FAULTS])
    return body


@cache
def _known(model: type[Body]) -> Mapping[str, str]:
    """The names of its fields, by themselves in lower case."""
    return {fold(field.alias or name): field.alias or name for name, field in model.model_fields.items()}


@cache
def _required(model: type[Body]) -> frozenset[str]:
    """The names in lower case of the fields that it can't do without."""
    return frozenset(fold(field.alias or name) for name, field in model.model_fields.items() if field.is_required())


def _folded(model: type[Body], fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The fields by their own names, without those that are absent; and a fault for each that is given twice."""
    known, required = _known(model), _required(model)
    given: dict[str, Any] = {}
    seen: set[str] = set()
    faults = []
    for key, value in fields.items():
        folded = fold(key)
        if folded in seen:
            faults.append(f"{_shown(key)}: is given twice")
        elif not (_is_absent(value, folded in required) or (folded in LEGACY_FIELDS and folded not in known)):
            given[known.get(folded, key)] = value
        seen.add(folded)
    return given, faults


def _is_absent(value: Any, required: bool) -> bool:
    """A number's zero as text is one only where a field may be absent: a tag may be called `0`."""
    return _is_zero(value) and not (required and value == "0")


def _is_zero(value: Any) -> bool:
    if isinstance(value, str):
        return value in _ZERO_TEXTS
    return value is None or (value == 0 and not isinstance(value, bool))


_WORDS: Final = {
    "missing": "is missing",
    "extra_forbidden": "unknown field",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}


_PYDANTIC: Final = re.compile(r"^(?:Value error, |(?:Tuple|List|String|Input) (?=should))")
"""Its name for what we call a list or a text, before what is wrong with it."""


def _shown(name: str) -> str:
    """A name that somebody sent, no longer than any of ours, and never a secret (S12)."""
    return "(a secret)" if holds_secret(name) else name[:64]


def _fault(error: Any) -> str:
    """`permissions.0: …`: the field, and what is wrong with it."""
    path = ".".join(_shown(str(part)) for part in error["loc"] if part != "[key]")
    problem = _WORDS.get(error["type"], _PYDANTIC.sub("", error["msg"]))
    return f"{path}: {problem}"
