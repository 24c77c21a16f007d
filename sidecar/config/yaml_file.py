"""YAML as it is read here: plain values under plain keys, and nothing that would be lost or blown up in silence."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from sidecar.config.errors import ConfigError


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in this YAML file; raises ConfigError if there is none."""
    return parse_yaml(path, read_text(path))


def parse_yaml(path: Path, text: str) -> dict[str, Any]:
    """The mapping in this text: plain values under plain keys, nothing that JSON couldn't say. `path` is for errors."""
    try:
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader that refuses still more
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # PyYAML lets the last two out: 0b_, [[[[…
        raise ConfigError(path, [f"not YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(document, dict):
        raise ConfigError(path, ["must be a mapping, such as public_url: https://…"])
    return document


def read_text(path: Path, advice: str = "") -> str:
    """The text of a file; raises ConfigError if it can't be read, with this advice where there is none."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(path, [f"no such file{advice}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"can't be read: {error}"]) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases (S39: they blow up), tags, dates, and duplicate keys (one would be lost in silence)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it untyped
        if isinstance(event, yaml.AliasEvent):
            raise _yaml_fault("aliases are refused; write the value out", event)
        if getattr(event, "tag", None) is not None:
            raise _yaml_fault("tags are refused; write the plain value", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _yaml_fault("a key must be plain text", key)
            if key.value in seen:
                raise _yaml_fault(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":merge", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml_fault(problem: str, place: yaml.NodeEvent | yaml.Node) -> yaml.YAMLError:
    mark = place.start_mark
    return yaml.YAMLError(f"{problem}, line {mark.line + 1}" if mark else problem)
