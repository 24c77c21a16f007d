"""Text on its way to a terminal."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.cli.check import command as check_command
from sidecar.cli.check.finding import Finding
from sidecar.cli.terminal import printable
from tests.cli.servers import installed


def test_what_others_wrote_does_not_reach_the_terminal() -> None:
    """S10: escapes, bells and direction marks are shown as what they are."""
    assert printable("a\x1b[2J\x07é\u202eb\nc") == "a\\x1b[2J\\x07é\\u202eb\nc"


def test_what_check_finds_does_not_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """S10: a registry's challenge and the names in a password file are others' words."""

    async def found(*_: object) -> AsyncIterator[Finding]:
        yield Finding("note", "wants \x1b]0;gotcha\x07")

    monkeypatch.setattr(check_command, "diagnose", found)
    check_command.check(installed(tmp_path).sidecar_yaml)
    assert capsys.readouterr().out == "note   wants \\x1b]0;gotcha\\x07\n"
