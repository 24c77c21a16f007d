"""ports.ServiceAccounts."""

import dataclasses

import pytest

from sidecar.domain.errors import AlreadyExists
from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import AccountId, Email, ProjectId
from sidecar.domain.tenancy import ServiceAccount
from sidecar.ports import Store, Tables
from tests import samples

ACME = ProjectId("acme")
CI = samples.account("acme", "ci")


async def given_projects(tables: Tables) -> None:
    for sid in ("acme", "other"):
        await tables.projects.add(samples.project(sid))


async def test_an_account_comes_back_as_it_was_added(store: Store) -> None:
    """By its sid within the project, and by its e-mail."""
    async with store.writing() as tables:
        await given_projects(tables)
        await tables.accounts.add(CI)
    async with store.reading() as tables:
        assert await tables.accounts.get(ACME, "ci") == await tables.accounts.by_email(CI.email) == CI


@pytest.mark.parametrize(
    "second",
    [
        dataclasses.replace(CI, email=Email("else@example.com")),
        dataclasses.replace(CI, project=ProjectId("other"), sid=AccountId("else")),
    ],
    ids=["sid", "email"],
)
async def test_sid_and_email_are_taken_once(store: Store, second: ServiceAccount) -> None:
    """AlreadyExists for the same sid in the project, and for the same e-mail in any."""
    async with store.writing() as tables:
        await given_projects(tables)
        await tables.accounts.add(CI)
    with pytest.raises(AlreadyExists):
        async with store.writing() as tables:
            await tables.accounts.add(second)


async def test_accounts_of_a_project_are_listed_by_sid(store: Store) -> None:
    """Another project's accounts are never among them, nor found by its name (S3)."""
    async with store.writing() as tables:
        await given_projects(tables)
        for project, sid in (("acme", "b"), ("other", "c"), ("acme", "a")):
            await tables.accounts.add(samples.account(project, sid))
        assert [account.sid for account in await tables.accounts.list(ACME)] == ["a", "b"]
        assert await tables.accounts.get(ACME, "c") is None


async def test_an_account_is_replaced_whole(store: Store) -> None:
    """Name and description are those of the replacement."""
    replacement = dataclasses.replace(CI, name="CI of Acme", description="")
    async with store.writing() as tables:
        await given_projects(tables)
        await tables.accounts.add(CI)
        await tables.accounts.replace(replacement)
        assert await tables.accounts.list(ACME) == [replacement]


async def test_an_account_takes_its_secrets_and_bindings_along(store: Store) -> None:
    """Keys, tokens made with them, and bindings in every project: its e-mail may be somebody else's tomorrow."""
    async with store.writing() as tables:
        await given_projects(tables)
        await tables.accounts.add(CI)
        await tables.secrets.add(samples.secret("key", CI.email, CredentialKind.SERVICE_ACCOUNT_KEY))
        await tables.secrets.add(samples.secret("token", CI.email, CredentialKind.SCOPED_TOKEN, parent="key"))
        for project in ("acme", "other", "*"):
            await tables.bindings.put(samples.binding(project, CI.email))
        await tables.accounts.remove(CI)
        left = [
            await tables.accounts.by_email(CI.email),
            *[await tables.secrets.get(key) for key in ("key", "token")],
            *[await tables.bindings.list(project) for project in ("acme", "other", "*")],
        ]
    assert not any(left)


async def test_an_account_leaves_others_alone(store: Store) -> None:
    """Accounts, secrets and bindings of the same sid in another project stay (S3)."""
    twin = samples.account("other", "ci")
    async with store.writing() as tables:
        await given_projects(tables)
        for account in (CI, twin):
            await tables.accounts.add(account)
            await tables.bindings.put(samples.binding("acme", account.email))
            await tables.secrets.add(samples.secret(account.project, account.email))
        await tables.accounts.remove(CI)
        assert await tables.accounts.by_email(twin.email) == twin
        assert await tables.bindings.list("acme") == [samples.binding("acme", twin.email)]
        assert await tables.secrets.get("other") is not None
