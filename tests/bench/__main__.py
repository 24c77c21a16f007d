"""`python -m tests.bench [PART …]`: measures these parts, or all, and writes what it found into docs/benchmarks.md.

All of it takes some half an hour, and two cores. Parts that aren't measured stay as they are in the page.
"""

import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.bench import acknowledging, adopting, browsing, browsing_report, indexing, load, token_report, tokens
from tests.bench.page import Page

_PAGE: Final = Path(__file__).parents[2] / "docs" / "benchmarks.md"

_PARTS: Final[Mapping[str, Callable[[Path], str]]] = {
    "tokens": lambda folder: token_report.section(tokens.measure(folder, rounds=7, seconds=4)),
    "events": lambda folder: acknowledging.section(acknowledging.measure(folder, rounds=7, seconds=4)),
    "index": lambda folder: indexing.section(indexing.measure(folder)),
    "api": lambda folder: browsing_report.section(browsing.measure(folder, rounds=5, seconds=2)),
    "adoption": adopting.section,
}


def main(names: list[str]) -> None:
    unknown = set(names).difference(_PARTS)
    if unknown:
        raise SystemExit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(_PARTS)}")
    load.check_tools()
    for name in names or _PARTS:
        with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as folder:
            page = Page.read(_PAGE, tuple(_PARTS))
            page.measuring(name)
            page.put(name, _PARTS[name](Path(folder) / name))
            page.write(_PAGE)
        print(f"{name}: written into {_PAGE}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
