"""Who does something, from where, and in which request: what is remembered beside each change."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from sidecar.domain.identity import SIDECAR, Principal


class Asking(NamedTuple):
    """One request: what it asks for, such as `role.bind`, the address that it came from, and its id in the log."""

    method: str = ""
    address: str = ""
    request: str = ""


UNTOLD: Final = Asking()
"""Where nobody told of a request."""


@dataclass(frozen=True, slots=True)
class Actor:
    """`kind` is that of the principal, or `sidecar`; `credential` the id of what proved it."""

    name: str
    kind: str
    credential: str | None = None
    address: str = ""
    request: str = ""

    @classmethod
    def of(cls, principal: Principal, asking: Asking) -> "Actor":
        return cls(principal.name, principal.kind, principal.credential, asking.address, asking.request)


ITSELF: Final = Actor(SIDECAR, SIDECAR)
"""The sidecar, where nobody asked."""
