"""ports.AccessReader: answers the token path from memory, and follows the database by generation (decision 5)."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Final

from sidecar.adapters.database.access_log import Touched, log_state, touched_since
from sidecar.adapters.database.access_reading import read_everything, read_touched
from sidecar.adapters.database.access_snapshot import AccessSnapshot
from sidecar.adapters.database.driver import Row, Session
from sidecar.domain.identity import Credential, Principal, PrincipalKind
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, ProjectId
from sidecar.domain.policy import Access, Grant
from sidecar.ports import Clock

MAX_TOUCHED: Final = 5000
"""Beyond this many entries everything is read anew, in portions: applying them is one piece of work for the loop."""

MAX_CACHED_GRANTS: Final = 1_000_000
"""How many grants the answers of `access_of` may hold together, 8 bytes each."""

_PrincipalKey = tuple[PrincipalKind, str, frozenset[str]]


class AccessMemory:
    """Empty until the first `refresh`, which reads everything."""

    def __init__(self, follow: Callable[[], AbstractAsyncContextManager[Session]], clock: Clock) -> None:
        self._follow = follow
        self._clock = clock
        self._snapshot = AccessSnapshot()
        self._accesses: dict[_PrincipalKey, Access] = {}
        self._cached_grants = 0

    @property
    def generation(self) -> int:
        return self._snapshot.generation

    def owner_of(self, repository: str) -> ProjectId | None:
        return self._snapshot.ownership.owner_of(repository)

    def access_of(self, principal: Principal) -> Access:
        """Asked again for the same principal, it is one look-up until some role or binding changes."""
        key = (principal.kind, principal.name, principal.groups)
        access = self._accesses.get(key)
        if access is None:
            access = self._remember(key, Access(self._grants(principal)))
        return access if principal.limit is None else Access(access.grants, principal.limit)

    def grants_of(self, email: str) -> tuple[Grant, ...]:
        return tuple(self._snapshot.grants_of(email))

    def credential(self, digest: bytes) -> Credential | None:
        return self._snapshot.credential(digest, self._clock.now())

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
                self._forget_accesses()

    def _apply(self, touched: Mapping[Touched, list[Row]], generation: int) -> None:
        for kind, rows in touched.items():
            self._snapshot.replace(kind, rows)
        self._snapshot.generation = generation
        if touched[Touched.ROLES] or touched[Touched.BINDINGS]:
            self._forget_accesses()

    def _grants(self, principal: Principal) -> tuple[Grant, ...]:
        if principal.kind is PrincipalKind.ANONYMOUS:
            return self.grants_of(ALL_USERS)
        names = (principal.name, *sorted(principal.groups), ALL_AUTHENTICATED_USERS, ALL_USERS)
        return tuple(grant for name in names for grant in self._snapshot.grants_of(name))

    def _remember(self, key: _PrincipalKey, access: Access) -> Access:
        self._cached_grants += 1 + len(access.grants)
        if self._cached_grants > MAX_CACHED_GRANTS:
            self._forget_accesses()
        self._accesses[key] = access
        return access

    def _forget_accesses(self) -> None:
        self._accesses.clear()
        self._cached_grants = 0
