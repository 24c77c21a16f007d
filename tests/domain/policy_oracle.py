"""The access rule a second time: slow, and plain enough to be seen right. Written from the words, not from the code.

Who may do what: a grant gives its permissions on its project, or on every project where that is `*`. A grant narrowed to
patterns gives only `registry.` permissions, on repositories whose whole name fits one pattern. Anything that some grant
gives is allowed; nothing else is. A token's limit takes away all but its permissions, on its one project, on
repositories that fit one of its patterns if it has some. What no project owns is nobody's.
"""

from collections.abc import Iterable
from functools import cache

from sidecar.domain.identity import Limit
from sidecar.domain.policy import Access, Grant
from sidecar.domain.scopes import CatalogScope, Scope

ACTIONS = ("pull", "push", "delete")


@cache
def fits(pattern: str, name: str) -> bool:
    """Whether the whole name fits: `*` is tried as every run of characters."""
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(fits(pattern[1:], name[skipped:]) for skipped in range(len(name) + 1))
    return name[:1] == pattern[0] and fits(pattern[1:], name[1:])


def fits_some(patterns: Iterable[str], name: str | None) -> bool:
    return name is not None and any(fits(pattern, name) for pattern in patterns)


def gives(grant: Grant, permission: str, project: str, repository: str | None) -> bool:
    if grant.project not in ("*", project):
        return False
    if permission not in grant.permissions:
        return False
    if grant.repositories is None:
        return True
    return permission.startswith("registry.") and fits_some(grant.repositories, repository)


def leaves(limit: Limit | None, permission: str, project: str, repository: str | None) -> bool:
    if limit is None:
        return True
    if limit.project != project or permission not in limit.permissions:
        return False
    return limit.repositories is None or fits_some(limit.repositories, repository)


def allowed(access: Access, permission: str, project: str, repository: str | None = None) -> bool:
    if not leaves(access.limit, permission, project, repository):
        return False
    return any(gives(grant, permission, project, repository) for grant in access.grants)


def granted(access: Access, scope: Scope, owner: str | None) -> set[str]:
    """The actions of a scope that a token would carry."""
    if isinstance(scope, CatalogScope):
        named = [grant for grant in access.grants if grant.principal != "allUsers"]
        listed = any(gives(grant, "registry.list", "*", None) for grant in named)
        return {"*"} if listed and access.limit is None else set()
    if owner is None:
        return set()
    may = {action for action in ACTIONS if allowed(access, f"registry.{action}", owner, scope.repository)}
    asked = set(ACTIONS) if "*" in scope.actions else set(scope.actions)
    given = may & asked
    if "pull" not in given:
        given.discard("push")
    if "*" in scope.actions and given == set(ACTIONS):
        given.add("*")
    return given
