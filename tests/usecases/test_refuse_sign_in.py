"""Refused sign-ins on a real database: what is remembered, under which names, and within which bounds."""

from datetime import timedelta

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.actors import Asking
from sidecar.domain.audit import AuditEntry
from sidecar.domain.errors import SignInFault, TooManyAttempts, Unavailable
from sidecar.domain.identity import Credentials, Scheme
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from sidecar.domain.throttle import Limits, Throttle
from sidecar.ports.auditing import AuditQuery
from sidecar.usecases import refuse_sign_in
from sidecar.usecases.refuse_sign_in import OTHERS, RefuseSignIn, claimed
from tests.fakes import HeldClock, RepeatableRandomness

ANN = "ann@example.com"
HERE = Asking("GET /token", "192.0.2.1", "r-1")
SECRET = make_secret(SecretKind.PERSONAL_TOKEN, RepeatableRandomness().bytes(RANDOM_BYTES))
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl"


def made(database: Database, clock: HeldClock, of_one: int = 0, told: list[object] | None = None) -> RefuseSignIn:
    throttle = Throttle(Limits(of_one, 0, timedelta(minutes=1)), b"salt")
    heard = [] if told is None else told
    return RefuseSignIn(database.audit, throttle, clock, lambda *what: heard.append(what))


def shown(user: str = ANN, secret: str = SECRET) -> Credentials:
    return Credentials(Scheme.BASIC, secret, user)


async def entries(database: Database) -> list[AuditEntry]:
    return await database.audit.read(AuditQuery(20_000))


async def test_one_row_for_a_name_an_address_and_a_fault(database: Database, clock: HeldClock) -> None:
    """Within five minutes, with how often and when the last time; written again and again, it stays one."""
    refuse = made(database, clock)
    for _ in range(3):
        refuse(shown(), HERE, SignInFault.UNKNOWN)
        clock.advance(seconds=10)
        await refuse.flush()
    refuse(shown(), HERE, SignInFault.EXPIRED)
    await refuse.flush()
    expired, unknown = await entries(database)
    assert (unknown.actor.name, unknown.actor.address, unknown.after) == (ANN, "192.0.2.1", {"reason": "unknown"})
    assert (unknown.count, unknown.outcome, unknown.action) == (3, "refused", "signIn")
    assert unknown.last_at == unknown.at + timedelta(seconds=20)
    assert (expired.count, expired.after) == (1, {"reason": "expired"})


async def test_they_are_the_installations(database: Database, clock: HeldClock) -> None:
    """No project's log has them: whoever failed may be anybody."""
    refuse = made(database, clock)
    refuse(None, HERE, SignInFault.MALFORMED)
    await refuse.flush()
    (entry,) = await entries(database)
    assert (entry.resource.project, entry.actor.name) == (None, "")


async def test_many_names_are_bounded(database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """From one address, and in all; those beyond are counted together."""
    monkeypatch.setattr(refuse_sign_in, "MOST", 20)
    monkeypatch.setattr(refuse_sign_in, "MOST_OF_ADDRESS", 5)
    refuse = made(database, clock)
    for number in range(100):
        refuse(shown(f"{number}@example.com"), HERE, SignInFault.UNKNOWN)
    refuse(shown(), Asking("GET /token", "192.0.2.2"), SignInFault.UNKNOWN)
    await refuse.flush()
    kept = await entries(database)
    assert len(kept) == 7
    assert {entry.count for entry in kept if entry.actor.name == OTHERS} == {95}
    assert ANN in {entry.actor.name for entry in kept}


async def test_addresses_of_one_owner_are_one_cause(
    database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has a /64 of IPv6 has all of its addresses, and fills no more than who has one of IPv4."""
    monkeypatch.setattr(refuse_sign_in, "MOST", 20)
    monkeypatch.setattr(refuse_sign_in, "MOST_OF_ADDRESS", 5)
    refuse = made(database, clock)
    for number in range(100):
        refuse(shown(f"{number}@example.com"), Asking("GET /token", f"2001:db8::{number:x}"), SignInFault.UNKNOWN)
    refuse(shown(), HERE, SignInFault.UNKNOWN)
    await refuse.flush()
    kept = await entries(database)
    assert len(kept) == 7
    assert ANN in {entry.actor.name for entry in kept}


async def test_what_the_database_did_not_take_is_kept(
    database: Database, clock: HeldClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And written when it can be."""
    refuse = made(database, clock)
    refuse(shown(), HERE, SignInFault.UNKNOWN)

    async def fail(_: object, __: object) -> None:
        raise Unavailable("the database")

    with monkeypatch.context() as patched:
        patched.setattr(type(database.audit), "record", fail)
        with pytest.raises(Unavailable):
            await refuse.flush()
    refuse(shown(), HERE, SignInFault.UNKNOWN)
    await refuse.flush()
    assert sum(entry.count for entry in await entries(database)) == 2


async def test_one_too_many_is_told_to_wait_and_still_remembered(database: Database, clock: HeldClock) -> None:
    """TS-40; the metric hears of it, too."""
    told: list[object] = []
    refuse = made(database, clock, of_one=1, told=told)
    refuse(shown(), HERE, SignInFault.UNKNOWN)
    with pytest.raises(TooManyAttempts) as raised:
        refuse(shown(), HERE, SignInFault.UNKNOWN)
    assert raised.value.retry_after == 60
    assert told == [(SignInFault.UNKNOWN, False), (SignInFault.UNKNOWN, True)]
    await refuse.flush()
    assert [entry.count for entry in await entries(database)] == [2]


@pytest.mark.parametrize(
    ("user", "name"),
    [
        (ANN, ANN),
        ("", ""),
        ("a\x00b\r\nc\x1b[31m\u202e", "abc[31m"),
        ("x" * 300, "x" * 254),
        (SECRET, "(a personal token)"),
        (f"token={SECRET}", "token=(a personal token)"),
        (SECRET[:20] + "\n" + SECRET[20:], "(a personal token)"),
        (f"{'y' * 4080}{SECRET}", "y" * 254),
        (SECRET[:-1] + "!", "(a personal token)!"),
        (JWT, "(a signed token)"),
    ],
)
def test_a_claimed_name_is_fit_to_be_shown(user: str, name: str) -> None:
    """S12: bounded, on one line, and never the secret that somebody typed in the wrong place."""
    assert claimed(shown(user)) == name
