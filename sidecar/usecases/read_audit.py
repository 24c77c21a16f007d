"""Who did what: the audit log, as far as the caller may read it."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sidecar.domain.audit import AuditEntry
from sidecar.domain.errors import NotFound
from sidecar.domain.names import EVERY_PROJECT, ProjectId
from sidecar.domain.policy import Caller
from sidecar.ports import Store
from sidecar.ports.auditing import AuditLog, AuditQuery

LIST: Final = "auditlog.list"


@dataclass(frozen=True, slots=True)
class ReadAudit:
    log: AuditLog
    store: Store

    async def __call__(self, caller: Caller, query: AuditQuery) -> list[AuditEntry]:
        """The newest entries first.

        A sid can be given to another tenant: what happened in a project of that sid that is gone is for those alone who
        may read everything, and to them it stays.
        """
        everything = caller.access.granting(LIST, EVERY_PROJECT) is not None
        if query.project is None:
            return await self.log.read(query)
        began = await self._began(ProjectId(query.project))
        if everything:
            entries = await self.log.read(query)
            if began is None and not entries:
                raise NotFound("project")
            return entries
        if began is None:
            raise NotFound("project")
        return await self.log.read(replace(query, since=max(query.since or began, began)))

    async def _began(self, sid: ProjectId) -> datetime | None:
        async with self.store.reading() as tables:
            project = await tables.projects.get(sid)
        return None if project is None else project.created_at
