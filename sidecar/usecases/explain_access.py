"""Says of a principal what it may do on a repository, and by which binding, or what is missing (decision 4)."""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.domain.identity import ANONYMOUS, CredentialKind, Principal, PrincipalKind
from sidecar.domain.names import ALL_AUTHENTICATED_USERS, ALL_USERS, Email, PrincipalName, ProjectId, RepositoryName
from sidecar.domain.policy import Decision, decide
from sidecar.domain.scopes import RepositoryScope
from sidecar.ports import AccessReader, Store


@dataclass(frozen=True, slots=True)
class Explanation:
    """`owner` is the project that owns the repository."""

    owner: ProjectId | None
    decision: Decision


@dataclass(frozen=True, slots=True)
class ExplainAccess:
    """The rule itself answers, by what a credential without a limit of its own would hold.

    A pull secret is asked for by whom it proves, and holds what its newest secret carries (decision 26).
    """

    store: Store
    access: AccessReader
    groups_of: Callable[[str], frozenset[str]]
    """The groups of a person that count now, as a sign-in elsewhere told them."""

    async def __call__(self, name: PrincipalName, repository: RepositoryName, actions: frozenset[str]) -> Explanation:
        owner = self.access.owner_of(repository)
        held = self.access.access_of(await self._principal(name))
        return Explanation(owner, decide(held, RepositoryScope(repository, actions), owner))

    async def _principal(self, name: PrincipalName) -> Principal:
        """Somebody of this name: whoever is in the group, or holds what everybody holds, where that is asked."""
        if name == ALL_USERS:
            return ANONYMOUS
        if name == ALL_AUTHENTICATED_USERS:
            return Principal(name, PrincipalKind.PERSON)
        if name.startswith("group:"):
            return Principal("", PrincipalKind.PERSON, groups=frozenset((name,)))
        async with self.store.reading() as tables:
            account = await tables.accounts.by_email(Email(name))
            pulls = await tables.secrets.of_principal(Email(name), (CredentialKind.PULL_SECRET,))
        if pulls:
            limit = pulls[-1].credential.limit
            return Principal(name, PrincipalKind.SERVICE_ACCOUNT, None, CredentialKind.PULL_SECRET, limit=limit)
        if account is not None:
            return Principal(name, PrincipalKind.SERVICE_ACCOUNT)
        return Principal(name, PrincipalKind.PERSON, groups=self.groups_of(name))
