"""ports.Projects."""

import dataclasses

import pytest

from sidecar.domain.errors import AlreadyExists
from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import Email, ProjectId, RoleName
from sidecar.ports import Store
from tests import samples

ACME = ProjectId("acme")


async def test_a_project_comes_back_as_it_was_added(store: Store) -> None:
    """Every field survives, names in any script and times to the microsecond included."""
    added = samples.project("acme", "nginx", "library/*", name="Ácmé 株式会社 %_*")
    async with store.writing() as tables:
        await tables.projects.add(added)
    async with store.reading() as tables:
        assert await tables.projects.get(ACME) == added


async def test_a_sid_is_taken_once(store: Store) -> None:
    """A second project of that sid is AlreadyExists, and the first stays as it is."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project(name="first"))
    with pytest.raises(AlreadyExists):
        async with store.writing() as tables:
            await tables.projects.add(samples.project(name="second"))
    async with store.reading() as tables:
        assert [project.name for project in await tables.projects.list()] == ["first"]


async def test_projects_are_listed_by_sid(store: Store) -> None:
    """In the order of their characters, whatever the order of making."""
    async with store.writing() as tables:
        for sid in ("bbb", "a-b", "aab", "ab0"):
            await tables.projects.add(samples.project(sid))
    async with store.reading() as tables:
        assert [project.sid for project in await tables.projects.list()] == ["a-b", "aab", "ab0", "bbb"]


async def test_a_project_is_replaced_whole(store: Store) -> None:
    """Name and owns are those of the replacement; other projects keep theirs."""
    replacement = dataclasses.replace(samples.project("acme", "nginx"), name="New")
    async with store.writing() as tables:
        await tables.projects.add(samples.project("acme", "redis"))
        await tables.projects.add(samples.project("other"))
        await tables.projects.replace(replacement)
    async with store.reading() as tables:
        assert await tables.projects.list() == [replacement, samples.project("other")]


async def test_an_unknown_project_is_none(store: Store) -> None:
    """Not an error: the caller says what it means."""
    async with store.reading() as tables:
        assert await tables.projects.get(ACME) is None


async def test_a_project_takes_all_that_is_in_it_along(store: Store) -> None:
    """Its roles, bindings, accounts, their bindings elsewhere, their secrets, and tokens limited to it are gone."""
    account = samples.account("acme", "ci")
    limit = Limit(ACME, frozenset(("registry.pull",)))
    async with store.writing() as tables:
        for sid in ("acme", "other"):
            await tables.projects.add(samples.project(sid))
        await tables.roles.put(samples.role("acme"))
        await tables.accounts.add(account)
        await tables.bindings.put(samples.binding("acme", "ann@example.com"))
        await tables.bindings.put(samples.binding("other", account.email))
        await tables.secrets.add(samples.secret("key", account.email, CredentialKind.SERVICE_ACCOUNT_KEY))
        await tables.secrets.add(samples.secret("of key", account.email, CredentialKind.SCOPED_TOKEN, parent="key"))
        await tables.secrets.add(samples.secret("limited", kind=CredentialKind.SCOPED_TOKEN, limit=limit))
        await tables.projects.remove(ACME)
        left = [
            await tables.projects.get(ACME),
            await tables.roles.get(ACME, RoleName("puller")),
            await tables.accounts.by_email(account.email),
            *await tables.bindings.list("acme"),
            *await tables.bindings.list("other"),
            *[await tables.secrets.get(key) for key in ("key", "of key", "limited")],
        ]
    assert not any(left)


async def test_a_project_leaves_everybody_else_alone(store: Store) -> None:
    """What belongs to other projects, to persons, or to every project stays, also where a name looks alike (S14)."""
    limit = Limit(ProjectId("acme-2"), frozenset(("registry.pull",)))
    kept_bindings = [samples.binding("acme-2"), samples.binding("*", "root@example.com", "admin")]
    async with store.writing() as tables:
        for sid in ("acme", "acme-2"):
            await tables.projects.add(samples.project(sid))
            await tables.roles.put(samples.role(sid))
            await tables.accounts.add(samples.account(sid))
        for binding in kept_bindings:
            await tables.bindings.put(binding)
        await tables.secrets.add(samples.secret("personal"))
        await tables.secrets.add(samples.secret("limited", limit=limit))
        await tables.projects.remove(ACME)
        assert await tables.roles.list(ProjectId("acme-2"))
        assert await tables.accounts.list(ProjectId("acme-2"))
        assert [*await tables.bindings.list("acme-2"), *await tables.bindings.list("*")] == kept_bindings
        kinds = [CredentialKind.PERSONAL_TOKEN]
        left = await tables.secrets.of_principal(Email("ann@example.com"), kinds)
        assert [secret.credential.id for secret in left] == ["limited", "personal"]


async def test_the_sid_of_a_removed_project_starts_with_nothing(store: Store) -> None:
    """A project made anew under an old sid has no roles and no bindings from before."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.roles.put(samples.role())
        await tables.bindings.put(samples.binding())
        await tables.projects.remove(ACME)
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        assert [*await tables.roles.list(ACME), *await tables.bindings.list(ACME)] == []
