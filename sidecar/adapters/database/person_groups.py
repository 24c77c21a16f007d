"""ports.PersonGroups: the groups of people who signed in elsewhere."""

from datetime import datetime
from typing import Final

from sidecar.adapters.database.access_log import AccessChanges, Touched
from sidecar.adapters.database.columns import list_column, time_column
from sidecar.adapters.database.driver import Session
from sidecar.domain.names import Email
from sidecar.domain.outsiders import ToldGroups

_PUT: Final = """
INSERT INTO person_groups (email, groups, told_at)
VALUES ($1, $2, $3)
    ON CONFLICT (email) DO UPDATE
   SET groups = excluded.groups,
       told_at = excluded.told_at
"""

_REMOVE_TOLD_BEFORE: Final = """
   DELETE FROM person_groups
    WHERE told_at < $1
RETURNING email
"""


class PersonGroupsTable:
    """ports.PersonGroups in one transaction."""

    def __init__(self, session: Session, changes: AccessChanges) -> None:
        self._session = session
        self._changes = changes

    async def put(self, email: Email, told: ToldGroups) -> None:
        await self._session.execute(_PUT, email, list_column(sorted(told.groups)), time_column(told.at))
        self._changes.touch(Touched.GROUPS, email)

    async def remove_told_before(self, time: datetime) -> None:
        rows = await self._session.fetch(_REMOVE_TOLD_BEFORE, time_column(time))
        self._changes.touch(Touched.GROUPS, *(email for (email,) in rows))
