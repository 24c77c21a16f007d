"""The first administrator, at each start."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sidecar.adapters.database import Database, open_database
from sidecar.domain.errors import Invalid
from sidecar.domain.identity import Credential, Principal, PrincipalKind
from sidecar.domain.names import EVERY_PROJECT, Email, PrincipalName, RoleName
from sidecar.domain.roles import OPERATE
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, digest, make_secret
from sidecar.domain.tenancy import Binding
from sidecar.ports.auditing import AuditQuery
from sidecar.usecases.ensure_administrator import EnsureAdministrator
from tests.fakes import HeldClock, RepeatableRandomness

EMAIL = "admin@localhost"


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(tmp_path / "sidecar.db", HeldClock()) as opened:
        yield opened


@pytest.fixture
def ensure(database: Database) -> EnsureAdministrator:
    return EnsureAdministrator(database.store, HeldClock())


def tokens(count: int) -> list[str]:
    randomness = RepeatableRandomness()
    return [make_secret(SecretKind.PERSONAL_TOKEN, randomness.bytes(RANDOM_BYTES)) for _ in range(count)]


async def known(database: Database, token: str) -> Credential | None:
    await database.access.refresh()
    return database.access.credential(digest(token))


def may_operate(database: Database, email: str) -> bool:
    access = database.access.access_of(Principal(email, PrincipalKind.PERSON))
    return access.granting(OPERATE, EVERY_PROJECT) is not None


async def test_the_token_signs_the_administrator_in(database: Database, ensure: EnsureAdministrator) -> None:
    """After a first start the token in the file proves the configured e-mail, for ever."""
    (token,) = tokens(1)
    await ensure(EMAIL, token)
    credential = await known(database, token)
    assert credential is not None
    assert (credential.principal, credential.expires_at) == (EMAIL, None)


async def test_the_first_administrator_may_do_everything(database: Database, ensure: EnsureAdministrator) -> None:
    """While nobody is bound on every project, the configured e-mail becomes `admin` there."""
    await ensure(EMAIL, tokens(1)[0])
    await database.access.refresh()
    assert may_operate(database, EMAIL)


async def test_a_new_token_ends_the_old_one(database: Database, ensure: EnsureAdministrator) -> None:
    """Replacing the file's content and restarting is how a leaked token is revoked."""
    old, new = tokens(2)
    await ensure(EMAIL, old)
    await ensure(EMAIL, new)
    assert await known(database, old) is None
    assert await known(database, new) is not None


async def test_removing_the_file_ends_the_token(database: Database, ensure: EnsureAdministrator) -> None:
    """Without a file there is no such token."""
    (token,) = tokens(1)
    await ensure(EMAIL, token)
    await ensure(EMAIL, None)
    assert await known(database, token) is None


async def test_the_token_follows_the_configured_email(database: Database, ensure: EnsureAdministrator) -> None:
    """The same file under another e-mail proves that one alone."""
    (token,) = tokens(1)
    await ensure(EMAIL, token)
    await ensure("root@example.com", token)
    credential = await known(database, token)
    assert credential is not None
    assert credential.principal == "root@example.com"


async def test_an_unchanged_token_is_left_alone(database: Database, ensure: EnsureAdministrator) -> None:
    """A restart changes nothing, so that tokens made from it live on."""
    (token,) = tokens(1)
    await ensure(EMAIL, token)
    await database.access.refresh()
    generation = database.access.generation
    await ensure(EMAIL, token)
    await database.access.refresh()
    assert database.access.generation == generation


async def test_an_administrator_who_was_replaced_stays_replaced(
    database: Database, ensure: EnsureAdministrator
) -> None:
    """Where somebody is bound on every project already, nobody is added."""
    somebody = Binding(
        EVERY_PROJECT, PrincipalName("ann@example.com"), (RoleName("admin"),), None, HeldClock().now(), Email(EMAIL)
    )
    async with database.store.writing() as tables:
        await tables.bindings.put(somebody)
    await ensure(EMAIL, tokens(1)[0])
    await database.access.refresh()
    assert not may_operate(database, EMAIL)


@pytest.mark.parametrize("token", ["", "admin", "rsk_" + "0" * 39, make_secret(SecretKind.SCOPED_TOKEN, bytes(24))])
async def test_a_token_of_another_make_is_refused(ensure: EnsureAdministrator, token: str) -> None:
    """S11: a token that somebody thought up, or that is of another kind, never becomes the administrator's."""
    with pytest.raises(Invalid):
        await ensure(EMAIL, token)


async def test_what_a_start_changes_is_audited(database: Database, ensure: EnsureAdministrator) -> None:
    """Under the sidecar's own name: the first token and binding, another token, and that it was taken away."""
    first, second = tokens(2)
    changes = []
    for token in (first, first, second, None):
        await ensure(EMAIL, token)
        entries = await database.audit.read(AuditQuery(10))
        changes.append(len(entries))
    assert changes == [2, 2, 3, 4]
    assert {(entry.actor.name, entry.actor.kind) for entry in entries} == {("sidecar", "sidecar")}
    assert [(entry.resource.type, entry.before is None, entry.after is None) for entry in entries] == [
        ("token", False, True),
        ("token", False, False),
        ("binding", True, False),
        ("token", True, False),
    ]
    assert not any(text in str(entries) for text in (first[4:], second[4:]))
