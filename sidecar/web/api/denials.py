"""The part of the namespace `registry` that tells why clients were refused: who lacked what lately, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sidecar.domain.denials import Denied
from sidecar.domain.names import EVERY_PROJECT
from sidecar.domain.policy import Caller
from sidecar.ports.denials import DenialQuery
from sidecar.usecases.read_denials import ReadDenials
from sidecar.web.api.bodies import InPlace, Result
from sidecar.web.api.fields import PlaceField, PrincipalField, RepositoryField
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.moments import cursor_of, place_of
from sidecar.web.api.paging import UNLIMITED, CursorField, Limit

_SORT: Final = "-lastAt"


class ListDenials(InPlace):
    project: PlaceField = EVERY_PROJECT
    """The project's sid; without it, all projects and names that no project owns, for who may read that of each."""
    email: PrincipalField | None = None
    """Only what this principal was denied."""
    repository: RepositoryField | None = None
    """Only on this repository, by its full name."""
    limit: Limit | None = None
    """How many items to answer; without it, up to 10,000."""
    cursor: CursorField | None = None
    """The nextCursor of the page before, with the same filters."""


class DenialResult(Result):
    email: str | None = None
    """Who asked; absent for whoever showed no credentials."""
    project: str | None = None
    """Whose repository it is; absent where no project owns the name."""
    repository: str
    action: str
    """`pull`, `push` or `delete` of a client, or the name of a method."""
    missing: str
    """What would have allowed it."""
    count: int
    first_at: datetime
    last_at: datetime

    @classmethod
    def of(cls, denied: Denied) -> Self:
        denial = denied.denial
        return cls(
            email=denial.principal or None,
            project=denial.project or None,
            repository=denial.repository,
            action=denial.action,
            missing=denial.missing,
            count=denied.count,
            first_at=denied.first_at,
            last_at=denied.last_at,
        )


class DenialList(Result):
    items: list[DenialResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


@dataclass(frozen=True, slots=True)
class DenialNamespace:
    read: ReadDenials

    def methods(self) -> Sequence[AnyMethod]:
        example = {"project": "acme"}
        return (Method("registry.denials", "auditlog.list", ListDenials, DenialList, self.denials, example),)

    async def denials(self, _: Caller, body: ListDenials) -> DenialList:
        """Who was denied what lately, on which repository, and what was missing: the latest first.

        A client that may not pull is only told that there is no such image. What is asked again, with the same words
        and credential, while the answer is still kept (`tokens.reuse_seconds`) counts once. Nothing is kept for longer
        than thirty days.
        """
        limit = body.limit or UNLIMITED
        denied = await self.read(
            DenialQuery(
                limit=limit + 1,
                project=None if body.project == EVERY_PROJECT else body.project,
                principal=body.email,
                repository=body.repository,
                beyond=None if body.cursor is None else place_of(body.cursor, _SORT),
            )
        )
        shown, left = denied[:limit], denied[limit:]
        cursor = cursor_of(_SORT, shown[-1].last_at, shown[-1].id) if left else None
        return DenialList(items=[DenialResult.of(each) for each in shown], next_cursor=cursor)
