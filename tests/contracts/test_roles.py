"""ports.Roles."""

import dataclasses

from sidecar.domain.names import ProjectId, RoleName
from sidecar.ports import Store
from tests import samples

ACME = ProjectId("acme")
PULLER = RoleName("puller")


async def test_a_role_comes_back_as_it_was_put(store: Store) -> None:
    """Its patterns stay patterns, in their order."""
    put = samples.role("acme", "puller", "registry.pull", "serviceaccount.*", "auditlog.list")
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.roles.put(put)
    async with store.reading() as tables:
        assert await tables.roles.get(ACME, PULLER) == put


async def test_putting_again_replaces_the_permissions_only(store: Store) -> None:
    """Who made the role, and when, stays."""
    first = samples.role("acme", "puller", "registry.pull")
    again = dataclasses.replace(samples.role("acme", "puller", "registry.*"), created_by="other@example.com")
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.roles.put(first)
        await tables.roles.put(again)
        assert await tables.roles.list(ACME) == [dataclasses.replace(first, permissions=again.permissions)]


async def test_roles_are_listed_by_name_and_of_one_project(store: Store) -> None:
    """Another project's roles are never among them."""
    async with store.writing() as tables:
        for sid in ("acme", "other"):
            await tables.projects.add(samples.project(sid))
        for project, name in (("acme", "b"), ("acme", "a-b"), ("other", "c"), ("acme", "aa")):
            await tables.roles.put(samples.role(project, name))
        assert [role.name for role in await tables.roles.list(ACME)] == ["a-b", "aa", "b"]


async def test_a_role_is_removed_from_one_project(store: Store) -> None:
    """The role of the same name in another project stays (S3)."""
    async with store.writing() as tables:
        for sid in ("acme", "other"):
            await tables.projects.add(samples.project(sid))
            await tables.roles.put(samples.role(sid))
        await tables.roles.remove(ACME, PULLER)
        assert await tables.roles.get(ACME, PULLER) is None
        assert await tables.roles.get(ProjectId("other"), PULLER) is not None
