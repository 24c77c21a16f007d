"""An authenticator whose outcomes are told, for metrics. What isn't its own it has nothing to tell of."""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import CredentialKind, Credentials, Principal
from sidecar.ports import Authenticator

Told = Callable[[CredentialKind, str], None]
"""Hears of an authenticator and what came of it: `proven`, `refused` or `failed`."""


@dataclass(frozen=True, slots=True)
class Observed:
    """ports.Authenticator that answers as `inner` does."""

    kind: CredentialKind
    inner: Authenticator
    told: Told

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        try:
            principal = await self.inner.authenticate(credentials)
        except InvalidCredentials:
            self.told(self.kind, "refused")
            raise
        except Exception:
            self.told(self.kind, "failed")
            raise
        if principal is not None:
            self.told(self.kind, "proven")
        return principal
