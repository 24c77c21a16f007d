"""Tokens for ourselves: a sweep asks the registry thousands of things about one repository, and signs once for many.

What clients get doesn't come through here (`usecases.issue_token` has its own rule).
"""

from collections.abc import Sequence
from typing import Final

from sidecar.domain.newest import Newest
from sidecar.ports import AccessEntry, Clock, RegistryToken, TokenSigner

_MOST: Final = 1024
"""Tokens of some two kilobytes each."""


class KeptTokens:
    """ports.TokenSigner that gives a token again for the first half of its life, to who asks for just the same."""

    def __init__(self, signer: TokenSigner, clock: Clock) -> None:
        self._signer = signer
        self._clock = clock
        self._kept = Newest[object, RegistryToken](_MOST)

    def ready(self) -> bool:
        return self._signer.ready()

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        key = (subject, tuple(access), lifetime)
        token = self._kept.get(key)
        if token is None or not self._is_fresh(token):
            token = self._signer.sign(subject, access, lifetime)
            self._kept.put(key, token)
        return token

    def _is_fresh(self, token: RegistryToken) -> bool:
        return 0 <= (self._clock.now() - token.issued_at).total_seconds() < token.expires_in / 2
