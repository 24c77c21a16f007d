"""A registry token for what was asked and is allowed: authenticate, decide, sign; and a refresh token where one is due.

A subset is an answer: whoever may do nothing of what they asked gets a token that allows nothing (TS-23). Only a
refresh token costs a write; all the rest is answered from memory.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

from sidecar.domain.actors import UNTOLD, Asking
from sidecar.domain.errors import Unauthorized
from sidecar.domain.identity import ANONYMOUS, Credentials, Principal, Proof
from sidecar.domain.newest import Newest
from sidecar.domain.policy import Access, Decision, decide
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.scopes import PUSH, RepositoryScope, Scope, parse_scopes
from sidecar.ports import AccessEntry, AccessReader, Clock, RegistryToken, TokenSigner

SHORTEST_LIFETIME: Final = 60
"""Seconds; clients take less for "for ever" or for sixty (TS-55)."""

_SHORT_TOKEN: Final = 4096
"""Characters. What a stampede gets is short; longer ones are not kept, so that memory is bounded (S30)."""


class TokenRequest(NamedTuple):
    """`scopes` are the `scope` parameters as sent; `offline` asks for a refresh token. None is anonymous.

    A proof, in place of credentials, is one that `proves` said still holds.
    """

    credentials: Credentials | Proof | None
    scopes: tuple[str, ...] = ()
    offline: bool = False
    asking: Asking = UNTOLD


class IssuedToken(NamedTuple):
    proof: Proof
    access: tuple[AccessEntry, ...]
    token: RegistryToken
    refresh_token: str | None

    @property
    def principal(self) -> Principal:
        return self.proof.principal


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """In seconds: of tokens, and of tokens that allow a push."""

    token: int
    push: int


class FreshTokens:
    """Tokens signed a moment ago, for the same credential, decision and generation: a stampede of nodes signs once."""

    def __init__(self, seconds: int, capacity: int = 4096) -> None:
        self._seconds = seconds
        self._tokens = Newest[object, RegistryToken](capacity if seconds else 0)

    def get(self, key: object, now: datetime) -> RegistryToken | None:
        """Never one that is near its own end: at most a quarter of its life has passed."""
        token = self._tokens.get(key)
        return token if token is not None and self.allows(token, now) else None

    def allows(self, token: RegistryToken, now: datetime) -> bool:
        """Whether it may be given again now."""
        age = (now - token.issued_at).total_seconds()
        return 0 <= age < min(self._seconds, token.expires_in // 4)

    def put(self, key: object, token: RegistryToken) -> None:
        """Forgets the oldest where there is no room."""
        if len(token.text) <= _SHORT_TOKEN:
            self._tokens.put(key, token)


@dataclass(frozen=True, slots=True)
class IssueToken:
    authenticate: Callable[[Credentials, Asking], Awaitable[Principal]]
    access: AccessReader
    signer: TokenSigner
    clock: Clock
    refresh_token: Callable[[Principal, Asking], Awaitable[str | None]]
    lifetimes: Lifetimes
    fresh: FreshTokens
    pushes: PushTokens
    used: Callable[[str], None]
    """Hears of each credential that is believed again, as `authenticate` tells of those that it looks at."""
    denied: Callable[[Principal, Decision], None]
    """Hears of each decision that doesn't grant all that was asked."""
    groups_of: Callable[[str], frozenset[str]]
    """The groups of a person that count now, which no generation tells."""

    async def __call__(self, request: TokenRequest) -> IssuedToken:
        """Raises Unauthorized for bad credentials, and for nobody who asks for nothing: a login without a password.

        Raises Invalid for too many scopes, Unavailable where something that the answer depends on fails.
        """
        generation = self.access.generation
        scopes = parse_scopes(request.scopes)
        if request.credentials is None and not any(text.strip() for text in request.scopes):
            raise Unauthorized
        principal = await self._principal(request)
        access = self._decide(principal, scopes)
        token = self._token(principal, access, generation)
        refresh_token = await self.refresh_token(principal, request.asking) if request.offline else None
        return IssuedToken(Proof(principal, generation), access, token, refresh_token)

    def proves(self, proof: Proof) -> bool:
        """Whether the credential that this was proven by would prove it again; then it counts as used.

        All that could answer otherwise by now is a change of access or of groups, or the credential's end. What
        somebody else vouches for is never believed again without asking.
        """
        principal, generation = proof
        if principal.credential is None or generation != self.access.generation:
            return False
        if principal.expires_at is not None and self.clock.now() >= principal.expires_at:
            return False
        if principal.groups != self.groups_of(principal.name):
            return False
        self.used(principal.credential)
        return True

    def repeats(self, issued: IssuedToken) -> bool:
        """Whether who asks the same again, with the same credential, would get just this; then it counts as asked."""
        if not (self.fresh.allows(issued.token, self.clock.now()) and self.proves(issued.proof)):
            return False
        self._note_pushes(issued.access)
        return True

    async def _principal(self, request: TokenRequest) -> Principal:
        shown = request.credentials
        if shown is None:
            return ANONYMOUS
        return shown.principal if isinstance(shown, Proof) else await self.authenticate(shown, request.asking)

    def _decide(self, principal: Principal, scopes: Sequence[Scope]) -> tuple[AccessEntry, ...]:
        """One entry per resource of which something is granted (TS-64)."""
        held = self.access.access_of(principal)
        entries = []
        for scope in scopes:
            decision = self._decision(principal, held, scope)
            if decision.granted:
                entries.append(_entry(scope, decision.granted))
        access = tuple(entries)
        self._note_pushes(access)
        return access

    def _decision(self, principal: Principal, held: Access, scope: Scope) -> Decision:
        if not isinstance(scope, RepositoryScope):
            return decide(held, scope, None)
        decision = decide(held, scope, self.access.owner_of(scope.repository))
        if not scope.actions <= decision.granted:
            self.denied(principal, decision)
        return decision

    def _note_pushes(self, access: tuple[AccessEntry, ...]) -> None:
        for entry in access:
            if PUSH in entry.actions:
                self.pushes.note(entry.name)

    def _token(self, principal: Principal, access: tuple[AccessEntry, ...], generation: int) -> RegistryToken:
        key = (principal.name, principal.credential, principal.expires_at, access, generation)
        now = self.clock.now()
        token = self.fresh.get(key, now)
        if token is None:
            token = self.signer.sign(principal.name, access, self._lifetime(principal, access, now))
            self.fresh.put(key, token)
        return token

    def _lifetime(self, principal: Principal, access: Sequence[AccessEntry], now: datetime) -> int:
        """By what is granted, and no longer than the credential lives (but for the least that clients understand)."""
        lifetime = self.lifetimes.token
        for entry in access:
            if PUSH in entry.actions:
                lifetime = self.lifetimes.push
        if principal.expires_at is None:
            return lifetime
        remaining = int((principal.expires_at - now).total_seconds())
        return max(SHORTEST_LIFETIME, min(lifetime, remaining))


def _entry(scope: Scope, granted: frozenset[str]) -> AccessEntry:
    """A scope's type is `repository` even where `repository(plugin)` was asked (TS-16)."""
    if isinstance(scope, RepositoryScope):
        return AccessEntry("repository", scope.repository, _in_order(granted))
    return AccessEntry("registry", "catalog", _in_order(granted))


@lru_cache(64)
def _in_order(actions: frozenset[str]) -> tuple[str, ...]:
    """There are few different sets of actions."""
    return tuple(sorted(actions))
