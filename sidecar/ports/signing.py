"""What a registry token is made of, and what signs it."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol


class AccessEntry(NamedTuple):
    """One entry of a registry token's `access` claim: type, name, and actions in a stable order (TS-64)."""

    type: str
    name: str
    actions: tuple[str, ...]


class RegistryToken(NamedTuple):
    """A signed registry token. `expires_in` is in seconds and equals `exp - iat` (TS-55)."""

    text: str
    issued_at: datetime
    expires_in: int


class TokenSigner(Protocol):
    """Signs registry tokens for the one configured audience."""

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        """A token for `subject` that lives `lifetime` seconds. Raises Unavailable while no leaf key can sign."""
        ...

    def ready(self) -> bool:
        """Whether tokens can be signed now: what `/readyz` answers."""
        ...
