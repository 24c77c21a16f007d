"""docs/operations.md names what the process tells."""

import re
from pathlib import Path

from tests.running import running

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


async def test_every_metric_is_documented(tmp_path: Path) -> None:
    """No metric without its meaning, none that isn't there."""
    async with running(tmp_path) as sidecar, sidecar.http.get(f"{sidecar.url}/metrics") as answer:
        told = set(re.findall(r"^# TYPE (\S+)", await answer.text(), re.MULTILINE))
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `sidecar_")]
    documented = {name for row in rows for name in re.findall(r"`(sidecar_\w+)`", row.split("|")[1])}
    assert documented == {name for name in told if not name.endswith("_created")}
