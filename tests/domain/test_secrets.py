"""The format of the secrets that are given out."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, digest, hint, make_secret, recognise, without_secrets

kinds = st.sampled_from(SecretKind)
randoms = st.binary(min_size=RANDOM_BYTES, max_size=RANDOM_BYTES)
SECRET = make_secret(SecretKind.SERVICE_ACCOUNT_KEY, bytes(range(RANDOM_BYTES)))


@given(kinds, randoms)
def test_a_secret_is_known_by_its_form(kind: SecretKind, random: bytes) -> None:
    """Decision 9: the prefix says what it is, and every character is safe in URLs and forms (TS-48)."""
    secret = make_secret(kind, random)
    assert recognise(secret) == kind
    assert set(secret) <= set(string.ascii_letters + string.digits + "_")
    assert len(secret) == 43


@given(st.sets(randoms, min_size=2, max_size=2))
def test_different_randomness_makes_different_secrets(randoms: set[bytes]) -> None:
    """All of the randomness is in the secret."""
    one, other = (make_secret(SecretKind.PERSONAL_TOKEN, random) for random in randoms)
    assert one != other


@pytest.mark.parametrize("random", [b"", b"short", bytes(RANDOM_BYTES + 1)])
def test_a_secret_takes_all_its_randomness(random: bytes) -> None:
    """A source that gives too little never makes a weak secret."""
    with pytest.raises(ValueError, match="random bytes"):
        make_secret(SecretKind.PERSONAL_TOKEN, random)


@given(st.integers(0, len(SECRET) - 1), st.sampled_from(string.printable + "é\ud800"))
def test_a_typo_fails(at: int, character: str) -> None:
    """Decision 9: one wrong character is told by the checksum, with no look-up."""
    typo = SECRET[:at] + character + SECRET[at + 1 :]
    assert typo == SECRET or recognise(typo) is None


@given(st.text())
def test_other_text_is_no_secret(text: str) -> None:
    """Passwords and other people's tokens are not ours, whatever they hold."""
    assert recognise(text) is None


@pytest.mark.parametrize(
    "text", [SECRET + "x", SECRET[:-1], f" {SECRET}", f"{SECRET}\n", SECRET.upper(), SECRET.replace("rsk", "rpt")]
)
def test_nearly_a_secret_is_none(text: str) -> None:
    """S24: the whole text is the secret, with its own prefix."""
    assert recognise(text) is None


@given(st.text())
def test_any_text_has_a_digest(text: str) -> None:
    """TS-34: no secret that anyone sends makes the look-up crash, a lone surrogate included."""
    assert len(digest(text)) == 32


def test_the_digest_is_sha256() -> None:
    """What is stored can be checked with any tool: the SHA-256 of the UTF-8 text."""
    assert digest("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_hint_tells_little() -> None:
    """S15: of a secret only its kind and four characters are ever shown again."""
    assert hint(SECRET) == SECRET[:8] + "…"


@given(kinds, randoms)
def test_a_secret_in_a_text_is_called_by_its_kind(kind: SecretKind, random: bytes) -> None:
    """S12: in its place stands what it was, of each kind another word."""
    shown = without_secrets(f"see {make_secret(kind, random)}, please")
    word = kind.name.partition("_")[0].lower()
    assert re.fullmatch(rf"see \(an? {word}[^()]*\), please", shown)
