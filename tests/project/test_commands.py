"""docs/commands.md says what commands do."""

import re
from pathlib import Path

from sidecar.cli.failure import ExitCode
from tests.project.test_help import shown

PAGE = (Path(__file__).parents[2] / "docs/commands.md").read_text(encoding="utf-8")


def test_every_exit_code_is_explained() -> None:
    """Scripts are written by this table, which has each code once."""
    assert [int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)] == [*ExitCode]


def test_its_options_are_those_of_the_command() -> None:
    """Each `--option` that the page names stands in the help of `sidecar call`."""
    named = set(re.findall(r"(?<=[` ])--[a-z]+", PAGE.partition("## sidecar call")[2]))
    assert {option for option in named if option not in shown("call")} == set()
