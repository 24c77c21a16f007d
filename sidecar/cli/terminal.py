"""Text on its way to a terminal."""

import json
from typing import Any


def printable(text: str) -> str:
    """Text that somebody else wrote, harmless to a terminal: only lines and printable characters stay as they are."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text
    )


def printable_json(value: Any, indent: int | None = None) -> str:
    """JSON for people and programs: what a terminal might act upon is escaped as JSON escapes it."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return "".join(
        character if character.isprintable() or character == "\n" else json.dumps(character)[1:-1] for character in text
    )
