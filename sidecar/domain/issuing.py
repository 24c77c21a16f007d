"""Making a secret: the text that its holder sees once, and what is kept of it (decision 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sidecar.domain.identity import Credential, CredentialKind
from sidecar.domain.secrets import SecretKind, digest, hint, make_secret
from sidecar.domain.tenancy import IssuedSecret

_FORM_OF: Final[Mapping[CredentialKind, SecretKind]] = {
    CredentialKind.SERVICE_ACCOUNT_KEY: SecretKind.SERVICE_ACCOUNT_KEY,
    CredentialKind.PERSONAL_TOKEN: SecretKind.PERSONAL_TOKEN,
    CredentialKind.SCOPED_TOKEN: SecretKind.SCOPED_TOKEN,
    CredentialKind.REFRESH_TOKEN: SecretKind.REFRESH_TOKEN,
    CredentialKind.PULL_SECRET: SecretKind.PULL_SECRET,
}


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret on its one way to whoever asked for it, and what is kept of it."""

    text: str = field(repr=False)
    kept: IssuedSecret


def issue(credential: Credential, random: bytes, label: str, at: datetime, by: str) -> NewSecret:
    """The secret of this credential, made of `RANDOM_BYTES` random bytes."""
    text = make_secret(_FORM_OF[credential.kind], random)
    return NewSecret(text, IssuedSecret(credential, digest(text), hint(text), label, at, by))
