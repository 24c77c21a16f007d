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
MOST_TEXT: Final = 8 * 1024 * 1024
"""Characters of what things were before and after on one page, about: one entry of a binding may have 50,000 (S30)."""
PORTION: Final = 200
"""Entries that are read at once."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The newest entries first, and whether there are others after them."""

    entries: list[AuditEntry]
    more: bool


@dataclass(frozen=True, slots=True)
class ReadAudit:
    log: AuditLog
    store: Store

    async def __call__(self, caller: Caller, query: AuditQuery) -> AuditPage:
        """At most `query.limit` entries, and fewer where they are long.

        A sid can be given to another tenant: what happened in a project of that sid that is gone is for those alone who
        may read everything, and to them it stays.
        """
        everything = caller.access.granting(LIST, EVERY_PROJECT) is not None
        if query.project is None:
            return await self._page(query)
        began = await self._began(ProjectId(query.project))
        if everything:
            page = await self._page(query)
            if began is None and not page.entries:
                raise NotFound("project")
            return page
        if began is None:
            raise NotFound("project")
        return await self._page(replace(query, since=max(query.since or began, began)))

    async def _page(self, query: AuditQuery) -> AuditPage:
        """Read in portions, until it is full by number or by length."""
        entries, room, beyond = list[AuditEntry](), MOST_TEXT, query.beyond
        while True:
            wanted = min(PORTION, query.limit - len(entries))
            read = await self.log.read(replace(query, limit=wanted + 1, beyond=beyond))
            entries += read[:wanted]
            room -= sum(len(str(entry.before)) + len(str(entry.after)) for entry in read[:wanted])
            more = len(read) > wanted
            if not more or len(entries) == query.limit or room <= 0:
                return AuditPage(entries, more)
            beyond = entries[-1].at, entries[-1].id

    async def _began(self, sid: ProjectId) -> datetime | None:
        async with self.store.reading() as tables:
            project = await tables.projects.get(sid)
        return None if project is None else project.created_at
