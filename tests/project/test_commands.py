"""docs/commands.md says what commands do, and every page types them as they are."""

import re
from pathlib import Path

import pytest

from sidecar.cli.call.method_help import list_lines
from sidecar.cli.failure import ExitCode
from tests.project.test_help import COMMANDS, shown

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
TYPED = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *(ROOT / "deploy/kubernetes").iterdir()]
_METHODS = "\n".join(list_lines(""))


def test_every_exit_code_is_explained() -> None:
    """Scripts are written by this table, which has each code once."""
    assert [int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)] == [*ExitCode]


def test_every_command_stands_there() -> None:
    """In the order of `sidecar --help`, and in its words."""
    listed = re.findall(r"^  (\S+) +(.*)$", shown().partition("\nCommands:\n")[2], re.MULTILINE)
    assert re.findall(r"^\| `([a-z-]+)` \| (.*?) \|", PAGE, re.MULTILINE) == listed


def test_its_options_are_those_of_the_command() -> None:
    """Each `--option` that the page names stands in the help of `sidecar call`."""
    named = set(re.findall(r"(?<=[` ])--[a-z]+", PAGE.partition("## sidecar call")[2]))
    assert {option for option in named if option not in shown("call")} == set()


@pytest.mark.parametrize("page", TYPED, ids=lambda page: page.name)
def test_what_is_typed_is_there(page: Path) -> None:
    """Each `sidecar …` of a page is a command, has each option that is given to it, and calls a method that there is."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = re.findall(r"(?:^ *|[`$] ?|exec sidecar )sidecar ((?!cat )[a-z][^\n`|]*)", text, re.MULTILINE)
    assert [line for line in lines if not _is_known(line)] == []


def _is_known(line: str) -> bool:
    words = line.split()
    command = max((each for each in COMMANDS if tuple(words[: len(each)]) == each), key=len)
    options = {word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)}
    called = words[1:2] if command == ("call",) and "." in "".join(words[1:2]) else []
    return (
        command != ()
        and all(re.search(rf"(?<![\w-]){option}\b", shown(*command)) for option in options)
        and all(re.search(rf"^{method} ", _METHODS, re.MULTILINE) for method in called)
    )
