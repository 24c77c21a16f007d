"""The access rule: union of grants, default deny. Knows nothing of HTTP, tokens or storage.

Nothing here depends on the order of grants, and nothing ever denies: a decision is the union of what some grant allows,
cut by the limit of the token that was shown (decision 4).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from sidecar.domain.actors import UNTOLD, Actor, Asking
from sidecar.domain.errors import Forbidden, NotFound
from sidecar.domain.identity import Limit, Principal
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, EVERY_PROJECT, Glob, ProjectId
from sidecar.domain.roles import PROJECT_CREATE, PUBLIC_PERMISSIONS, REGISTRY_PERMISSIONS
from sidecar.domain.scopes import DELETE, EVERYTHING, PULL, PUSH, CatalogScope, RepositoryScope, Scope

_PERMISSION_OF: Final = {PULL: "registry.pull", PUSH: "registry.push", DELETE: "registry.delete"}


@dataclass(frozen=True, slots=True)
class Grant:
    """One role of one binding: permissions on a project (or on every project), narrowed to repositories or not.

    `principal` and `role` say where it came from.
    """

    project: str
    permissions: frozenset[str]
    repositories: tuple[Glob, ...] | None
    principal: str
    role: str

    def __str__(self) -> str:
        narrowed = "" if self.repositories is None else f", narrowed to {', '.join(self.repositories)}"
        return f"{self.principal} has role {self.role} on {self.project}{narrowed}"

    def gives(self, permission: str, project: str, repository: str | None) -> bool:
        """Whether this grant alone allows it. Without a repository the question is about the project as a whole."""
        if permission not in self.permissions or self.project not in (project, EVERY_PROJECT):
            return False
        if self.repositories is None:
            return True
        return (
            permission in REGISTRY_PERMISSIONS
            and repository is not None
            and any(glob.matches(repository) for glob in self.repositories)
        )


def holdable(principal: str, permissions: frozenset[str]) -> frozenset[str]:
    """What this principal can hold of these permissions: everybody gets at most pulls, whatever is bound (S18)."""
    return permissions & PUBLIC_PERMISSIONS if principal in (ALL_USERS, ALL_AUTHENTICATED_USERS) else permissions


@dataclass(frozen=True, slots=True)
class Access:
    """All that a principal holds: its grants, and the limit of the token it showed."""

    grants: tuple[Grant, ...] = ()
    limit: Limit | None = None

    def granting(self, permission: str, project: str, repository: str | None = None) -> Grant | None:
        """A grant that allows this permission in this project (on this repository), or None."""
        if self.limit is not None and not within(self.limit, permission, project, repository):
            return None
        for grant in self.grants:
            if grant.gives(permission, project, repository):
                return grant
        return None

    def knows(self, project: str) -> bool:
        """Whether some binding reaches this project at all; whoever has none is told that it isn't there (S8)."""
        if self.limit is not None and self.limit.project != project:
            return False
        return any(grant.project in (project, EVERY_PROJECT) for grant in self.grants)


def access_of_itself(principal: Principal) -> Access:
    """Of a credential that is bound to nothing and carries what it allows: its limit, and no more (decision 26)."""
    limit = principal.limit
    if limit is None:
        return Access()
    grant = Grant(limit.project, limit.permissions, limit.repositories, principal.name, "pull secret")
    return Access((grant,), limit)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, proven, all that it holds at this moment, and the request."""

    principal: Principal
    access: Access
    asking: Asking = UNTOLD

    @property
    def actor(self) -> Actor:
        return Actor.of(self.principal, self.asking)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one asked action was allowed or not. `why` is the grant that allows it, or what is missing."""

    action: str
    allowed: bool
    why: Grant | str

    @property
    def because(self) -> str:
        """A sentence for people who administer the project."""
        return str(self.why)


class Decision(NamedTuple):
    """What was asked, what of it is granted, and of what access to which project's repository that was decided."""

    scope: Scope
    granted: frozenset[str]
    access: Access
    owner: ProjectId | None

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """One for each asked action, found when somebody wants to know: a token is signed without them."""
        if isinstance(self.scope, CatalogScope):
            why = _catalog_grant(self.access) or "registry.list on every project (*) is missing"
            return (Reason(EVERYTHING, EVERYTHING in self.granted, why),)
        return tuple(_reasons(self, self.scope))


def within(limit: Limit, permission: str, project: str, repository: str | None = None) -> bool:
    """Whether a token's limit leaves this permission."""
    if project != limit.project or permission not in limit.permissions:
        return False
    if limit.repositories is None:
        return True
    return repository is not None and any(glob.matches(repository) for glob in limit.repositories)


def decide(access: Access, scope: Scope, owner: ProjectId | None) -> Decision:
    """Actions of `scope` that some grant allows; a subset is an answer, not an error (auth/token.md).

    `owner` is the project that owns the scope's repository. What no project owns is nobody's to touch.
    """
    if isinstance(scope, CatalogScope):
        granted = frozenset((EVERYTHING,)) if _catalog_grant(access) else frozenset[str]()
    else:
        granted = _granted(access, scope, owner)
    return Decision(scope, granted, access, owner)


def _catalog_grant(access: Access) -> Grant | None:
    """The catalogue names every project's repositories, so it takes registry.list on every project (TS-20).

    What everybody holds doesn't count: anonymous callers never get the catalogue (S18).
    """
    named = Access(tuple(grant for grant in access.grants if grant.principal != ALL_USERS), access.limit)
    return named.granting("registry.list", EVERY_PROJECT)


def _granted(access: Access, scope: RepositoryScope, owner: ProjectId | None) -> frozenset[str]:
    if owner is None:
        return frozenset()
    granted = {
        action
        for action in _asked(scope)
        if access.granting(_PERMISSION_OF[action], owner, scope.repository) is not None
    }
    if PULL not in granted:
        granted.discard(PUSH)
    if EVERYTHING in scope.actions and granted == _PERMISSION_OF.keys():
        granted.add(EVERYTHING)
    return frozenset(granted)


def _asked(scope: RepositoryScope) -> Collection[str]:
    return _PERMISSION_OF if EVERYTHING in scope.actions else scope.actions


def _reasons(decision: Decision, scope: RepositoryScope) -> Iterator[Reason]:
    for action in sorted(_asked(scope)):
        yield Reason(action, action in decision.granted, _why(decision, scope, action))
    if EVERYTHING in scope.actions:
        everything = EVERYTHING in decision.granted
        yield Reason(EVERYTHING, everything, f"{'every' if everything else 'not every'} action is granted")


def _why(decision: Decision, scope: RepositoryScope, action: str) -> Grant | str:
    access, owner, repository = decision.access, decision.owner, scope.repository
    if owner is None:
        return f"no project owns {repository}: create one, or add the name to its owns"
    permission = _PERMISSION_OF[action]
    grant = access.granting(permission, owner, repository)
    if grant is not None:
        return grant if action in decision.granted else "push is only granted together with pull (TS-29)"
    if access.limit is not None and not within(access.limit, permission, owner, repository):
        return f"the token is limited and lacks {permission} on {repository}"
    return f"{permission} on {repository} is missing in project {owner}"


def require(access: Access, permission: str, project: str, repository: str | None = None) -> Grant:
    """The grant that allows it; Forbidden to whom the project is known, NotFound to everybody else (S8)."""
    grant = access.granting(permission, project, repository)
    if grant is not None:
        return grant
    if access.knows(project):
        raise Forbidden((permission,))
    raise NotFound("project")


def require_somewhere(access: Access, permission: str, project: str) -> None:
    """Passes whoever holds it on the project or on some of its repositories; which ones is `require`'s to say."""
    limit = access.limit
    left = limit is None or (project == limit.project and permission in limit.permissions)
    if left and any(
        permission in grant.permissions and grant.project in (project, EVERY_PROJECT) for grant in access.grants
    ):
        return
    require(access, permission, project)


def administers(access: Access) -> bool:
    """Whether it belongs to an administrator of the installation, who holds everything everywhere."""
    return access.granting(PROJECT_CREATE, EVERY_PROJECT) is not None


def permissions_in(access: Access, project: str) -> frozenset[str]:
    """The permissions held in a project as a whole, narrowed grants left out."""
    held = frozenset[str]().union(
        *(
            grant.permissions
            for grant in access.grants
            if grant.repositories is None and grant.project in (project, EVERY_PROJECT)
        )
    )
    limit = access.limit
    return held if limit is None else frozenset(name for name in held if within(limit, name, project))


def missing_from(holder: Access, wanted: Iterable[Grant]) -> list[str]:
    """What `wanted` gives beyond what `holder` holds, as sorted permissions; empty where nobody would gain (S2, S20).

    Conservative about narrowed grants: the holder needs, for each wanted glob, one grant whose globs cover it.
    """
    return sorted(
        {
            permission
            for grant in wanted
            for permission in grant.permissions
            if not _holds(holder, permission, grant.project, grant.repositories)
        }
    )


def require_all(holder: Access, wanted: Iterable[Grant]) -> None:
    """Nobody gives or takes what they don't hold: Forbidden names what `holder` lacks of `wanted`."""
    missing = missing_from(holder, wanted)
    if missing:
        raise Forbidden(missing)


def _holds(holder: Access, permission: str, project: str, repositories: Sequence[Glob] | None) -> bool:
    if repositories is None:
        return holder.granting(permission, project) is not None
    if permission not in REGISTRY_PERMISSIONS:
        return True
    return all(_holds_glob(holder, permission, project, glob) for glob in repositories)


def _holds_glob(holder: Access, permission: str, project: str, wanted: Glob) -> bool:
    """A limit and a grant must each cover the glob; their texts are matched as names, which `Glob.covers` allows."""
    return holder.granting(permission, project, wanted) is not None
