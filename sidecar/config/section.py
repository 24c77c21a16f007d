"""What every section of the file is: a frozen model that refuses what it doesn't know."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """The docstring below a setting is its meaning in docs/configuration.md; its first sentence stands in faults."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)


def section_of(annotation: Any) -> type[Section] | None:
    """The section that this setting is; None for one that is a value, a list, or a mapping that may be absent."""
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def mapping_in(annotation: Any) -> type[Section] | None:
    """The model of the mappings in a list, or of one that may be absent."""
    return next((model for part in get_args(annotation) if (model := section_of(part)) is not None), None)
