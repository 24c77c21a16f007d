"""A body that holds more than its method knows changes nothing."""

from typing import Any

import pytest

from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import ProjectId
from tests.tenants import ROOT
from tests.web.api.calling import Api
from tests.web.api.test_tenant_matrix import MATRIX, tenancy_for

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def everything(api: Api) -> list[Any]:
    """All that administrators manage, as it is stored."""
    async with api.tenants.store.reading() as tables:
        projects = await tables.projects.list()
        told: list[Any] = [projects, await tables.bindings.list("*")]
        for project in projects:
            sid = ProjectId(project.sid)
            accounts = await tables.accounts.list(sid)
            told += [await tables.roles.list(sid), await tables.bindings.list(sid), accounts]
            told += [await tables.secrets.of_principal(account.email, tuple(CredentialKind)) for account in accounts]
        return told


@pytest.mark.parametrize("method", MATRIX)
async def test_a_field_more_is_refused(shared: Api, method: str) -> None:
    """S1: whoever sends it, an administrator too, hears of it, and nothing was done."""
    tenancy = await tenancy_for(shared, "administrator")
    before = await everything(shared)
    for field in ("createdBy", "owner", "admin", "sha256", "kind", "__proto__"):
        body = {**MATRIX[method].body(tenancy, "own"), field: ROOT}
        assert (await shared.error(method, tenancy.token, **body))["items"] == [f"{field}: unknown field"]
    assert await everything(shared) == before


@pytest.mark.parametrize("zero", ["", 0, None, "0001-01-01T00:00:00Z"])
async def test_an_absent_field_is_no_field(shared: Api, zero: object) -> None:
    """Typed clients also send the fields of other methods, empty; what is absent isn't unknown."""
    await shared.result("project.list", shared.root, repository=zero, tag=zero)
