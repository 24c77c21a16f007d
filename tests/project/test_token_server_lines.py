"""docs/token-server.md and the tests keep each other complete."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
LINES = set(range(1, 69))
LATER: set[int] = set()


def _numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"\bTS-(\d+)\b", text)}


def _numbers_of_tests() -> set[int]:
    """Those in the docstrings of test functions; a mention anywhere else proves nothing."""
    found = set()
    for path in (ROOT / "tests" / "web" / "token").glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found |= _numbers(ast.get_docstring(node) or "")
    return found


def test_the_page_lists_every_line_once_and_in_order() -> None:
    """A number in the code or in a test means something to whoever has only this repository."""
    page = (ROOT / "docs" / "token-server.md").read_text(encoding="utf-8")
    listed = [int(number) for number in re.findall(r"^- TS-(\d+)\.", page, flags=re.MULTILINE)]
    assert listed == sorted(LINES)


def test_every_line_has_a_test() -> None:
    """Each line that is built is held by a test that carries its number, and no test carries one that isn't built."""
    assert _numbers_of_tests() == LINES - LATER


def test_the_page_says_what_is_not_built() -> None:
    """Nobody takes a plan for a promise."""
    page = (ROOT / "docs" / "token-server.md").read_text(encoding="utf-8")
    items = re.split(r"^(?=- TS-)", page, flags=re.MULTILINE)
    assert set().union(*(_numbers(item) for item in items if "Not built yet" in item)) == LATER
