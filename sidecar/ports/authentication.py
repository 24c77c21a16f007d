"""How somebody proves who they are."""

from typing import Protocol

from sidecar.domain.identity import Credentials, Principal


class Authenticator(Protocol):
    """One way to prove who one is: a principal, or None for "not mine", or InvalidCredentials for "mine, and bad".

    Anything else that is raised is a fault of the authenticator; it becomes a 503 and never a way in (TS-59).
    """

    async def authenticate(self, credentials: Credentials) -> Principal | None: ...
