"""`installation.explainImage`."""

import pytest

from tests.web.api.calling import Api
from tests.web.api.pushing import Pushing, image


async def test_only_administrators_of_the_installation_may(api: Api) -> None:
    """S20: it tells of repositories of every project."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "eve@example.com", "owner")
    error = await api.error(
        "installation.explainImage", await api.tenants.secret("eve@example.com"), image="acme/web:v1"
    )
    assert (error["code"], error["items"]) == ("forbidden", ["installation.operate"])


async def test_what_is_listed_is_told_with_its_facts(api: Api) -> None:
    """Digest, project, the last event, and that the registry agrees."""
    await api.tenants.project("acme")
    digest = await Pushing(api.sidecar.application.core.index).push("acme/web", image(1), "v1", read=True)
    result = await api.result("installation.explainImage", api.root, image="acme/web:v1")
    assert (result["listed"], result["digest"], result["project"]) == (True, digest, "acme")
    assert result["because"][0] == "pushed by ci@acme.example"
    assert (result["lastEvent"]["action"], result["lastEvent"]["by"]) == ("push", "ci@acme.example")
    assert (result["registry"], result["quarantined"]) == ("agrees", [])


@pytest.mark.parametrize("reference", ["acme/web", "acme/web:-x", "acme/web@sha256:12"])
async def test_what_is_no_image_is_a_validate_error(api: Api, reference: str) -> None:
    """Both forms are named."""
    error = await api.error("installation.explainImage", api.root, image=reference)
    assert error["code"] == "validate"
