"""Whose word about an address is believed."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from sidecar.web.remote import Proxies

TRUSTED = ("10.0.0.0/8", "fd00::/8")


def remote(peer: str, *forwarded: str, trusted: tuple[str, ...] = TRUSTED) -> str:
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    return Proxies(trusted).remote_of(make_mocked_request("GET", "/", headers).clone(remote=peer))


def test_without_a_proxy_it_is_the_peer() -> None:
    """The connection's other end."""
    assert remote("203.0.113.9") == "203.0.113.9"


def test_a_strangers_header_is_ignored() -> None:
    """Anybody can send one."""
    assert remote("203.0.113.9", "1.2.3.4") == "203.0.113.9"


def test_nobody_is_trusted_unless_configured() -> None:
    """Not even this machine."""
    assert remote("127.0.0.1", "1.2.3.4", trusted=()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("forwarded", "found"),
    [
        (("1.2.3.4",), "1.2.3.4"),
        (("6.6.6.6, 1.2.3.4",), "1.2.3.4"),
        (("6.6.6.6, 1.2.3.4, 10.1.1.1",), "1.2.3.4"),
        (("6.6.6.6", "1.2.3.4"), "1.2.3.4"),
        (("10.3.3.3, 10.2.2.2",), "10.3.3.3"),
        (("2001:db8::1",), "2001:db8::1"),
    ],
)
def test_a_trusted_proxys_word_is_taken_from_the_right(forwarded: tuple[str, ...], found: str) -> None:
    """Up to the first address that isn't a trusted proxy's: what stands left of it, that address made up or not."""
    assert remote("10.0.0.1", *forwarded) == found


@pytest.mark.parametrize(
    "forwarded", ["", "unknown", "1.2.3.4:80", "<script>", "1.2.3.4, _hidden", "fe80::1%<b>", "\N{SNOWMAN}"]
)
def test_what_is_no_address_ends_the_search(forwarded: str) -> None:
    """The last address that can be believed stays."""
    assert remote("10.0.0.1", forwarded) == "10.0.0.1"


def test_trust_reaches_ipv6() -> None:
    """Addresses of either kind."""
    assert remote("fd00::1", "2001:db8::5") == "2001:db8::5"


@pytest.mark.parametrize(("peer", "kept"), [("10.0.0.1", "abc"), ("203.0.113.9", None)])
def test_a_request_id_is_a_trusted_proxys_to_give(peer: str, kept: str | None) -> None:
    """A stranger could give all requests the same."""
    request = make_mocked_request("GET", "/", CIMultiDict({"X-Request-ID": "abc"})).clone(remote=peer)
    assert Proxies(TRUSTED).request_id_of(request) == kept
