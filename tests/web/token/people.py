"""The tenants of these tests, and the people and robots who ask for tokens."""

from dataclasses import dataclass

from sidecar.domain.names import ALL_USERS
from tests.tenants import Tenants
from tests.web.token.asking import Login


@dataclass(frozen=True, slots=True)
class People:
    """Of project acme; nobody here holds anything in project beta, and everybody may pull from project free."""

    owner: Login
    developer: Login
    viewer: Login
    stranger: Login
    robot: Login
    administrator: Login


async def settle(tenants: Tenants, administrator: str) -> People:
    """Founds the three projects and gives everybody their secrets; `administrator` is that of `admin@localhost`."""
    for sid in ("acme", "beta", "free"):
        await tenants.project(sid)
    await tenants.bind("free", ALL_USERS, "viewer")
    await tenants.bind("acme", "olga@acme.example", "owner")
    await tenants.bind("acme", "dan@acme.example", "developer")
    await tenants.bind("acme", "vera@acme.example", "viewer")
    robot = await tenants.account("acme", "ci")
    await tenants.bind("acme", robot, "developer")
    return People(
        owner=Login("olga@acme.example", await tenants.secret("olga@acme.example")),
        developer=Login("dan@acme.example", await tenants.secret("dan@acme.example")),
        viewer=Login("vera@acme.example", await tenants.secret("vera@acme.example")),
        stranger=Login("sam@elsewhere.example", await tenants.secret("sam@elsewhere.example")),
        robot=Login(robot, await tenants.key(robot)),
        administrator=Login("admin@localhost", administrator),
    )
