"""What commands say of themselves."""

import re
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from sidecar.cli.main import app


def shown(*arguments: str) -> str:
    ended = CliRunner().invoke(app, [*arguments, "--help"], prog_name="sidecar", terminal_width=78)
    assert ended.exit_code == 0
    return ended.output


def commands(*path: str) -> Iterator[tuple[str, ...]]:
    """Every command and group below this one, as it is typed."""
    yield path
    listed = shown(*path).partition("\nCommands:\n")[2]
    for name in re.findall(r"^  (\S+)", listed, re.MULTILINE):
        yield from commands(*path, name)


COMMANDS = [*commands()]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_is_explained(command: tuple[str, ...]) -> None:
    """Its list of commands cuts no sentence short; a command shows how it is typed, and each option what it means."""
    text = shown(*command)
    assert "..." not in text.partition("\nCommands:\n")[2]
    if "\nCommands:\n" not in text:
        assert f"sidecar {' '.join(command)}" in text.partition("Example")[2]
    assert not re.search(r"^  (-\S+, )?--[a-z-]+( \S+)?$(?!\n {8})", text, re.MULTILINE)


def test_without_a_command_the_way_in_is_shown() -> None:
    """Whoever types `sidecar` and nothing else learns how to begin."""
    text = CliRunner().invoke(app, [], prog_name="sidecar").output
    assert all(f"\n    sidecar {way}" in text for way in ("quickstart", "init --help", "call --list"))
