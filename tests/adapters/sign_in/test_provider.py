"""Keys of a provider: discovery, rotation, outages, and many who ask at once (S34)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sidecar.adapters.sign_in.keys import keys_of
from sidecar.adapters.sign_in.outbound import MOST_BYTES, outbound
from sidecar.adapters.sign_in.provider import KEPT, LEAST_PAUSE, REFRESH, Provider
from sidecar.domain.errors import Unavailable
from tests.fakes import HeldClock
from tests.outside import RSA_KEYS, OidcProvider, jwk_of


@pytest.fixture
async def keys(provider: OidcProvider, clock: HeldClock) -> AsyncIterator[Provider]:
    async with outbound([provider.issuer]) as connection:
        yield Provider(connection, clock, provider.issuer, ("RS256",), None)


async def known(keys: Provider, kid: str) -> bool:
    return bool(await keys.keys_for(kid, "RS256"))


async def test_keys_are_fetched_when_they_are_needed(keys: Provider, provider: OidcProvider) -> None:
    """Once, by discovery."""
    assert [await known(keys, "key-0") for _ in range(3)] == [True] * 3
    assert [path.rpartition("/")[2] for path in provider.asked] == ["openid-configuration", "keys"]


async def test_a_stampede_fetches_once(keys: Provider, provider: OidcProvider) -> None:
    """Whoever comes while they are fetched waits for that very fetch."""
    assert all(await asyncio.gather(*(known(keys, "key-0") for _ in range(50))))
    assert provider.count("/keys") == 1


async def test_one_who_goes_away_takes_the_answer_from_nobody(keys: Provider, provider: OidcProvider) -> None:
    """A client that hangs up ends its own wait alone."""
    first = asyncio.create_task(known(keys, "key-0"))
    await asyncio.sleep(0)
    second = asyncio.create_task(known(keys, "key-0"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second
    assert provider.count("/keys") == 1


async def test_unknown_keys_cause_one_fetch_per_interval(
    keys: Provider, provider: OidcProvider, clock: HeldClock
) -> None:
    """S34: a thousand forged key ids are one question to the provider."""
    await known(keys, "key-0")
    clock.advance(seconds=LEAST_PAUSE.total_seconds())
    assert not any(await asyncio.gather(*(known(keys, f"forged-{number}") for number in range(1000))))
    assert provider.count("/keys") == 2
    clock.advance(seconds=LEAST_PAUSE.total_seconds() - 1)
    assert not await known(keys, "forged")
    assert provider.count("/keys") == 2


async def test_a_new_key_counts_when_it_is_used(keys: Provider, provider: OidcProvider, clock: HeldClock) -> None:
    """Rotation: the new one is known at once, and the one that was withdrawn no more."""
    await known(keys, "key-0")
    provider.rotate()
    clock.advance(seconds=LEAST_PAUSE.total_seconds())
    assert await known(keys, "key-1")
    assert not await known(keys, "key-0")


async def test_keys_are_fetched_anew_in_time(keys: Provider, provider: OidcProvider, clock: HeldClock) -> None:
    """So that one which the provider withdraws ends here, too, though nobody uses another."""
    await keys.refresh()
    provider.rotate()
    clock.advance(seconds=REFRESH.total_seconds() - 1)
    await keys.refresh()
    assert await known(keys, "key-0")
    clock.advance(seconds=1)
    await keys.refresh()
    assert not await known(keys, "key-0")


async def test_an_outage_keeps_the_old_keys(keys: Provider, provider: OidcProvider, clock: HeldClock) -> None:
    """S34: for a day. What they don't prove can't be known: 503 and no refusal (TS-59)."""
    await keys.refresh()
    provider.down = True
    clock.advance(seconds=REFRESH.total_seconds())
    await keys.refresh()
    assert keys.trouble() is not None
    assert "canary" not in str(keys.trouble())
    assert await known(keys, "key-0")
    with pytest.raises(Unavailable):
        await known(keys, "key-1")
    clock.advance(seconds=KEPT.total_seconds())
    with pytest.raises(Unavailable):
        await known(keys, "key-0")


async def test_a_provider_that_is_down_at_first_is_found_later(
    keys: Provider, provider: OidcProvider, clock: HeldClock
) -> None:
    """Its tokens are 503 until then, and it is asked again soon."""
    provider.down = True
    with pytest.raises(Unavailable):
        await known(keys, "key-0")
    provider.down = False
    with pytest.raises(Unavailable):
        await known(keys, "key-0")
    clock.advance(seconds=LEAST_PAUSE.total_seconds())
    await keys.refresh()
    assert await known(keys, "key-0")
    assert (keys.trouble(), keys.age()) == (None, 0.0)


async def test_a_clock_that_was_set_back_stops_nothing(
    keys: Provider, provider: OidcProvider, clock: HeldClock
) -> None:
    """A fetch of the future was a fetch of the past."""
    await keys.refresh()
    clock.advance(hours=-2)
    provider.rotate()
    assert await known(keys, "key-1")


@pytest.mark.parametrize("path", ["discovery", "keys"])
async def test_a_redirect_is_refused(keys: Provider, provider: OidcProvider, path: str) -> None:
    """S6, S34: even to the same server."""
    provider.moved = True
    with pytest.raises(Unavailable):
        await known(keys, "key-0")
    assert provider.count("keys") == 0


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "nonsense"},
        {"jwks_uri": 7},
        {"jwks_uri": None},
    ],
)
async def test_discovery_is_believed_of_the_issuer_alone(
    keys: Provider, provider: OidcProvider, document: dict[str, object]
) -> None:
    """Another issuer's document, or keys elsewhere: no key is taken from it."""
    provider.discovery = document
    with pytest.raises(Unavailable):
        await known(keys, "key-0")
    assert provider.count("/keys") == 0
    assert keys.trouble() is not None


async def test_keys_elsewhere_are_taken_where_they_are_configured(provider: OidcProvider, clock: HeldClock) -> None:
    """Then nothing is discovered."""
    url = f"{provider.issuer}/elsewhere"
    async with outbound([url]) as connection:
        keys = Provider(connection, clock, "https://issuer.example", ("RS256",), url)
        assert await known(keys, "key-0")
    assert [path.rpartition("/")[2] for path in provider.asked] == ["elsewhere"]


async def test_an_answer_without_end_is_given_up(keys: Provider, provider: OidcProvider) -> None:
    """S30."""
    provider.padding = MOST_BYTES
    with pytest.raises(Unavailable):
        await known(keys, "key-0")


async def test_a_set_without_a_usable_key_takes_none_away(
    keys: Provider, provider: OidcProvider, clock: HeldClock
) -> None:
    """An empty answer is a fault of the provider, not the end of all its keys."""
    await keys.refresh()
    provider.jwks = []
    clock.advance(seconds=REFRESH.total_seconds())
    await keys.refresh()
    assert await known(keys, "key-0")
    assert keys.trouble() is not None


GOOD = jwk_of(RSA_KEYS[0], "a")
P256 = ec.generate_private_key(ec.SECP256R1())


UNUSABLE: dict[str, object] = {
    "for encryption": {**GOOD, "use": "enc"},
    "of another hash": {**GOOD, "alg": "RS512"},
    "of another purpose": {**GOOD, "alg": "RSA-OAEP"},
    "of another operation": {**GOOD, "key_ops": ["encrypt"]},
    "operations as text": {**GOOD, "key_ops": "verify"},
    "private": {**GOOD, "d": GOOD["n"]},
    "kid no text": {**GOOD, "kid": 7},
    "tiny": {**GOOD, "n": "AQAB"},
    "garbled": {**GOOD, "n": "!"},
    "both": {**GOOD, "kty": "oct", "k": "c2VjcmV0"},
    "shared": {"kty": "oct", "k": "c2VjcmV0", "kid": "a"},
    "empty": {"kty": "RSA", "kid": "a"},
    "of another type": jwk_of(P256, "a"),
    "short": jwk_of(rsa.generate_private_key(65537, 1024), "a"),
    "text": "text",
    "null": None,
    "list": [],
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_is_no_verifying_key_of_the_algorithm_is_left_out(name: str) -> None:
    """S32: of another type or use, private, too short, malformed; the good one beside it stays."""
    assert [key.kid for key in keys_of({"keys": [UNUSABLE[name], GOOD]}, ("RS256",))] == ["a"]


def test_a_curve_has_its_one_algorithm() -> None:
    """A P-256 key verifies ES256 alone."""
    found = keys_of({"keys": [jwk_of(P256, "a")]}, ("ES256", "ES384", "ES512", "EdDSA", "RS256"))
    assert [key.algorithm for key in found] == ["ES256"]


async def test_without_a_key_id_there_must_be_one_key(keys: Provider, provider: OidcProvider, clock: HeldClock) -> None:
    """Which of several has signed is not guessed."""
    assert len(await keys.keys_for(None, "RS256")) == 1
    provider.jwks.append(jwk_of(RSA_KEYS[1], "key-1"))
    clock.advance(seconds=REFRESH.total_seconds())
    await keys.refresh()
    assert await keys.keys_for(None, "RS256") == ()


def test_the_pauses_are_in_proportion() -> None:
    """Keys are refreshed many times before they are too old to be believed."""
    assert timedelta(0) < LEAST_PAUSE < REFRESH < KEPT / 10
