"""What the token path asks: who may do what, by which credential."""

from typing import Protocol

from sidecar.domain.identity import Credential, Principal
from sidecar.domain.names import ProjectId
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.policy import Access, Grant


class AccessReader(Protocol):
    """Everything that the token path asks, answered from memory under a generation number (decision 5)."""

    @property
    def generation(self) -> int:
        """Grows with each access change that is visible here."""
        ...

    @property
    def ownership_generation(self) -> int:
        """The generation of the last change of a project that is visible here."""
        ...

    def owner_of(self, repository: str) -> ProjectId | None:
        """The project that owns this repository name, whether it exists or not."""
        ...

    def access_of(self, principal: Principal) -> Access:
        """All grants of a principal (its own, its groups', those of all users), with the limit of its credential."""
        ...

    def grants_of(self, email: str) -> tuple[Grant, ...]:
        """The grants of a named principal alone: what a credential of that e-mail would hold by its own bindings."""
        ...

    def credential(self, digest: bytes) -> Credential | None:
        """The credential whose secret has this SHA-256, expired or not, or None. One without its parent is None."""
        ...

    def groups_told(self, email: str) -> ToldGroups | None:
        """The groups that this person's last sign-in elsewhere told, however long ago; None where none did."""
        ...

    async def refresh(self) -> None:
        """Sees every change that is committed by now. Called after each access change, before it is answered."""
        ...
