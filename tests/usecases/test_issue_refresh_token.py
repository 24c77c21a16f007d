"""IssueRefreshToken on a real database."""

from datetime import timedelta

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.actors import UNTOLD, Asking
from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import ANONYMOUS, CredentialKind, Limit, Principal, PrincipalKind
from sidecar.domain.names import Email, ProjectId
from sidecar.domain.secrets import digest
from sidecar.domain.tenancy import IssuedSecret
from sidecar.ports.auditing import AuditQuery
from sidecar.usecases import issue_refresh_token
from sidecar.usecases.issue_refresh_token import IssueRefreshToken
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

DAN = Email("dan@acme.example")


@pytest.fixture
def tenants(database: Database, clock: HeldClock) -> Tenants:
    return Tenants(database.store, clock, RepeatableRandomness())


@pytest.fixture
def issue(database: Database, tenants: Tenants, clock: HeldClock) -> IssueRefreshToken:
    return IssueRefreshToken(database.store, clock, tenants.randomness)


async def principal_of(database: Database, secret: str) -> Principal:
    """Who this secret proves."""
    found = database.access.credential(digest(secret))
    assert found is not None
    return Principal(found.principal, PrincipalKind.PERSON, found.id, found.kind, found.expires_at, limit=found.limit)


async def kept(database: Database) -> list[IssuedSecret]:
    async with database.store.reading() as tables:
        return await tables.secrets.of_principal(DAN, [CredentialKind.REFRESH_TOKEN])


async def test_it_keeps_whose_it_is_and_how_far_it_reaches(
    issue: IssueRefreshToken, database: Database, tenants: Tenants, clock: HeldClock
) -> None:
    """TS-50, S20: the limit, the end and the parent of the credential that was shown."""
    await tenants.project("acme")
    limit, ends = Limit(ProjectId("acme"), frozenset(("registry.pull",))), clock.now() + timedelta(days=1)
    shown = await principal_of(database, await tenants.secret(DAN, CredentialKind.SCOPED_TOKEN, limit, ends))
    secret = await issue(shown, UNTOLD)
    (credential,) = [each.credential for each in await kept(database)]
    assert secret is not None
    assert database.access.credential(digest(secret)) == credential
    assert (credential.limit, credential.expires_at, credential.parent) == (limit, ends, shown.credential)


@pytest.mark.parametrize("kind", [kind for kind in CredentialKind if kind not in issue_refresh_token.REFRESHABLE])
async def test_no_other_kind_of_credential_gets_one(
    issue: IssueRefreshToken, database: Database, kind: CredentialKind
) -> None:
    """TS-46, TS-47, TS-52: keys, refresh tokens themselves, and nobody."""
    assert await issue(Principal(DAN, PrincipalKind.PERSON, "some-id", kind), UNTOLD) is None
    assert await issue(ANONYMOUS, UNTOLD) is None
    assert await kept(database) == []


async def test_none_is_given_for_a_credential_that_was_revoked_meanwhile(
    issue: IssueRefreshToken, database: Database, tenants: Tenants
) -> None:
    """TS-50: between the proof and the write, too."""
    shown = await principal_of(database, await tenants.secret(DAN))
    await tenants.revoke(DAN)
    with pytest.raises(InvalidCredentials):
        await issue(shown, UNTOLD)


async def test_one_credential_has_a_bounded_number(
    issue: IssueRefreshToken, database: Database, tenants: Tenants, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S30: the oldest goes first, and those of another credential stay."""
    monkeypatch.setattr(issue_refresh_token, "MAX_OF_ONE", 3)
    looping = await principal_of(database, await tenants.secret(DAN))
    other = await issue(await principal_of(database, await tenants.secret(DAN)), UNTOLD)
    secrets = [await issue(looping, UNTOLD) for _ in range(5)]
    alive = [secret for secret in (other, *secrets) if secret and database.access.credential(digest(secret))]
    assert len(alive) == 4
    assert other in alive
    assert secrets[-1] in alive


async def test_one_principal_has_a_bounded_number(
    issue: IssueRefreshToken,
    database: Database,
    tenants: Tenants,
    clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decision 33: from however many credentials; the oldest of all goes first, one for each that is new."""
    monkeypatch.setattr(issue_refresh_token, "MAX_OF_PRINCIPAL", 4)
    eves = await issue(await principal_of(database, await tenants.secret("eve@example.com")), UNTOLD)
    secrets = [eves]
    for _ in range(6):
        clock.advance(seconds=1)
        secrets.append(await issue(await principal_of(database, await tenants.secret(DAN)), UNTOLD))
    alive = [database.access.credential(digest(secret or "")) is not None for secret in secrets]
    assert alive == [True, False, False, True, True, True, True]


async def test_a_storm_of_logins_is_told_of_in_one_row(
    issue: IssueRefreshToken, database: Database, tenants: Tenants, clock: HeldClock
) -> None:
    """One for each credential and address within five minutes, with how many it got; others have rows of their own."""
    shown = await principal_of(database, await tenants.secret(DAN))
    for address in ("192.0.2.1",) * 5 + ("192.0.2.2",):
        await issue(shown, Asking("POST /token", address, "r-1"))
    clock.advance(minutes=5)
    await issue(shown, Asking("POST /token", "192.0.2.1", "r-2"))
    entries = await database.audit.read(AuditQuery(10))
    assert [(entry.count, entry.actor.address, entry.actor.name) for entry in entries] == [
        (1, "192.0.2.1", DAN),
        (1, "192.0.2.2", DAN),
        (5, "192.0.2.1", DAN),
    ]
