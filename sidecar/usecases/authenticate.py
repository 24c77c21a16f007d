"""Who is asking: the authenticators in turn. Each says "not mine", "yes", or "mine, and bad"; there is no fourth."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sidecar.domain.actors import Asking
from sidecar.domain.errors import Busy, InvalidCredentials, SignInFault, Unavailable
from sidecar.domain.identity import Credentials, Principal
from sidecar.ports import Authenticator

Refused = Callable[[Credentials | None, Asking, SignInFault], None]
"""Hears of each refusal. It may raise another one in its place, which tells the client to wait."""


def unheard(_: Credentials | None, __: Asking, ___: SignInFault) -> None:
    """For whom refusals are nothing to remember."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`noted` hears of each credential that proved somebody, by its id."""

    authenticators: Sequence[Authenticator]
    noted: Callable[[str], None]
    refused: Refused = unheard

    async def __call__(self, credentials: Credentials, asking: Asking) -> Principal:
        """The principal; InvalidCredentials where nobody vouches; Unavailable where an authenticator fails (TS-59)."""
        try:
            principal = await self._proven(credentials)
        except InvalidCredentials as refusal:
            self.refused(credentials, asking, refusal.fault)
            raise
        if principal.credential is not None:
            self.noted(principal.credential)
        return principal

    def unreadable(self, asking: Asking) -> None:
        """Credentials came that are none; whoever read them says so."""
        self.refused(None, asking, SignInFault.MALFORMED)

    async def _proven(self, credentials: Credentials) -> Principal:
        for authenticator in self.authenticators:
            try:
                principal = await authenticator.authenticate(credentials)
            except (InvalidCredentials, Busy):
                raise
            except Exception as fault:
                raise Unavailable("authentication") from fault
            if principal is not None:
                return principal
        raise InvalidCredentials(SignInFault.UNRECOGNISED)
