"""docs/configuration.md, made from the models that read the configuration: `python -m tests.project.configuration_page`."""

from itertools import groupby
from pathlib import Path
from typing import Final

from sidecar.config import Setting, settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "configuration.md"

_HEAD: Final = """\
# Configuration

One YAML file, given to every command with `-c`. `sidecar init` writes one, and `sidecar check -c FILE` tells all that is
wrong with it at once. Only `public_url`, `registry.url` and `registry.host` must be there. What is "required" below
`sign_in` is so where its list or mapping is used; `[]` is each entry of a list.

- Unknown settings, keys that stand twice, aliases and tags are refused.
- Relative paths count from the folder of the file.
- Secrets are never in it: it names files that hold them. A secret file that others than its owner can read is refused
  unless `secrets.allow_readable` says otherwise. No environment variable is read.
- A change counts after a restart.

This page is made from the code that reads the file: `python -m tests.project.configuration_page` writes it anew.
"""


def page() -> str:
    """The whole page: a table for the settings without a section, then one for each section."""
    sections = groupby(sorted(settings(), key=lambda setting: "." in setting.path), key=_section)
    return _HEAD + "".join(_table(name, list(rows)) for name, rows in sections)


def _section(setting: Setting) -> str:
    return setting.path.rpartition(".")[0]


def _table(section: str, rows: list[Setting]) -> str:
    title = f"\n## {section}\n" if section else ""
    lines = [f"| `{row.path}` | {_default(row)} | {row.meaning} |" for row in rows]
    return "\n".join((title, "| setting | default | meaning |", "|---|---|---|", *lines, ""))


def _default(setting: Setting) -> str:
    return "required" if setting.default is None else f"`{setting.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
