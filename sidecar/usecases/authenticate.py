"""Who is asking: the authenticators in turn. Each says "not mine", "yes", or "mine, and bad"; there is no fourth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.errors import InvalidCredentials, Unavailable
from sidecar.domain.identity import Credentials, Principal
from sidecar.ports import Authenticator


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`noted` hears of each credential that proved somebody, by its id."""

    authenticators: Sequence[Authenticator]
    noted: Callable[[str], None]

    async def __call__(self, credentials: Credentials) -> Principal:
        """The principal; InvalidCredentials where nobody vouches; Unavailable where an authenticator fails (TS-59)."""
        for authenticator in self.authenticators:
            try:
                principal = await authenticator.authenticate(credentials)
            except InvalidCredentials:
                raise
            except Exception as fault:
                raise Unavailable("authentication") from fault
            if principal is not None:
                if principal.credential is not None:
                    self.noted(principal.credential)
                return principal
        raise InvalidCredentials
