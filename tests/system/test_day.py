"""The day of docs/api.md is what somebody sees who types it, beside a registry of either line."""

import pytest

from tests.parts import Part
from tests.project import api_page
from tests.system.conftest import RealPart
from tests.system.day import DAY, shell_of, told_day, without_times
from tests.system.stage import Stage

pytestmark = pytest.mark.system


@pytest.fixture
def told(stage: Stage, real_part: RealPart, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The day as it is told today."""
    skopeo: Part = real_part("skopeo")
    return told_day(shell_of(stage, skopeo, tmp_path_factory.mktemp("day")))


def test_the_day_is_lived_as_the_page_tells_it(told: str) -> None:
    """Each command succeeds letter by letter, its host, token and digests apart, and answers what stands there."""
    page = api_page.day_of(api_page.PAGE.read_text(encoding="utf-8"))
    assert without_times(page) == without_times(told)


def test_the_calls_of_existing_scripts_are_among_them() -> None:
    """These four were there before the sidecar was: curl, with a form's Content-Type."""
    typed = "\n".join(command for _, *commands in DAY for command in commands)
    for method, more in (
        ("registry.getTags       ", ""),
        ("registry.getManifests  ", ""),
        ("registry.untag         ", ', "tag": "old-staging"'),
        ("registry.deleteManifest", ', "digest": "sha256:'),
    ):
        start = f'/{method} -H "Authorization: Bearer $TOKEN" -d \'{{ "project": "acme", "repository": "acme/web"{more}'
        assert start in typed
