"""Every setting that there is, out of the models: what docs/configuration.md and the example are held to."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from sidecar.config.document import Config
from sidecar.config.section import Section, mapping_in, section_of


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its path, such as `tokens.issuer`, its meaning, and its default as YAML, None where it has none."""

    path: str
    meaning: str
    default: str | None


def settings(model: type[Section] = Config, prefix: str = "") -> Iterator[Setting]:
    """Every setting that there is, in the order of the models; those of mappings that may be absent come last."""
    inner = []
    for name, field in model.model_fields.items():
        section = section_of(field.annotation)
        if section is not None:
            yield from settings(section, f"{prefix}{name}.")
            continue
        yield Setting(prefix + name, field.description or "", None if field.is_required() else _as_yaml(field.default))
        mapping = mapping_in(field.annotation)
        if mapping is not None:
            inner.append(settings(mapping, f"{prefix}{name}{'[]' if field.default == () else ''}."))
    for each in inner:
        yield from each


def _as_yaml(value: object) -> str:
    plain = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True).removesuffix("\n").removesuffix("\n...")
