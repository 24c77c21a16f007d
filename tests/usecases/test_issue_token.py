"""IssueToken on a real database: what is signed anew, what is given again, and for how long."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.adapters.credentials import IssuedSecretAuthenticator
from sidecar.adapters.database import Database
from sidecar.adapters.signing import LeafSigner, create_authority
from sidecar.domain.errors import Invalid, Unauthorized, Unavailable
from sidecar.domain.identity import ANONYMOUS, Credentials, Scheme
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.secrets import SecretKind
from sidecar.usecases.authenticate import Authenticate
from sidecar.usecases.issue_refresh_token import IssueRefreshToken
from sidecar.usecases.issue_token import FreshTokens, IssueToken, Lifetimes, TokenRequest
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

DAN, VERA = "dan@acme.example", "vera@acme.example"
WEB = ("repository:acme/web:pull,push",)


@pytest.fixture
async def tenants(database: Database, clock: HeldClock) -> Tenants:
    founded = Tenants(database.store, clock, RepeatableRandomness())
    await founded.project("acme")
    await founded.bind("acme", DAN, "developer")
    await founded.bind("acme", VERA, "viewer")
    return founded


@pytest.fixture
def issue(database: Database, clock: HeldClock) -> IssueToken:
    randomness = RepeatableRandomness()
    authority = create_authority(clock.now())
    signer = LeafSigner(
        authority, issuer="i", audience="a", leaf_lifetime=timedelta(days=7), clock=clock, randomness=randomness
    )
    authenticator = IssuedSecretAuthenticator(database.access, clock, tuple(SecretKind), lambda _: frozenset())
    return IssueToken(
        authenticate=Authenticate((authenticator,), lambda _: None),
        access=database.access,
        signer=signer,
        clock=clock,
        refresh_token=IssueRefreshToken(database.store, clock, randomness),
        lifetimes=Lifetimes(token=300, push=900),
        fresh=FreshTokens(seconds=30),
        used=lambda _: None,
        denied=lambda *_: None,
        groups_of=lambda _: frozenset(),
        pushes=PushTokens(),
    )


def of(secret: str, scopes: tuple[str, ...] = WEB, offline: bool = False) -> TokenRequest:
    return TokenRequest(Credentials(Scheme.BEARER, secret), scopes, offline)


async def test_the_same_question_is_answered_with_the_same_token(
    issue: IssueToken, tenants: Tenants, clock: HeldClock
) -> None:
    """For `reuse_seconds`: a stampede of nodes with one credential signs once."""
    secret = await tenants.secret(DAN)
    first = await issue(of(secret))
    clock.advance(seconds=29)
    assert (await issue(of(secret))).token == first.token
    clock.advance(seconds=1)
    assert (await issue(of(secret))).token != first.token


async def test_a_question_in_other_words_is_the_same(issue: IssueToken, tenants: Tenants) -> None:
    """What counts is the decision, not the text."""
    secret = await tenants.secret(VERA)
    assert (await issue(of(secret))).token == (await issue(of(secret, ("foo repository:acme/web:pull",)))).token


async def test_another_decision_is_another_token(issue: IssueToken, tenants: Tenants) -> None:
    """Never more than this question allows."""
    secret = await tenants.secret(DAN)
    both, pull = await issue(of(secret)), await issue(of(secret, ("repository:acme/web:pull",)))
    assert both.token != pull.token
    assert pull.access[0].actions == ("pull",)


async def test_another_credential_is_another_token(issue: IssueToken, tenants: Tenants) -> None:
    """Even of the same person: one may expire before the other."""
    first, second = await tenants.secret(DAN), await tenants.secret(DAN)
    assert (await issue(of(first))).token != (await issue(of(second))).token


async def test_nothing_is_given_again_after_a_change_of_access(issue: IssueToken, tenants: Tenants) -> None:
    """Any change: the generation is part of the question."""
    secret = await tenants.secret(DAN)
    first = await issue(of(secret))
    await tenants.bind("acme", "somebody@else.example", "viewer")
    assert (await issue(of(secret))).token != first.token


async def test_a_revoked_credential_gets_nothing_again(issue: IssueToken, tenants: Tenants) -> None:
    """Though its token was signed a moment ago."""
    secret = await tenants.secret(DAN)
    await issue(of(secret))
    await tenants.revoke(DAN)
    with pytest.raises(Unauthorized):
        await issue(of(secret))


async def test_an_expired_credential_gets_nothing_again(issue: IssueToken, tenants: Tenants, clock: HeldClock) -> None:
    """To the second."""
    secret = await tenants.secret(DAN, expires_at=clock.now() + timedelta(seconds=10))
    await issue(of(secret))
    clock.advance(seconds=10)
    with pytest.raises(Unauthorized):
        await issue(of(secret))


async def test_a_short_token_is_given_again_for_a_quarter_of_its_life(
    issue: IssueToken, tenants: Tenants, clock: HeldClock
) -> None:
    """Who gets it last can still use it."""
    secret = await tenants.secret(DAN, expires_at=clock.now() + timedelta(seconds=60))
    first = await issue(of(secret))
    clock.advance(seconds=14)
    assert (await issue(of(secret))).token == first.token
    clock.advance(seconds=1)
    assert (await issue(of(secret))).token != first.token


async def test_each_is_signed_where_reuse_is_off(issue: IssueToken, tenants: Tenants) -> None:
    """`reuse_seconds: 0`."""
    secret = await tenants.secret(DAN)
    signing = replace(issue, fresh=FreshTokens(seconds=0))
    assert (await signing(of(secret))).token != (await signing(of(secret))).token


async def test_what_is_kept_is_bounded(issue: IssueToken, tenants: Tenants, clock: HeldClock) -> None:
    """S30: the oldest goes first, however many questions are asked."""
    secret = await tenants.secret(DAN)
    small = replace(issue, fresh=FreshTokens(seconds=30, capacity=2))
    first = await small(of(secret))
    for name in ("a", "b"):
        await small(of(secret, (f"repository:acme/{name}:pull",)))
    assert (await small(of(secret))).token != first.token


async def test_long_tokens_are_not_kept(issue: IssueToken, tenants: Tenants) -> None:
    """S30: who asks for a hundred repositories at a time can't fill the memory with the answers."""
    secret = await tenants.secret(DAN)
    asked = of(secret, tuple(f"repository:acme/a-rather-long-name-{number}:pull" for number in range(100)))
    assert (await issue(asked)).token != (await issue(asked)).token


async def test_nobody_who_asks_for_something_is_anonymous(issue: IssueToken, tenants: Tenants) -> None:
    """TS-27: the token is nobody's, and empty."""
    issued = await issue(TokenRequest(None, WEB))
    assert (issued.principal, issued.access) == (ANONYMOUS, ())


@pytest.mark.parametrize("scopes", [(), ("",), (" ", "  ")])
async def test_nobody_who_asks_for_nothing_is_turned_away(issue: IssueToken, scopes: tuple[str, ...]) -> None:
    """TS-28."""
    with pytest.raises(Unauthorized):
        await issue(TokenRequest(None, scopes))


async def test_too_many_scopes_are_refused_before_anybody_is_looked_up(issue: IssueToken) -> None:
    """TS-22, S24: whoever asks."""
    with pytest.raises(Invalid):
        await issue(of("nobody's", ("x" * 20_000,)))


async def test_only_a_refresh_token_writes(issue: IssueToken, tenants: Tenants, database: Database) -> None:
    """Decision 5: asking for tokens changes nothing, asking for a refresh token one thing."""
    secret = await tenants.secret(DAN)
    before = database.access.generation
    await issue(of(secret))
    assert database.access.generation == before
    assert (await issue(of(secret, offline=True))).refresh_token is not None
    assert database.access.generation == before + 1


async def test_a_signer_that_can_not_sign_is_unavailable(issue: IssueToken, tenants: Tenants, clock: HeldClock) -> None:
    """TS-59: and no refresh token is left behind."""
    secret = await tenants.secret(DAN)
    clock.advance(days=15 * 365)
    with pytest.raises(Unavailable):
        await issue(of(secret, offline=True))
