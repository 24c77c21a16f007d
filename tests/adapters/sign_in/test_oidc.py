"""Tokens of OIDC providers: what proves somebody, and every way in which one may not."""

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from sidecar.adapters.sign_in.oidc import MOST_CHARACTERS, OidcAuthenticator, Trust
from sidecar.adapters.sign_in.outbound import outbound
from sidecar.adapters.sign_in.provider import Provider
from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, PrincipalKind, Scheme
from tests.fakes import HeldClock
from tests.outside import AUDIENCE, RSA_KEYS, OidcProvider, jwk_of, unsigned

ANN = "ann@acme.example"


@asynccontextmanager
async def trusting(
    provider: OidcProvider, clock: HeldClock, groups: Any, **changed: Any
) -> AsyncIterator[OidcAuthenticator]:
    """An authenticator that trusts this provider."""
    algorithms = changed.pop("algorithms", ("RS256",))
    plain: dict[str, Any] = {
        "audiences": (AUDIENCE, "other-client"),
        "email_domains": ("acme.example",),
        "email_claim": "email",
        "emails_are_verified": False,
        "groups_claim": None,
        "groups_prefix": "",
        "leeway": timedelta(seconds=30),
    }
    async with outbound([provider.issuer]) as connection:
        keys = Provider(connection, clock, provider.issuer, algorithms, None)
        trust = Trust(provider=keys, algorithms=algorithms, **{**plain, **changed})
        yield OidcAuthenticator([trust], groups.people(), clock)


@pytest.fixture
async def authenticator(provider: OidcProvider, clock: HeldClock, groups: Any) -> AsyncIterator[OidcAuthenticator]:
    async with trusting(provider, clock, groups) as made:
        yield made


def bearer(token: str) -> Credentials:
    return Credentials(Scheme.BEARER, token)


async def refusal(authenticator: OidcAuthenticator, credentials: Credentials) -> SignInFault:
    with pytest.raises(InvalidCredentials) as caught:
        await authenticator.authenticate(credentials)
    return caught.value.fault


async def test_a_token_proves_its_person_until_it_ends(
    authenticator: OidcAuthenticator, provider: OidcProvider, clock: HeldClock
) -> None:
    """A person, by e-mail, with no credential of ours, who ends with the token."""
    principal = await authenticator.authenticate(bearer(provider.token("Ann@ACME.example")))
    ends = clock.now() + timedelta(hours=1)
    assert principal == Principal(ANN, PrincipalKind.PERSON, None, CredentialKind.OIDC, ends)


@pytest.mark.parametrize("user", [ANN, "ANN@acme.example", "oauth2accesstoken", "_token"])
async def test_it_is_a_password_beside_its_owners_name(
    authenticator: OidcAuthenticator, provider: OidcProvider, user: str
) -> None:
    """TS-34, TS-35: or beside a name that says "a token"."""
    assert await authenticator.authenticate(Credentials(Scheme.BASIC, provider.token(), user)) is not None


@pytest.mark.parametrize("user", ["ben@acme.example", "ann", "ann@acme.example.evil.example"])
async def test_beside_another_name_it_is_bad(
    authenticator: OidcAuthenticator, provider: OidcProvider, groups: Any, user: str
) -> None:
    """TS-35: and nothing is remembered of it."""
    assert await refusal(authenticator, Credentials(Scheme.BASIC, provider.token(), user)) is SignInFault.NOT_THEIRS
    assert groups.told == {}


async def test_it_is_no_refresh_token(authenticator: OidcAuthenticator, provider: OidcProvider) -> None:
    """TS-35: an empty user name, or `<token>`, is for refresh tokens alone."""
    assert await refusal(authenticator, Credentials(Scheme.REFRESH, provider.token())) is SignInFault.MISPLACED


@pytest.mark.parametrize(
    "secret", ["", "x", "a.b.c", "..", "a.b", "eyJ.eyJ.", "\udcff.a.b", "rpt_x", "[" * 9000 + ".." + "x"]
)
async def test_what_is_no_token_is_not_its_own(authenticator: OidcAuthenticator, secret: str) -> None:
    """None: another authenticator may know it."""
    assert await authenticator.authenticate(bearer(secret)) is None


async def test_a_token_of_another_issuer_is_not_its_own(
    authenticator: OidcAuthenticator, provider: OidcProvider
) -> None:
    """Issuers are compared letter by letter; whatever the token holds, nobody is asked for keys."""
    for issuer in (f"{provider.issuer}/", provider.issuer.upper(), "https://evil.example", 7, [provider.issuer], None):
        token = provider.token() if issuer is None else unsigned(provider.claims(iss=issuer), {"alg": "RS256"}, b"x")
        if issuer is None:
            token = unsigned({"sub": "x"}, {"alg": "RS256"}, b"x")
        assert await authenticator.authenticate(bearer(token)) is None
    assert provider.asked == []


async def test_what_is_too_long_is_not_its_own(authenticator: OidcAuthenticator, provider: OidcProvider) -> None:
    """S30: nothing of it is read."""
    assert await authenticator.authenticate(bearer(provider.token(padding="x" * MOST_CHARACTERS))) is None


NOW = int(HeldClock().now().timestamp())


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"aud": "somebody-else"}, SignInFault.UNPROVEN),
        ({"aud": []}, SignInFault.UNPROVEN),
        ({"aud": None}, SignInFault.UNPROVEN),
        ({"aud": {AUDIENCE: 1}}, SignInFault.UNPROVEN),
        ({"exp": None}, SignInFault.UNPROVEN),
        ({"exp": NOW - 30}, SignInFault.EXPIRED),
        ({"exp": str(NOW + 60)}, SignInFault.UNPROVEN),
        ({"exp": True}, SignInFault.UNPROVEN),
        ({"exp": float("nan")}, SignInFault.UNPROVEN),
        ({"exp": float("inf")}, SignInFault.UNPROVEN),
        ({"exp": 10**300}, SignInFault.UNPROVEN),
        ({"exp": -1}, SignInFault.UNPROVEN),
        ({"nbf": NOW + 31}, SignInFault.UNPROVEN),
        ({"iat": NOW + 31}, SignInFault.UNPROVEN),
        ({"iat": "yesterday"}, SignInFault.UNPROVEN),
        ({"email": None}, SignInFault.NOT_WELCOME),
        ({"email": ["ann@acme.example"]}, SignInFault.NOT_WELCOME),
        ({"email": "ann"}, SignInFault.NOT_WELCOME),
        ({"email": "sidecar"}, SignInFault.NOT_WELCOME),
        ({"email": "allUsers"}, SignInFault.NOT_WELCOME),
        ({"email": "ann@acme.example@evil.example"}, SignInFault.NOT_WELCOME),
        ({"email": "ann@evil.example"}, SignInFault.NOT_WELCOME),
        ({"email": "ann@sub.acme.example"}, SignInFault.NOT_WELCOME),
        ({"email": "ann@acme.example\n"}, SignInFault.NOT_WELCOME),
        ({"email_verified": None}, SignInFault.NOT_WELCOME),
        ({"email_verified": False}, SignInFault.NOT_WELCOME),
        ({"email_verified": "true"}, SignInFault.NOT_WELCOME),
        ({"email_verified": 1}, SignInFault.NOT_WELCOME),
    ],
)  # fmt: skip
async def test_what_its_claims_lack_makes_it_bad(
    authenticator: OidcAuthenticator, provider: OidcProvider, changed: dict[str, Any], fault: SignInFault
) -> None:
    """Though the provider's own key has signed it."""
    assert await refusal(authenticator, bearer(provider.token(**changed))) is fault


@pytest.mark.parametrize("changed", [{"exp": NOW - 29}, {"nbf": NOW + 30}, {"iat": NOW + 30}, {"iat": None}])
async def test_clocks_may_differ_a_little(
    authenticator: OidcAuthenticator, provider: OidcProvider, changed: dict[str, Any]
) -> None:
    """`leeway_seconds`, in both directions."""
    assert await authenticator.authenticate(bearer(provider.token(**changed))) is not None


async def test_one_of_several_audiences_is_enough(authenticator: OidcAuthenticator, provider: OidcProvider) -> None:
    """A token may be for others, too."""
    assert await authenticator.authenticate(bearer(provider.token(aud=["x", "other-client"]))) is not None


def _public_pem(provider: OidcProvider) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return provider.key.public_key().public_bytes(serialization.Encoding.PEM, form)


def _hmac(provider: OidcProvider) -> str:
    """Signed with the public key as if it were a shared secret, which the library refuses to do."""
    head = unsigned(provider.claims(), {"alg": "HS256", "kid": "key-0", "typ": "JWT"}).rpartition(".")[0]
    mac = hmac.digest(_public_pem(provider), head.encode(), hashlib.sha256)
    return f"{head}.{jwt.utils.base64url_encode(mac).decode()}"


def _other_key(provider: OidcProvider) -> str:
    return jwt.encode(provider.claims(), RSA_KEYS[1], "RS256", {"kid": "key-0"})


def _own_jwk(provider: OidcProvider) -> str:
    header = {"kid": "key-0", "jwk": jwk_of(RSA_KEYS[1], "key-0"), "jku": f"{provider.issuer}/keys"}
    return jwt.encode(provider.claims(), RSA_KEYS[1], "RS256", header)


def _changed(provider: OidcProvider) -> str:
    head, _, signature = provider.token().split(".")
    body = unsigned(provider.claims("eve@acme.example"), {}).split(".")[1]
    return f"{head}.{body}.{signature}"


FORGERIES: dict[str, Callable[[OidcProvider], str]] = {
    "none": lambda provider: unsigned(provider.claims(), {"alg": "none"}),
    "NONE": lambda provider: unsigned(provider.claims(), {"alg": "NONE", "kid": "key-0"}, b"x"),
    "no alg": lambda provider: unsigned(provider.claims(), {"kid": "key-0"}, b"x"),
    "alg no text": lambda provider: unsigned(provider.claims(), {"alg": ["RS256"], "kid": "key-0"}, b"x"),
    "no signature": lambda provider: provider.token().rpartition(".")[0] + ".",
    "hmac": _hmac,
    "another algorithm": lambda provider: provider.signed(provider.claims(), "RS512"),
    "pss": lambda provider: provider.signed(provider.claims(), "PS256"),
    "another key": _other_key,
    "a key of its own": _own_jwk,
    "changed": _changed,
    "crit": lambda provider: provider.signed(provider.claims(), crit=["b64"], b64=True),
    "crit unknown": lambda provider: jwt.encode(
        provider.claims(), RSA_KEYS[0], "RS256", {"kid": "key-0", "crit": ["exp"]}
    ),
    "unknown kid": lambda provider: provider.signed(provider.claims(), kid="key-9"),
    "kid no text": lambda provider: unsigned(provider.claims(), {"alg": "RS256", "kid": 7}, b"x"),
    "no header": lambda provider: "!" + provider.token(),
    "empty header": lambda provider: "." + provider.token().partition(".")[2],
    "../kid": lambda provider: provider.signed(provider.claims(), kid="../../etc/passwd"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_token_is_bad(authenticator: OidcAuthenticator, provider: OidcProvider, forgery: str) -> None:
    """S32: what the provider's published keys don't prove, by the configured algorithm, proves nobody."""
    assert await refusal(authenticator, bearer(FORGERIES[forgery](provider))) is SignInFault.UNPROVEN


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("ES384", ec.generate_private_key(ec.SECP384R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
        ("PS256", RSA_KEYS[0]),
        ("RS512", RSA_KEYS[0]),
    ],
)
async def test_other_algorithms_are_taken_where_they_are_configured(
    provider: OidcProvider, clock: HeldClock, groups: Any, algorithm: str, key: Any
) -> None:
    """Each with keys of its own type; and where they are, RS256 is not taken."""
    provider.key, provider.jwks = key, [jwk_of(key, "key-0"), jwk_of(RSA_KEYS[1], "rsa")]
    async with trusting(provider, clock, groups, algorithms=(algorithm,)) as authenticator:
        token = provider.signed(provider.claims(), algorithm)
        assert await authenticator.authenticate(bearer(token)) is not None
        other = jwt.encode(provider.claims(), RSA_KEYS[1], "RS256", {"kid": "rsa"})
        assert await refusal(authenticator, bearer(other)) is SignInFault.UNPROVEN


@pytest.mark.parametrize(
    "email",
    [
        "ci@acme.serviceaccount.auth.example.com",
        "CI@acme.ServiceAccount.Auth.Example.com",
        "x@serviceaccount.auth.example.com",
        "x@deep.er.serviceaccount.auth.example.com",
        "root@acme.example",
        "ROOT@acme.example",
        "x@old.example",
        "x@acme.old.example",
    ],
)
async def test_nobody_is_made_an_account_or_the_administrator(
    provider: OidcProvider, clock: HeldClock, groups: Any, email: str
) -> None:
    """Even a provider that may prove every domain proves none that is the sidecar's own."""
    async with trusting(provider, clock, groups, email_domains=("*",), emails_are_verified=True) as authenticator:
        assert await refusal(authenticator, bearer(provider.token(email))) is SignInFault.NOT_WELCOME
        assert await authenticator.authenticate(bearer(provider.token("x@auth.example.com"))) is not None


async def test_a_provider_may_vouch_for_its_emails(provider: OidcProvider, clock: HeldClock, groups: Any) -> None:
    """`emails_are_verified`, and another claim that holds them."""
    async with trusting(provider, clock, groups, emails_are_verified=True, email_claim="upn") as authenticator:
        token = provider.token(email=None, email_verified=None, upn=ANN)
        principal = await authenticator.authenticate(bearer(token))
        assert principal is not None
        assert principal.name == ANN


async def test_groups_are_those_of_the_claim(provider: OidcProvider, clock: HeldClock, groups: Any) -> None:
    """Each with the prefix; what can't be a name is left out, and what was told is remembered."""
    async with trusting(provider, clock, groups, groups_claim="roles", groups_prefix="corp:") as authenticator:
        token = provider.token(roles=["ops", "", 7, "a b", " x", "x" * 300, "line\nbreak"])
        principal = await authenticator.authenticate(bearer(token))
        assert principal is not None
        assert principal.groups == {"group:corp:ops", "group:corp:a b", "group:corp: x"}
        assert groups.told == {ANN: principal.groups}
        gone = await authenticator.authenticate(bearer(provider.token()))
        assert gone is not None
        assert (gone.groups, groups.told) == (frozenset(), {ANN: frozenset()})


async def test_groups_are_as_old_as_their_token(provider: OidcProvider, clock: HeldClock, groups: Any) -> None:
    """By its `iat`, which may be a little ahead of us; without one its groups are nobody's."""
    now = int(clock.now().timestamp())
    async with trusting(provider, clock, groups, groups_claim="roles") as authenticator:
        for iat, seconds in ((now - 600, -600), (now + 20, 0)):
            await authenticator.authenticate(bearer(provider.token(roles=["ops"], iat=iat)))
            assert groups.at[ANN] == clock.now() + timedelta(seconds=seconds)
        groups.told[ANN] = frozenset({"group:dev"})
        undated = await authenticator.authenticate(bearer(provider.token(roles=["ops"], iat=None)))
        assert undated is not None
        assert undated.groups == {"group:dev"}


async def test_without_the_claim_groups_are_those_of_before(
    authenticator: OidcAuthenticator, provider: OidcProvider, groups: Any
) -> None:
    """A provider that tells of no groups takes none away."""
    groups.told[ANN] = frozenset({"group:ops"})
    principal = await authenticator.authenticate(bearer(provider.token(groups=["other"])))
    assert principal is not None
    assert principal.groups == {"group:ops"}
