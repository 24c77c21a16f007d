"""docs/benchmarks.md: an introduction, and a section for each part, which is replaced when that part is measured."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from tests.bench import machine

_INTRODUCTION: Final = """\
# Benchmarks

What the sidecar costs and how fast it is. `make bench` measures all of it and writes this page; `make bench ARGS=api`
measures one part. Numbers belong to a machine; ratios should hold on any, so each is taken beside a yardstick on the same
cores that takes turns with it, and is the median of the rounds' own ratios. Where the processor's time is told, it
is that of the server's process, by user and kernel. **Missed** stands where a bound is not kept, and *below the aim*
where only the aim is missed.
"""

_MARK: Final = re.compile(r"^<!-- (\w+) -->\n", re.MULTILINE)


class Page:
    """The sections by name, in their order."""

    def __init__(self, sections: dict[str, str]) -> None:
        self._sections = sections
        self._machine = ""
        self._host = machine.Host()

    @classmethod
    def read(cls, file: Path, names: tuple[str, ...]) -> Self:
        """What stands in the file of these sections; a file without them is an empty page."""
        found = _MARK.split(file.read_text(encoding="utf-8"))[1:] if file.exists() else []
        kept = dict(zip(found[::2], found[1::2], strict=True))
        return cls({name: kept[name] for name in names if name in kept})

    def measuring(self, name: str) -> None:
        """A section is about to be measured: on what, and how busy it is at that moment, belongs to it."""
        facts = "; ".join(f"{what} {value}" for what, value in machine.facts().items())
        self._host = machine.Host()
        self._machine = f"Measured on {datetime.now(UTC):%Y-%m-%d}. {facts}."
        self._sections.setdefault(name, "")

    def put(self, name: str, section: str) -> None:
        taken = f"Meanwhile the host gave {self._host.taken():.0%} of the processors' time to others."
        self._sections[name] = f"{section.strip()}\n\n*{self._machine} {taken}*\n"

    def write(self, file: Path) -> None:
        sections = "\n".join(f"<!-- {name} -->\n{text.strip()}\n" for name, text in self._sections.items() if text)
        file.write_text(f"{_INTRODUCTION}\n{sections}", encoding="utf-8")
