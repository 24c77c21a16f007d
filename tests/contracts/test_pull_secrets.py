"""ports.PullSecrets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.domain.errors import AlreadyExists
from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import Glob, ProjectId
from sidecar.domain.pull_secrets import PullSecret, PullSecretName, ServerName
from sidecar.ports import Store
from tests import samples
from tests.samples import LONG_AGO, MAKER

ACME = ProjectId("acme")


def pull_secret(name: str, project: str = "acme") -> PullSecret:
    return PullSecret(
        ProjectId(project), PullSecretName(name), f"{name}.pullsecret@acme.sa", LONG_AGO, MAKER, LONG_AGO, usable=False
    )


def kept(name: str, project: str = "acme") -> PullSecret:
    server = ServerName("ghcr.io")
    return replace(pull_secret(name, project), server=server, username="ann", sealed=b"\x00\x01\xff", usable=True)


@pytest.mark.parametrize(
    "secret",
    [
        pull_secret("one"),
        replace(pull_secret("one"), repositories=(Glob("acme/*"),), expires_at=LONG_AGO + timedelta(days=1)),
        kept("one"),
    ],
    ids=["plain", "narrowed", "kept"],
)
async def test_a_pull_secret_comes_back_as_it_was_added(store: Store, secret: PullSecret) -> None:
    """Every field survives."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.pull_secrets.add(secret)
    async with store.reading() as tables:
        assert await tables.pull_secrets.get(ACME, secret.name) == secret
        assert await tables.pull_secrets.list(ACME) == [secret]


async def test_it_is_usable_while_its_newest_secret_is_there(store: Store) -> None:
    """A revoked secret shows, and so does when the newest one was used."""
    credential = samples.secret("c1", kind=CredentialKind.PULL_SECRET, limit=Limit(ACME, frozenset()))
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.secrets.add(credential)
        await tables.pull_secrets.add(replace(pull_secret("one"), credential="c1"))
        await tables.secrets.mark_used({"c1": LONG_AGO})
        used = await tables.pull_secrets.get(ACME, PullSecretName("one"))
        await tables.secrets.remove("c1")
        revoked = await tables.pull_secrets.get(ACME, PullSecretName("one"))
    assert used is not None
    assert revoked is not None
    assert [(used.usable, used.last_used_at), (revoked.usable, revoked.last_used_at)] == [
        (True, LONG_AGO),
        (False, None),
    ]


async def test_a_name_is_taken_once_in_a_project(store: Store) -> None:
    """Another project may have the same one."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.projects.add(samples.project("beta"))
        await tables.pull_secrets.add(pull_secret("one"))
        await tables.pull_secrets.add(pull_secret("one", "beta"))
        with pytest.raises(AlreadyExists):
            await tables.pull_secrets.add(pull_secret("one"))


async def test_what_is_sealed_is_found_in_all_projects(store: Store) -> None:
    """For a change of keys; those without a password of their own are left out."""
    made = [kept("a"), kept("b", "beta")]
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.projects.add(samples.project("beta"))
        for secret in (*made, pull_secret("c")):
            await tables.pull_secrets.add(secret)
        assert await tables.pull_secrets.sealed() == made


async def test_a_replaced_one_is_as_it_was_given(store: Store) -> None:
    """Everything but project and name may change; others stay as they are."""
    changed = replace(kept("one"), sealed=b"new", expires_at=LONG_AGO, renewed_at=LONG_AGO + timedelta(days=1))
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.pull_secrets.add(kept("one"))
        await tables.pull_secrets.add(kept("two"))
        await tables.pull_secrets.replace(changed)
        assert await tables.pull_secrets.list(ACME) == [changed, kept("two")]


async def test_a_project_takes_its_pull_secrets_along(store: Store) -> None:
    """Nothing of them is left, the credentials neither; other projects' stay."""
    credential = samples.secret("c1", kind=CredentialKind.PULL_SECRET, limit=Limit(ACME, frozenset()))
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.projects.add(samples.project("beta"))
        await tables.secrets.add(credential)
        await tables.pull_secrets.add(replace(pull_secret("one"), credential="c1"))
        await tables.pull_secrets.add(kept("one", "beta"))
        await tables.projects.remove(ACME)
        assert await tables.pull_secrets.list(ACME) == []
        assert await tables.secrets.get("c1") is None
        assert await tables.pull_secrets.list(ProjectId("beta")) == [kept("one", "beta")]


async def test_one_is_removed_by_name(store: Store) -> None:
    """The others stay."""
    async with store.writing() as tables:
        await tables.projects.add(samples.project())
        await tables.pull_secrets.add(kept("one"))
        await tables.pull_secrets.add(kept("two"))
        await tables.pull_secrets.remove(ACME, PullSecretName("one"))
        assert await tables.pull_secrets.list(ACME) == [kept("two")]
