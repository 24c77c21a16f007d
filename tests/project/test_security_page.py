"""docs/security.md: each statement names a test that holds it, and the test is there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "security.md"
ROWS = re.findall(r"^\| S(\d+) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@cache
def docstrings_of(file: str) -> dict[str, str]:
    """The docstrings of a file's tests, by name."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name: ast.get_docstring(function) or "" for function in functions}


def test_the_statements_are_numbered_through() -> None:
    """S1 to S39, none left out, none twice."""
    assert [int(number) for number, _, _ in ROWS] == list(range(1, 40))


@pytest.mark.parametrize(("number", "statement", "held"), ROWS, ids=[f"S{number}" for number, _, _ in ROWS])
def test_a_statement_is_held_by_a_test_that_is_there(number: str, statement: str, held: str) -> None:
    """Its test exists and cites it; only what is *later* may have none, and then says why."""
    named = re.findall(r"`(tests/\S+?)::(\w+)`", held)
    assert named or ("*Later" in statement and held.startswith("none: "))
    for file, name in named:
        assert re.search(rf"\bS{number}\b", docstrings_of(file)[name]), f"{name} doesn't cite S{number}"


def test_each_secret_with_a_procedure_leads_to_it() -> None:
    """The links of the table of secrets are headings of this page."""
    text = PAGE.read_text(encoding="utf-8")
    headings = {
        re.sub(r"[^a-z -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.+)$", text, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings
