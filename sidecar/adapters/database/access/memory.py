"""ports.AccessReader: answers the token path from memory, and follows the database by generation (decision 5)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from sidecar.adapters.database.access.reading import read_everything, read_touched
from sidecar.adapters.database.access.snapshot import AccessSnapshot
from sidecar.adapters.database.access_log import Touched, log_state, touched_since
from sidecar.adapters.database.driver import Row, Session
from sidecar.adapters.database.weighted_cache import WeightedCache
from sidecar.domain.identity import Credential, CredentialKind, Principal, PrincipalKind
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, ProjectId
from sidecar.domain.outsiders import ToldGroups
from sidecar.domain.policy import Access, Grant, access_of_itself
from sidecar.ports import Clock

MAX_TOUCHED: Final = 5000
"""Beyond this many entries everything is read anew, in portions: applying them is one piece of work for the loop."""

MAX_CACHED_GRANTS: Final = 250_000
"""How many principals and grants the answers of `access_of` may hold together, each at most some 300 bytes."""

_PrincipalKey = tuple[PrincipalKind, str, frozenset[str]]


class AccessMemory:
    """Empty until the first `refresh`, which reads everything."""

    def __init__(self, follow: Callable[[], AbstractAsyncContextManager[Session]], clock: Clock) -> None:
        self._follow = follow
        self._clock = clock
        self._snapshot = AccessSnapshot()
        self._ownership_generation = 0
        self._accesses = WeightedCache[_PrincipalKey, Access](MAX_CACHED_GRANTS)
        self._shared = WeightedCache[str, tuple[Grant, ...]](MAX_CACHED_GRANTS)

    @property
    def generation(self) -> int:
        return self._snapshot.generation

    @property
    def ownership_generation(self) -> int:
        return self._ownership_generation

    def owner_of(self, repository: str) -> ProjectId | None:
        return self._snapshot.owner_of(repository)

    def access_of(self, principal: Principal) -> Access:
        """Asked again for the same principal, it is one look-up until some role or binding changes."""
        if principal.credential_kind is CredentialKind.PULL_SECRET:
            return access_of_itself(principal)
        key = (principal.kind, principal.name, principal.groups)
        access = self._accesses.get(key)
        if access is None:
            access = Access(self._grants(principal))
            self._accesses.put(key, access, 1 + len(access.grants))
        return access if principal.limit is None else Access(access.grants, principal.limit)

    def grants_of(self, email: str) -> tuple[Grant, ...]:
        return tuple(self._snapshot.grants_of(email))

    def credential(self, digest: bytes) -> Credential | None:
        return self._snapshot.credential(digest, self._clock.now())

    def groups_told(self, email: str) -> ToldGroups | None:
        return self._snapshot.groups_told(email)

    async def refresh(self) -> None:
        """One short query where nothing has changed. What has changed becomes visible all at once."""
        async with self._follow() as session:
            state = await log_state(session)
            generation = self._snapshot.generation
            if state.newest == generation:
                return
            if state.reaches_back_to(generation) and await touched_since(session, generation) <= MAX_TOUCHED:
                self._apply(await read_touched(session, generation), state.newest)
            else:
                self._snapshot = await read_everything(session)
                self._ownership_generation = state.newest
                self._forget_answers()

    def _apply(self, touched: Mapping[Touched, list[Row]], generation: int) -> None:
        for kind, rows in touched.items():
            self._snapshot.replace(kind, rows)
        self._snapshot.generation = generation
        if touched[Touched.PROJECT]:
            self._ownership_generation = generation
        if touched[Touched.ROLES] or touched[Touched.BINDINGS]:
            self._forget_answers()

    def _grants(self, principal: Principal) -> tuple[Grant, ...]:
        if principal.kind is PrincipalKind.ANONYMOUS:
            return self._shared_grants(ALL_USERS)
        shared = (*sorted(principal.groups), ALL_AUTHENTICATED_USERS, ALL_USERS)
        return self.grants_of(principal.name) + tuple(grant for name in shared for grant in self._shared_grants(name))

    def _shared_grants(self, name: str) -> tuple[Grant, ...]:
        """Made once for all who hold them: what is public may be many grants, held by every principal."""
        grants = self._shared.get(name)
        if grants is None:
            grants = self.grants_of(name)
            self._shared.put(name, grants, 1 + len(grants))
        return grants

    def _forget_answers(self) -> None:
        self._accesses.clear()
        self._shared.clear()
