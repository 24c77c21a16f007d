"""Secrets when they are made."""

from datetime import UTC, datetime

import pytest

from sidecar.domain.identity import Credential, CredentialKind, PrincipalKind
from sidecar.domain.issuing import issue
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, digest, recognise

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (CredentialKind.SERVICE_ACCOUNT_KEY, SecretKind.SERVICE_ACCOUNT_KEY),
        (CredentialKind.PERSONAL_TOKEN, SecretKind.PERSONAL_TOKEN),
        (CredentialKind.SCOPED_TOKEN, SecretKind.SCOPED_TOKEN),
        (CredentialKind.REFRESH_TOKEN, SecretKind.REFRESH_TOKEN),
        (CredentialKind.PULL_SECRET, SecretKind.PULL_SECRET),
    ],
)
def test_the_form_tells_the_kind(kind: CredentialKind, form: SecretKind) -> None:
    """Decision 9: each kind of secret has its prefix, so that scanners find leaks."""
    secret = issue(_credential(kind), bytes(RANDOM_BYTES), "", NOW, "ann@example.com")
    assert recognise(secret.text) is form


def test_only_the_hash_is_kept() -> None:
    """S5, S12: what is kept, and what prints, is the hash and a hint; the text is shown once."""
    secret = issue(_credential(CredentialKind.PERSONAL_TOKEN), bytes(range(RANDOM_BYTES)), "CI", NOW, "ann@example.com")
    assert secret.kept.digest == digest(secret.text)
    assert secret.text not in repr(secret)
    assert secret.text.startswith(secret.kept.hint.removesuffix("…"))


def _credential(kind: CredentialKind) -> Credential:
    return Credential("c1", kind, "ann@example.com", PrincipalKind.PERSON)
