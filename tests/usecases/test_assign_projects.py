"""Repositories follow the names that projects own."""

from sidecar.adapters.database import Database
from sidecar.domain.names import ProjectId
from sidecar.domain.tenancy import Project
from sidecar.usecases.assign_projects import AssignProjects
from tests.contracts.test_index import image, push, read_in
from tests.fakes import HeldClock


async def project_size(database: Database) -> int | None:
    async with database.index.applying() as tables:
        row = await tables._session.fetch_one("SELECT size FROM project_size WHERE project = 'acme'")
    return None if row is None else int(row[0])


async def test_a_project_that_comes_later_gets_what_is_its_own(database: Database, clock: HeldClock) -> None:
    """A repository that nobody owned is the project's from now on, bytes included."""
    assign = AssignProjects(database.access, database.index)
    await push(database, image(1))
    await read_in(database, image(1))
    await assign.run_once()
    before = await project_size(database)
    async with database.store.writing() as tables:
        await tables.projects.add(Project(ProjectId("acme"), "Acme", (), clock.now(), "admin@localhost"))
    await assign.run_once()
    assert (before, await project_size(database)) == (None, len(image(1)) + 50)
