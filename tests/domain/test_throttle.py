"""When failures are enough."""

from datetime import UTC, datetime, timedelta

import pytest

from sidecar.domain import throttle
from sidecar.domain.identity import Credentials, Scheme
from sidecar.domain.throttle import GET, POST, Limits, Throttle, network_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HERE, THERE = "192.0.2.1", "192.0.2.2"
API = "project.list"


def made(of_one: int = 2, of_address: int = 5) -> Throttle:
    return Throttle(Limits(of_one, of_address, MINUTE), b"salt")


def guess(user: str = "ann@example.com", secret: str = "x") -> Credentials:
    return Credentials(Scheme.BASIC, secret, user)


def waits(throttled: Throttle, count: int, address: str = HERE, user: str = "ann@example.com") -> list[int]:
    return [throttled.failed(guess(user, f"guess {n}"), API, address, NOON) for n in range(count)]


def test_beyond_the_limit_it_is_to_wait_until_the_window_ends() -> None:
    """In whole seconds, and never none."""
    throttled = made()
    assert waits(throttled, 3) == [0, 0, 60]
    assert throttled.failed(guess(), API, HERE, NOON + MINUTE - timedelta(milliseconds=1)) == 1
    assert throttled.failed(guess(), API, HERE, NOON + MINUTE) == 0


def test_neither_another_name_nor_another_address_is_to_wait() -> None:
    """The pair of both counts."""
    throttled = made()
    assert waits(throttled, 3)[-1] == 60
    assert waits(throttled, 1, THERE) == [0]
    assert waits(throttled, 1, HERE, "bob@example.com") == [0]


def test_many_names_from_one_address_are_one_guesser() -> None:
    """Whatever they are called."""
    throttled = made()
    assert [waits(throttled, 1, user=f"{n}@example.com")[0] for n in range(6)] == [0, 0, 0, 0, 0, 60]


def test_who_claims_no_name_counts_for_the_address_alone() -> None:
    """Bearers and refresh tokens name nobody, and what can't be read doesn't either."""
    throttled = made()
    shown = [Credentials(Scheme.BEARER, "x"), Credentials(Scheme.REFRESH, "x"), None, None, None, None]
    assert [throttled.failed(each, API, HERE, NOON) for each in shown] == [0, 0, 0, 0, 0, 60]


def test_a_post_and_its_get_count_once() -> None:
    """TS-39: one wrong password of containerd is one failure; another secret is another."""
    throttled = made(of_one=2)
    sent = [(POST, "a"), (GET, "a"), (POST, "b"), (GET, "b"), (POST, "c")]
    assert [throttled.failed(guess(secret=secret), method, HERE, NOON) for method, secret in sent] == [0, 0, 0, 0, 60]
    throttled = made(of_one=2)
    sent = [(POST, "a"), (GET, "b"), (GET, "a")]
    assert [throttled.failed(guess(secret=secret), method, HERE, NOON) for method, secret in sent] == [0, 0, 60]


def test_the_get_of_a_pair_is_to_wait_as_its_post_was() -> None:
    """It counts no more, but it isn't let through either."""
    throttled = made(of_one=1)
    waits(throttled, 2)
    assert throttled.failed(guess(secret="a"), POST, HERE, NOON) == 60
    assert throttled.failed(guess(secret="a"), GET, HERE, NOON) == 60


def test_no_limit_is_none() -> None:
    """0 in the configuration."""
    assert waits(made(0, 0), 100) == [0] * 100


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By numbers of names and of addresses, however many are tried; who fails again and again is remembered longest."""
    monkeypatch.setattr(throttle, "MOST", 10)
    throttled = made(of_one=2)
    for number in range(100):
        throttled.failed(guess(f"{number}@example.com"), POST, f"198.51.100.{number}", NOON)
        throttled.failed(guess(), API, HERE, NOON)
    sizes = [len(throttled._of_one._known), len(throttled._of_address._known), len(throttled._posted)]
    assert sizes == [10, 10, 10]
    assert waits(throttled, 1) == [60]


def test_long_names_fill_no_memory() -> None:
    """Whatever a form can hold: what comes after the longest name that there can be isn't kept."""
    throttled = made()
    throttled.failed(guess("x" * 65_536), POST, HERE, NOON)
    assert [len(user) for user, _ in throttled._posted] == [254]
    assert [*throttled._of_one._known] == [*throttled._posted]


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_an_owner_of_many_addresses_is_one_place(address: str, place: str) -> None:
    """A /64 is the least that anybody gets of IPv6."""
    assert network_of(address) == place
