"""What is wrong with a configuration, one line a fault: where it stands, what it is, and what the setting is for."""

from typing import Any, Final

from sidecar.config.section import Section, mapping_in, section_of

_ADVICE: Final = {
    "extra_forbidden": "unknown setting; see docs/configuration.md, or remove it",
    "missing": "is missing",
    "model_type": "must be a mapping of settings",
}


def fault(model: type[Section], error: Any) -> str:
    """The line for this one of pydantic's errors."""
    path = ".".join(str(part) for part in error["loc"]) or "the document"
    problem = _ADVICE.get(error["type"], error["msg"].removeprefix("Value error, "))
    described = _description(model, error["loc"])
    return f"{path}: {problem}" + (f" ({described})" if described else "")


def _description(model: type[Section], location: tuple[str | int, ...]) -> str | None:
    field = None
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(str(part))
        if field is None:
            return None
        model = section_of(field.annotation) or mapping_in(field.annotation) or model
    return field.description.split(". ")[0].rstrip(".") if field and field.description else None
