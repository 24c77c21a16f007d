"""What use cases of the index work with besides: a registry that a test scripts."""

import pytest

from tests.fakes import ScriptedReader


@pytest.fixture
def registry() -> ScriptedReader:
    return ScriptedReader()
