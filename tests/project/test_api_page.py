"""docs/api.md says what the API does."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.project import api_page


@pytest.fixture
async def document() -> Mapping[str, Any]:
    return await api_page.described()


def test_the_page_is_what_the_code_says(document: Mapping[str, Any]) -> None:
    """No method, field or error is missing from docs/api.md, and none stands there that there isn't."""
    assert api_page.PAGE.read_text(encoding="utf-8") == api_page.page(document)


def test_every_error_is_explained_once(document: Mapping[str, Any]) -> None:
    """The table of errors is that of the codes that methods answer."""
    operations = [item["post"] for item in document["paths"].values()]
    assert set(api_page.ERRORS) == {code for operation in operations for code in operation["x-errors"]}


def test_every_field_of_a_request_is_explained(document: Mapping[str, Any]) -> None:
    """Nobody has to guess what to send."""
    unexplained = [
        f"{path}: {name}"
        for path, item in document["paths"].items()
        for name, _, meaning in api_page.request_rows(item["post"], document)
        if not meaning and name.count(".") == 0
    ]
    assert unexplained == []
