"""Sealing: what opens, with which key, and for what."""

import pytest

from sidecar.adapters.sealing import KEY_BYTES, AesGcmSealing, SealingKeyError, keys_of
from sidecar.domain.errors import Refused
from tests.fakes import RepeatableRandomness

OLD, NEW = bytes(KEY_BYTES), bytes([1]) * KEY_BYTES
ABOUT = ("acme", "github", "ghcr.io", "ann")


def sealing(*keys: bytes) -> AesGcmSealing:
    return AesGcmSealing(keys, RepeatableRandomness())


def test_what_was_sealed_opens() -> None:
    """Any text comes back, and doesn't show in what is stored."""
    sealed = sealing(OLD).seal("pässword\n", ABOUT)
    assert sealing(OLD).open(sealed, ABOUT) == "pässword\n"
    assert "pässword".encode() not in sealed


def test_the_first_key_seals_and_all_open() -> None:
    """A new key is put before the old one; what the old one sealed still opens, and is told apart."""
    before, both = sealing(OLD).seal("x", ABOUT), sealing(NEW, OLD)
    after = both.seal("x", ABOUT)
    assert [both.open(sealed, ABOUT) for sealed in (before, after)] == ["x", "x"]
    assert [both.is_current(sealed) for sealed in (before, after)] == [False, True]
    assert sealing(NEW).open(after, ABOUT) == "x"


@pytest.mark.parametrize(
    "about", [("acme", "other", *ABOUT[2:]), (*ABOUT[:2], "evil.example", "ann"), ("beta", *ABOUT[1:])]
)
def test_a_password_opens_in_its_own_place_alone(about: tuple[str, ...]) -> None:
    """Whoever can write to the database can't move a password to another row, project or server."""
    sealed = sealing(OLD).seal("x", ABOUT)
    with pytest.raises(Refused):
        sealing(OLD).open(sealed, about)


@pytest.mark.parametrize("position", [0, 5, 12, -1])
def test_what_was_changed_does_not_open(position: int) -> None:
    """Each byte counts: form, key, nonce, tag."""
    sealed = bytearray(sealing(OLD).seal("x", ABOUT))
    sealed[position] ^= 1
    with pytest.raises(Refused):
        sealing(OLD).open(bytes(sealed), ABOUT)


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 30])
def test_rubbish_is_refused_like_a_missing_key(sealed: bytes) -> None:
    """A broken row is an answer, never a fault."""
    with pytest.raises(Refused):
        sealing(OLD).open(sealed, ABOUT)


def test_without_a_key_nothing_is_kept() -> None:
    """The refusal says what to do."""
    with pytest.raises(Refused) as caught:
        sealing().seal("x", ABOUT)
    assert "sidecar init" in caught.value.items[0]


def test_a_file_of_keys_is_hexadecimal_lines() -> None:
    """Blank lines don't matter; the order does."""
    assert keys_of(f"{NEW.hex()}\n\n{OLD.hex()}\n") == [NEW, OLD]


@pytest.mark.parametrize("text", ["secret", "00" * 31, "00" * 33, f"{'00' * 32}\nx"])
def test_a_file_that_holds_anything_else_is_refused(text: str) -> None:
    """Never a key that is shorter than it should be; the file's text isn't in the error."""
    with pytest.raises(SealingKeyError) as caught:
        keys_of(text)
    assert text not in str(caught.value)
