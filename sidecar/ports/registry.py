"""What use cases ask the registry itself, apart from the index."""

from collections.abc import Sequence
from typing import Protocol

from sidecar.domain.names import RepositoryName


class RepositoryCatalog(Protocol):
    """What the registry itself says it holds."""

    async def repositories_with_tags(self, owned_by: Sequence[str]) -> list[RepositoryName]:
        """The repositories with at least one tag among these names and prefixes (`acme/*`, `nginx`), in no order.

        Raises RegistryUnavailable if the registry doesn't say.
        """
        ...
