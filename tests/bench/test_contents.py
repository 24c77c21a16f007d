"""The contents that benchmarks are measured with are what the index itself would have made of such a registry."""

import asyncio
from pathlib import Path

from sidecar.adapters.database import open_database
from sidecar.adapters.system import SystemClock
from sidecar.domain.names import RepositoryName
from sidecar.ports.browsing import Slice
from tests.bench import contents, population


async def test_every_sum_is_right(tmp_path: Path) -> None:
    """Counting all sizes anew finds nothing to mend, and each tag reaches its whole image."""
    installation = population.install(tmp_path / "installation", 1)
    await population.populate(installation, 3)
    database = installation.folder / "sidecar.db"
    await asyncio.to_thread(contents.fill, database, "project-00000", 4, 100)
    async with open_database(database, SystemClock()) as opened:
        assert await opened.index.recount() == []
        name = RepositoryName(contents.repository_name("project-00000", 0))
        page = await opened.browsing.tags(name, Slice("createdAt", True, 1000))
        assert page is not None
        assert {tag.size for tag in page.items} == {image.total for image in contents.images(name, 10)}
        assert sum((await opened.index.count_tags()).values()) == 100
