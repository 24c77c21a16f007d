"""Opaque tokens: what the authorization server is asked, what of its answers counts, and for how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from sidecar.adapters.sign_in.introspection import IntrospectionAuthenticator, Server
from sidecar.adapters.sign_in.outbound import OutboundError, outbound
from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, PrincipalKind, Scheme
from sidecar.domain.names import Email
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.fakes import HeldClock, RepeatableRandomness
from tests.outside import CLIENT, AuthorizationServer, unsigned

TOKEN = "opaque-0123456789abcdef"
ANN = "ann@acme.example"
CI = "ci@acme.serviceaccount.auth.example.com"


@pytest.fixture
async def server() -> AsyncIterator[AuthorizationServer]:
    known = AuthorizationServer()
    known.known[TOKEN] = {"aud": "registry", "client_id": "cli", "email": ANN, "email_verified": True, "scope": "a b"}
    async with known.running():
        yield known


@asynccontextmanager
async def asking(
    server: AuthorizationServer, clock: HeldClock, groups: Any, **changed: Any
) -> AsyncIterator[IntrospectionAuthenticator]:
    plain: dict[str, Any] = {
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
        "audiences": ("registry",),
        "client_ids": (),
        "scopes": ("a",),
        "email_domains": ("acme.example",),
        "email_claim": "email",
        "emails_are_verified": False,
        "principals": {"builder": Email(CI)},
        "issuers": frozenset({"https://oidc.example", "registry-sidecar"}),
    }
    async with outbound([server.url]) as connection:
        asked = Server(url=server.url, **{**plain, **changed})
        yield IntrospectionAuthenticator(asked, connection, groups.people(), clock, RepeatableRandomness())


@pytest.fixture
async def authenticator(
    server: AuthorizationServer, clock: HeldClock, groups: Any
) -> AsyncIterator[IntrospectionAuthenticator]:
    async with asking(server, clock, groups) as made:
        yield made


def bearer(token: str = TOKEN) -> Credentials:
    return Credentials(Scheme.BEARER, token)


async def fault_of(authenticator: IntrospectionAuthenticator, credentials: Credentials) -> SignInFault:
    with pytest.raises(InvalidCredentials) as caught:
        await authenticator.authenticate(credentials)
    return caught.value.fault


@pytest.mark.parametrize(
    "shown",
    [
        bearer(),
        Credentials(Scheme.BASIC, TOKEN, "oauth2accesstoken"),
        Credentials(Scheme.BASIC, TOKEN, "Ann@acme.example"),
    ],
    ids=str,
)
async def test_an_active_token_proves_its_person(authenticator: IntrospectionAuthenticator, shown: Credentials) -> None:
    """By e-mail; the sidecar shows its own id and secret, escaped as OAuth wants it."""
    principal = await authenticator.authenticate(shown)
    assert principal == Principal(ANN, PrincipalKind.PERSON, None, CredentialKind.INTROSPECTION)


async def test_a_user_name_may_be_somebody_of_the_configuration(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer
) -> None:
    """`principals`, before the e-mail; such as a service account."""
    server.known[TOKEN]["username"] = "builder"
    principal = await authenticator.authenticate(bearer())
    assert principal == Principal(CI, PrincipalKind.SERVICE_ACCOUNT, None, CredentialKind.INTROSPECTION)


@pytest.mark.parametrize(
    "shown",
    [
        Credentials(Scheme.BASIC, TOKEN, "somebody"),
        Credentials(Scheme.BASIC, TOKEN, "ann@elsewhere.example"),
        Credentials(Scheme.REFRESH, TOKEN),
        bearer("hunter2"),
        bearer("two words 0123456789"),
        bearer("\N{SNOWMAN}" * 20),
        bearer("x" * 5000),
        bearer(make_secret(SecretKind.PERSONAL_TOKEN, b"a" * RANDOM_BYTES)),
        bearer("rsk_mistyped0123456789"),
        bearer(unsigned({"iss": "https://oidc.example"}, {"alg": "none"}, b"x")),
        bearer(unsigned({"iss": "registry-sidecar"}, {"alg": "none"}, b"x")),
    ],
    ids=str,
)
async def test_nobody_elses_secret_leaves_the_process(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer, shown: Credentials
) -> None:
    """What is, or may be, a secret of ours, a provider's token or a mistyped password is not its own, and not sent."""
    assert await authenticator.authenticate(shown) is None
    assert server.asked == []


async def test_a_token_goes_with_its_owners_name(authenticator: IntrospectionAuthenticator) -> None:
    """TS-35."""
    shown = Credentials(Scheme.BASIC, TOKEN, "ben@acme.example")
    assert await fault_of(authenticator, shown) is SignInFault.NOT_THEIRS


NOW = int(HeldClock().now().timestamp())


@pytest.mark.parametrize(
    "told",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": None},
        {"aud": {"registry": 1}},
        {"scope": "b"},
        {"scope": None},
        {"scope": ["a"]},
        {"token_type": "refresh_token"},
        {"token_use": "refresh_token", "token_type": "Bearer"},
        {"typ": "Refresh"},
        {"exp": NOW},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**300},
        {"email": None},
        {"email": "ann@elsewhere.example"},
        {"email": "root@acme.example"},
        {"email": CI},
        {"email_verified": False},
        {"email_verified": "true"},
        {"username": "somebody", "email": None},
    ],
    ids=str,
)
async def test_what_the_answer_lacks_makes_it_bad(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer, told: dict[str, Any]
) -> None:
    """Of an active token, too: it may be for another service, another client, or nobody who may sign in."""
    server.known[TOKEN] |= told
    await fault_of(authenticator, bearer())


async def test_an_email_may_stand_deeper(server: AuthorizationServer, clock: HeldClock, groups: Any) -> None:
    """Some servers put the claims of a token into a mapping of its own; `email_verified` is the one beside it."""
    async with asking(server, clock, groups, email_claim="ext.email") as authenticator:
        deep = server.known[TOKEN] | {"email": "eve@acme.example", "ext": {"email": ANN, "email_verified": True}}
        server.known |= {"deep-0123456789abcdef": deep, "flat-0123456789abcdef": deep | {"ext": {"email": ANN}}}
        principal = await authenticator.authenticate(bearer("deep-0123456789abcdef"))
        assert principal is not None
        assert principal.name == ANN
        assert await fault_of(authenticator, bearer("flat-0123456789abcdef")) is SignInFault.NOT_WELCOME


async def test_a_token_of_another_client_is_bad(server: AuthorizationServer, clock: HeldClock, groups: Any) -> None:
    """Where `client_ids` says which ones count."""
    async with asking(server, clock, groups, audiences=(), client_ids=("cli",)) as authenticator:
        assert await authenticator.authenticate(bearer()) is not None
        server.known["another-0123456789"] = server.known[TOKEN] | {"client_id": "web"}
        assert await fault_of(authenticator, bearer("another-0123456789")) is SignInFault.UNPROVEN


async def test_an_answer_is_remembered_for_a_minute(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer, clock: HeldClock
) -> None:
    """So a token that is revoked there ends here within that time."""
    for _ in range(3):
        await authenticator.authenticate(bearer())
    assert len(server.asked) == 1
    server.known.clear()
    clock.advance(seconds=59)
    assert await authenticator.authenticate(bearer()) is not None
    clock.advance(seconds=1)
    await fault_of(authenticator, bearer())


async def test_no_answer_outlives_its_token(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer, clock: HeldClock
) -> None:
    """To the second, whatever the server says later."""
    server.known[TOKEN]["exp"] = NOW + 10
    principal = await authenticator.authenticate(bearer())
    assert principal is not None
    assert principal.expires_at == clock.now() + timedelta(seconds=10)
    clock.advance(seconds=10)
    assert await fault_of(authenticator, bearer()) is SignInFault.EXPIRED


async def test_a_refusal_is_remembered_for_a_moment(
    authenticator: IntrospectionAuthenticator, server: AuthorizationServer, clock: HeldClock
) -> None:
    """A robot with an old token in a loop costs one question in ten seconds."""
    for _ in range(3):
        await fault_of(authenticator, bearer("unknown-0123456789"))
    assert len(server.asked) == 1
    clock.advance(seconds=10)
    await fault_of(authenticator, bearer("unknown-0123456789"))
    assert len(server.asked) == 2


async def test_a_stampede_asks_once(authenticator: IntrospectionAuthenticator, server: AuthorizationServer) -> None:
    """However many show the same token."""
    await asyncio.gather(*(authenticator.authenticate(bearer()) for _ in range(50)))
    assert len(server.asked) == 1


async def test_an_outage_is_a_fault(authenticator: IntrospectionAuthenticator, server: AuthorizationServer) -> None:
    """TS-59: no refusal, nothing remembered, and no body or secret in what is told of it."""
    server.down = True
    with pytest.raises(OutboundError) as caught:
        await authenticator.authenticate(bearer())
    assert TOKEN not in str(caught.value)
    server.down = False
    assert await authenticator.authenticate(bearer()) is not None


async def test_a_wrong_client_secret_is_a_fault(server: AuthorizationServer, clock: HeldClock, groups: Any) -> None:
    """Ours, and never the caller's."""
    async with asking(server, clock, groups, client_secret="old") as authenticator:
        with pytest.raises(OutboundError, match="answered 401"):
            await authenticator.authenticate(bearer())


async def test_the_secret_is_not_shown(server: AuthorizationServer, clock: HeldClock, groups: Any) -> None:
    """S12: whoever prints the settings prints no secret."""
    async with asking(server, clock, groups) as authenticator:
        assert CLIENT[1] not in repr(vars(authenticator))
