"""docs/sign-in.md can be copied from."""

import re
from pathlib import Path

import pytest

from sidecar.config import Config, parse_yaml
from tests.project.test_docs import EXAMPLE, ROOT

PAGE = ROOT / "docs" / "sign-in.md"


def examples() -> list[str]:
    """Each indented block that begins with `sign_in:`."""
    blocks = re.findall(r"(?:^ {4}.*\n|^\n(?= {4}))+", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [block for block in blocks if block.lstrip("\n").startswith("    sign_in:\n")]


def test_each_way_has_an_example() -> None:
    """Whoever has a provider, a file or an authorization server finds how to say so."""
    ways = [name for text in examples() for name in parse_yaml(PAGE, text)["sign_in"]]
    assert {name: ways.count(name) for name in ways} == {"oidc": 6, "htpasswd": 1, "introspection": 1}


@pytest.mark.parametrize("text", examples())
def test_each_example_is_a_configuration(text: str) -> None:
    """As it stands, beside the settings that every installation has."""
    document = parse_yaml(EXAMPLE, Path(EXAMPLE).read_text(encoding="utf-8")) | parse_yaml(PAGE, text)
    assert Config.of(EXAMPLE, document).sign_in != Config.load(EXAMPLE).sign_in
