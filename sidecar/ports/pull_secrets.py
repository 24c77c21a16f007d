"""What pull secrets need kept, and how the passwords of other registries are kept: sealed."""

from collections.abc import Sequence
from typing import Protocol

from sidecar.domain.names import ProjectId
from sidecar.domain.pull_secrets import PullSecret, PullSecretName


class PullSecrets(Protocol):
    """The secrets themselves of this registry's are `IssuedSecrets`; the project's removal takes all of them along."""

    async def add(self, secret: PullSecret) -> None:
        """Raises AlreadyExists where the project has one of that name."""
        ...

    async def get(self, project: ProjectId, name: PullSecretName) -> PullSecret | None: ...

    async def sealed(self) -> list[PullSecret]:
        """Those with a sealed password, of all projects."""
        ...

    async def list(self, project: ProjectId) -> list[PullSecret]:
        """The project's, by name."""
        ...

    async def replace(self, secret: PullSecret) -> None: ...

    async def remove(self, project: ProjectId, name: PullSecretName) -> None: ...


class Sealing(Protocol):
    """Encryption of what must be handed out again. `about` is what the text belongs to: it opens for that alone."""

    def seal(self, text: str, about: Sequence[str]) -> bytes:
        """With the newest key. Raises Refused where the installation has none."""
        ...

    def open(self, sealed: bytes, about: Sequence[str]) -> str:
        """Raises Refused where no key opens it, or it belongs to something else."""
        ...

    def is_current(self, sealed: bytes) -> bool:
        """Whether the newest key sealed it."""
        ...
