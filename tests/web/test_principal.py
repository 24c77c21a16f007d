"""Authorization headers, read."""

import base64
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import Credentials, Scheme
from sidecar.web.principal import named, parse_authorization, refreshing

HERE = "192.0.2.7"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("header", "credentials"),
    [
        (basic("a@b:c"), Credentials(Scheme.BASIC, "c", "a@b", HERE)),
        (basic("pä:ss:wörd"), Credentials(Scheme.BASIC, "ss:wörd", "pä", HERE)),
        (basic("a: "), Credentials(Scheme.BASIC, " ", "a", HERE)),
        (basic("a:b").replace("Basic", "bASIC"), Credentials(Scheme.BASIC, "b", "a", HERE)),
        ("Bearer x", Credentials(Scheme.BEARER, "x", "", HERE)),
        (basic(":x"), Credentials(Scheme.REFRESH, "x", "", HERE)),
        (basic("<token>:x"), Credentials(Scheme.REFRESH, "x", "", HERE)),
    ],
)
def test_a_header_is_read(header: str, credentials: Credentials) -> None:
    """TS-33, TS-38: UTF-8, split at the first colon; after nobody's name comes a refresh token. Each knows its address."""
    assert parse_authorization(header, HERE) == credentials


@given(st.text())
def test_any_text_is_credentials_or_invalid(text: str) -> None:
    """TS-32: there is no third outcome."""
    with suppress(InvalidCredentials):
        parse_authorization(text, HERE)


@given(st.binary())
def test_any_basic_value_is_credentials_or_invalid(value: bytes) -> None:
    """TS-32: whatever the base64 stands for."""
    with suppress(InvalidCredentials):
        parse_authorization("Basic " + base64.b64encode(value).decode(), HERE)


@given(
    st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_form_and_a_header_mean_the_same(user: str, secret: str) -> None:
    """The same name and secret, on GET and on POST."""

    def outcome(read: Callable[[], Credentials]) -> Credentials | None:
        try:
            return read()
        except InvalidCredentials:
            return None

    assert outcome(lambda: named(user, secret, HERE)) == outcome(
        lambda: parse_authorization(basic(f"{user}:{secret}"), HERE)
    )


@pytest.mark.parametrize("header", [basic("a@b:"), basic(":"), basic("<token>:"), "Bearer", "Bearer ", "Bearer  "])
def test_an_empty_secret_is_no_credential(header: str) -> None:
    """S23: it never comes as far as being looked up, or being sent to somebody else who vouches."""
    with pytest.raises(InvalidCredentials):
        parse_authorization(header, HERE)


@pytest.mark.parametrize("user", ["a@b", "", "<token>"])
def test_an_empty_secret_of_a_form_is_no_credential(user: str) -> None:
    """S23: neither as a password nor as a refresh token."""
    with pytest.raises(InvalidCredentials):
        named(user, "", HERE)
    with pytest.raises(InvalidCredentials):
        refreshing("", HERE)


def test_a_secret_is_not_shown() -> None:
    """S12: where credentials end up in a message, the secret doesn't."""
    assert "hush" not in repr(named("a", "hush", HERE))
