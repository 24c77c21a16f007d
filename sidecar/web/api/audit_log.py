"""The namespace `auditLog`: who did what, for those who may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import Field

from sidecar.domain.audit import AuditEntry, Outcome
from sidecar.domain.names import EVERY_PROJECT
from sidecar.domain.policy import Caller
from sidecar.ports.auditing import AuditQuery
from sidecar.usecases.read_audit import LIST, ReadAudit
from sidecar.web.api.bodies import InPlace, Result
from sidecar.web.api.fields import PlaceField, Time
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.moments import cursor_of, place_of
from sidecar.web.api.paging import UNLIMITED, CursorField, Limit

_SORT: Final = "-at"


class ListAudit(InPlace):
    project: PlaceField = EVERY_PROJECT
    """The project's sid; without it, all projects and the installation, for who may read that of every project."""
    resource_type: Annotated[str, Field(max_length=64)] | None = None
    """Such as `role`, `binding`, `key` or `tag`."""
    actor: Annotated[str, Field(max_length=260)] | None = None
    """Who did it: an e-mail, or `sidecar`."""
    outcome: Outcome | None = None
    """`done`, `denied` for lack of a permission, or `refused` for a sign-in with credentials that don't count."""
    after: Time | None = None
    """Only what happened then or later."""
    before: Time | None = None
    """Only what happened earlier."""
    limit: Limit | None = None
    """How many items to answer; without it, up to 10,000. Where they are long it is fewer, and a nextCursor."""
    cursor: CursorField | None = None
    """The nextCursor of the page before, with the same filters."""


class AuditResult(Result):
    id: int
    at: datetime
    actor: str
    """Who did it; empty for a sign-in that claimed nobody's name."""
    actor_kind: str
    """`person`, `serviceAccount`, `anonymous` or `sidecar`."""
    credential: str | None = None
    """The id of the key or token that proved the actor."""
    address: str
    request_id: str
    """As the log has it, and the answer's X-Request-ID."""
    project: str | None = None
    """Absent for what is the installation's."""
    resource_type: str
    resource: str
    action: str
    """The method's name, or what the sidecar did by itself; `pullSecret.get` wherever a kept password was read out."""
    outcome: str
    before: dict[str, Any] | None = None
    """What it was; absent where it is new, or was read out."""
    after: dict[str, Any] | None = None
    """What it is since; absent where it is gone, or was read out."""
    count: int
    """How often, for what is told once for some minutes."""
    last_at: datetime
    """When it happened the last time."""

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        actor, resource = entry.actor, entry.resource
        return cls(
            id=entry.id,
            at=entry.at,
            actor=actor.name,
            actor_kind=actor.kind,
            credential=actor.credential,
            address=actor.address,
            request_id=actor.request,
            project=resource.project,
            resource_type=resource.type,
            resource=resource.id,
            action=entry.action,
            outcome=entry.outcome,
            before=None if entry.before is None else dict(entry.before),
            after=None if entry.after is None else dict(entry.after),
            count=entry.count,
            last_at=entry.last_at or entry.at,
        )


class AuditList(Result):
    items: list[AuditResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


@dataclass(frozen=True, slots=True)
class AuditLogNamespace:
    read: ReadAudit

    def methods(self) -> Sequence[AnyMethod]:
        example = {"project": "acme", "resourceType": "binding", "after": "2026-11-01T00:00:00Z"}
        return (Method("auditLog.list", LIST, ListAudit, AuditList, self.list, example),)

    async def list(self, caller: Caller, body: ListAudit) -> AuditList:
        """Who changed what, and what it was before; sign-ins that were refused; calls that lacked a permission.

        The newest first. What is the installation's, such as a refused sign-in, is in no project's log.
        """
        page = await self.read(caller, _query(body))
        return AuditList(
            items=[AuditResult.of(entry) for entry in page.entries],
            next_cursor=cursor_of(_SORT, page.entries[-1].at, page.entries[-1].id) if page.more else None,
        )


def _query(body: ListAudit) -> AuditQuery:
    return AuditQuery(
        limit=body.limit or UNLIMITED,
        project=None if body.project == EVERY_PROJECT else body.project,
        resource_type=body.resource_type,
        actor=body.actor,
        outcome=body.outcome,
        since=body.after,
        until=body.before,
        beyond=None if body.cursor is None else place_of(body.cursor, _SORT),
    )
