"""What a client asks for, as the token specification writes it: `repository:acme/web:pull,push`.

Parsing never fails on what it doesn't understand: the unknown adds nothing (TS-17, TS-18). Only sheer size is refused.
Source: distribution, docs/content/spec/auth/scope.md.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from sidecar.domain.errors import Invalid
from sidecar.domain.names import RepositoryName

PULL: Final = "pull"
PUSH: Final = "push"
DELETE: Final = "delete"
EVERYTHING: Final = "*"

MAX_SCOPE_BYTES: Final = 16 * 1024

_REPOSITORY_ACTIONS: Final = frozenset((PULL, PUSH, DELETE, EVERYTHING))
_REPOSITORY_TYPE: Final = re.compile(r"repository(?:\([a-z0-9]+\))?")


class RepositoryScope(NamedTuple):
    """Actions on one repository, out of pull, push, delete and `*`."""

    repository: RepositoryName
    actions: frozenset[str]


@dataclass(frozen=True, slots=True)
class CatalogScope:
    """`registry:catalog:*`: the list of all repositories (TS-20)."""


Scope = RepositoryScope | CatalogScope


def parse_scopes(texts: Iterable[str]) -> tuple[Scope, ...]:
    """The scopes of every `scope` parameter: repeated ones count, several in one are split at spaces (TS-10 to 12).

    The same repository twice is one scope with the actions united (TS-15). Over 16 KiB of text is Invalid (TS-22).
    """
    texts = tuple(texts)
    _check_size(texts)
    repositories: dict[RepositoryName, RepositoryScope] = {}
    catalog = False
    for text in texts:
        for word in text.split(" "):
            scope = _parse_scope(word)
            if isinstance(scope, RepositoryScope):
                name, asked = scope
                known = repositories.get(name)
                repositories[name] = scope if known is None else RepositoryScope(name, known.actions | asked)
            elif scope is not None:
                catalog = True
    return (*repositories.values(), CatalogScope()) if catalog else tuple(repositories.values())


def _check_size(texts: Sequence[str]) -> None:
    if 4 * sum(map(len, texts)) <= MAX_SCOPE_BYTES:  # no character has more bytes: most need no look at theirs
        return
    if sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) > MAX_SCOPE_BYTES:
        raise Invalid(f"scope: at most {MAX_SCOPE_BYTES} bytes of scopes are taken in one request")


def _parse_scope(word: str) -> Scope | None:
    """Split at the first and the last colon, because a name may begin with `host:port/` (registry fact 8)."""
    kind, colon, rest = word.partition(":")
    name, last_colon, actions = rest.rpartition(":")
    if not colon or not last_colon:
        return None
    if kind == "registry":
        asked = frozenset(actions.split(","))
        return CatalogScope() if name == "catalog" and EVERYTHING in asked else None
    if kind != "repository" and not _REPOSITORY_TYPE.fullmatch(kind):
        return None
    known = _known(actions)
    try:
        return RepositoryScope(RepositoryName(name), known) if known else None
    except Invalid:
        return None


@lru_cache(256)
def _known(actions: str) -> frozenset[str]:
    """Those that repositories have; clients ask for few combinations. No text is longer than all scopes may be."""
    return _REPOSITORY_ACTIONS.intersection(actions.split(","))
