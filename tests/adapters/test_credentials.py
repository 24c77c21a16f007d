"""Proof by a secret: each kind × each way to show it (S17)."""

from datetime import timedelta

import pytest

from sidecar.adapters.credentials import IssuedSecretAuthenticator
from sidecar.adapters.database import Database
from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import CredentialKind, Credentials, Limit, PrincipalKind, Scheme
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

EMAIL = "dan@acme.example"
KINDS = {
    SecretKind.SERVICE_ACCOUNT_KEY: CredentialKind.SERVICE_ACCOUNT_KEY,
    SecretKind.PERSONAL_TOKEN: CredentialKind.PERSONAL_TOKEN,
    SecretKind.SCOPED_TOKEN: CredentialKind.SCOPED_TOKEN,
    SecretKind.REFRESH_TOKEN: CredentialKind.REFRESH_TOKEN,
    SecretKind.PULL_SECRET: CredentialKind.PULL_SECRET,
}


@pytest.fixture
async def tenants(database: Database, clock: HeldClock) -> Tenants:
    founded = Tenants(database.store, clock, RepeatableRandomness())
    await founded.project("acme")
    return founded


@pytest.fixture
def authenticator(database: Database, clock: HeldClock) -> IssuedSecretAuthenticator:
    return IssuedSecretAuthenticator(database.access, clock, tuple(SecretKind), lambda _: frozenset())


TAKEN = {
    (SecretKind.SERVICE_ACCOUNT_KEY, Scheme.BASIC),
    (SecretKind.PERSONAL_TOKEN, Scheme.BASIC),
    (SecretKind.PERSONAL_TOKEN, Scheme.BEARER),
    (SecretKind.SCOPED_TOKEN, Scheme.BASIC),
    (SecretKind.SCOPED_TOKEN, Scheme.BEARER),
    (SecretKind.PULL_SECRET, Scheme.BASIC),
}


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("kind", [kind for kind in SecretKind if kind is not SecretKind.REFRESH_TOKEN])
async def test_each_kind_is_taken_in_its_ways_alone(
    tenants: Tenants, authenticator: IssuedSecretAuthenticator, kind: SecretKind, scheme: Scheme
) -> None:
    """S17: in any other way a right secret is a bad one."""
    secret = await tenants.secret(EMAIL, KINDS[kind])
    credentials = Credentials(scheme, secret, EMAIL if scheme is Scheme.BASIC else "")
    if (kind, scheme) in TAKEN:
        principal = await authenticator.authenticate(credentials)
        assert principal is not None
        assert (principal.name, principal.kind, principal.credential_kind) == (EMAIL, PrincipalKind.PERSON, KINDS[kind])
    else:
        with pytest.raises(InvalidCredentials):
            await authenticator.authenticate(credentials)


@pytest.mark.parametrize("kind", list(SecretKind))
async def test_a_kind_that_it_does_not_judge_is_not_its_own(
    database: Database, clock: HeldClock, kind: SecretKind
) -> None:
    """None, and not a refusal: another authenticator may know it."""
    others = [each for each in SecretKind if each is not kind]
    authenticator = IssuedSecretAuthenticator(database.access, clock, others, lambda _: frozenset())
    secret = make_secret(kind, b"a" * RANDOM_BYTES)
    assert await authenticator.authenticate(Credentials(Scheme.BEARER, secret)) is None


@pytest.mark.parametrize("secret", ["x", "hunter2", "eyJ.a.b", "rpt_short", "\N{SNOWMAN}", "\udcff"])
async def test_what_has_another_form_is_not_its_own(authenticator: IssuedSecretAuthenticator, secret: str) -> None:
    """A password, a signed token, a mistyped one of ours."""
    assert await authenticator.authenticate(Credentials(Scheme.BASIC, secret, EMAIL)) is None


async def test_what_was_never_given_out_is_bad(authenticator: IssuedSecretAuthenticator) -> None:
    """Its form is right; nobody knows it."""
    secret = make_secret(SecretKind.PERSONAL_TOKEN, b"a" * RANDOM_BYTES)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(Credentials(Scheme.BEARER, secret))


async def test_it_is_bad_from_the_moment_it_expires(
    tenants: Tenants, authenticator: IssuedSecretAuthenticator, clock: HeldClock
) -> None:
    """Good to the last second before."""
    secret = await tenants.secret(EMAIL, expires_at=clock.now() + timedelta(minutes=1))
    clock.advance(seconds=59)
    assert await authenticator.authenticate(Credentials(Scheme.BEARER, secret)) is not None
    clock.advance(seconds=1)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(Credentials(Scheme.BEARER, secret))


async def test_it_is_bad_as_soon_as_it_is_revoked(tenants: Tenants, authenticator: IssuedSecretAuthenticator) -> None:
    """S22: on the next request."""
    secret = await tenants.secret(EMAIL)
    await tenants.revoke(EMAIL)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(Credentials(Scheme.BEARER, secret))


async def test_the_principal_carries_the_limit_and_the_end_of_the_credential(
    tenants: Tenants, authenticator: IssuedSecretAuthenticator, clock: HeldClock
) -> None:
    """S20: what is decided for it later is decided within both."""
    limit = Limit(ProjectId("acme"), frozenset(("registry.pull",)))
    ends = clock.now() + timedelta(days=1)
    secret = await tenants.secret(EMAIL, CredentialKind.SCOPED_TOKEN, limit, ends)
    principal = await authenticator.authenticate(Credentials(Scheme.BEARER, secret))
    assert principal is not None
    assert (principal.limit, principal.expires_at) == (limit, ends)


@pytest.mark.parametrize(
    "user",
    ["eve@acme.example", "dan", "dan@acme.example ", "", "DAN", "d\N{LATIN SMALL LETTER A WITH ACUTE}n@acme.example"],
)
async def test_another_name_beside_it_is_bad(
    tenants: Tenants, authenticator: IssuedSecretAuthenticator, user: str
) -> None:
    """TS-35: whether that name is somebody's or no name at all."""
    secret = await tenants.secret(EMAIL)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(Credentials(Scheme.BASIC, secret, user))
