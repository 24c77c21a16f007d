"""Text on its way to a terminal."""


def printable(text: str) -> str:
    """Text that somebody else wrote, harmless to a terminal: only lines and printable characters stay as they are."""
    return "".join(
        character if character.isprintable() or character == "\n" else ascii(character)[1:-1] for character in text
    )
