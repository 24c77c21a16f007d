"""docs/api.md says what the API does."""

from collections.abc import Mapping
from typing import Any

import pytest

from sidecar.web.api.catalogue import described
from sidecar.web.api.reference import read_methods
from tests.project import api_page
from tests.running import PUBLIC_URL


@pytest.fixture
async def document() -> Mapping[str, Any]:
    return await api_page.described()


def test_the_page_is_what_the_code_says(document: Mapping[str, Any]) -> None:
    """No method, field or error is missing from docs/api.md, and none stands there that there isn't.

    Its day is taken as it is here; tests/system/test_day.py lives it.
    """
    text = api_page.PAGE.read_text(encoding="utf-8")
    assert text == api_page.page(document, api_page.day_of(text))


def test_commands_know_the_same_methods(document: Mapping[str, Any]) -> None:
    """`sidecar call --list` and `--help` ask no server; what they show is what a server of this version answers."""
    assert described(PUBLIC_URL) == document


def test_every_error_is_explained_once(document: Mapping[str, Any]) -> None:
    """The table of errors is that of the codes that methods answer."""
    assert set(document["x-errors"]) == {code for method in read_methods(document) for code in method.errors}


def test_every_field_of_a_request_is_explained(document: Mapping[str, Any]) -> None:
    """Nobody has to guess what to send."""
    unexplained = [
        f"{method.name}: {field.path}"
        for method in read_methods(document)
        for field in method.request
        if not field.meaning and field.path.count(".") == 0
    ]
    assert unexplained == []
