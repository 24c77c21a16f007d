"""What any test may ask for: a clock that is held, a real database, and real parts.

A missing part is skipped by name and told loudly at the end; STRICT=1 fails.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Never

import pytest

from sidecar.adapters.database import Database, open_database
from tests.fakes import HeldClock
from tests.parts import STRICT, Missing, Part, find

_MISSING = "real part missing: "


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
async def database(tmp_path: Path, clock: HeldClock) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "sidecar.db", clock) as opened:
        yield opened


@pytest.fixture(scope="session")
def real_part() -> Callable[[str], Part]:
    """Gives the part of a name, or ends the test."""

    def get(name: str) -> Part:
        try:
            return find(name)
        except Missing as reason:
            end_for_want_of(reason)

    return get


def end_for_want_of(reason: Missing) -> Never:
    """Ends a test that this machine can't run."""
    if STRICT:
        pytest.fail(f"{_MISSING}{reason}", pytrace=False)
    pytest.skip(f"{_MISSING}{reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was not tried for want of a real part, by name, where nobody overlooks it."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    untried = [reason for reason in skipped if _MISSING in reason]
    if untried:
        terminalreporter.write_sep(
            "!", f"{len(untried)} tests were NOT run for want of real parts", red=True, bold=True
        )
        for reason in sorted({text.partition(_MISSING)[2].rstrip("')") for text in untried}):
            terminalreporter.write_line(f"  {reason}", red=True)
