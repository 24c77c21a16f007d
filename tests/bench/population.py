"""An installation to measure: projects, each with ten service accounts that have a key and three bindings each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.adapters.database import open_database
from sidecar.adapters.system import SystemClock
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.domain.identity import Credential, CredentialKind, PrincipalKind
from sidecar.domain.issuing import issue
from sidecar.domain.names import AccountId, Email, Glob, PrincipalName, ProjectId, RoleName
from sidecar.domain.secrets import RANDOM_BYTES
from sidecar.domain.tenancy import Binding, Project, ServiceAccount
from sidecar.ports import Tables
from tests.fakes import RepeatableRandomness

ACCOUNTS_PER_PROJECT: Final = 10
BINDINGS_PER_ACCOUNT: Final = 3

_PROJECTS_AT_ONCE: Final = 100
_BY: Final = "admin@localhost"


@dataclass(frozen=True, slots=True)
class Account:
    """A service account that may pull and push anything in its project."""

    email: Email
    key: str
    project: ProjectId


def install(folder: Path, port: int) -> Installation:
    """What `sidecar init` writes, for a sidecar that listens on this port."""
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    installation = Installation(folder, "http://127.0.0.1:9", "127.0.0.1:9", url, f"127.0.0.1:{port}")
    initialise(installation)
    return installation


async def populate(installation: Installation, projects: int) -> list[Account]:
    """Fills the database; all the accounts, project by project."""
    accounts: list[Account] = []
    randomness = RepeatableRandomness()
    async with open_database(installation.folder / "sidecar.db", SystemClock()) as database:
        for first in range(0, projects, _PROJECTS_AT_ONCE):
            async with database.store.writing() as tables:
                for number in range(first, min(first + _PROJECTS_AT_ONCE, projects)):
                    sid = _sid(number)
                    await tables.projects.add(Project(sid, sid, (), SystemClock().now(), _BY))
                    others = [_sid((number + step) % projects) for step in (1, 2)]
                    for _ in range(ACCOUNTS_PER_PROJECT):
                        accounts.append(await _add_account(tables, sid, len(accounts), others, randomness))
    return accounts


async def _add_account(
    tables: Tables, project: ProjectId, number: int, others: list[ProjectId], randomness: RepeatableRandomness
) -> Account:
    now = SystemClock().now()
    sid = f"robot-{number:06}"
    email = Email(f"{sid}@{project}.serviceaccount.bench.example")
    await tables.accounts.add(ServiceAccount(project, AccountId(sid), email, sid, "", now, _BY))
    credential = Credential(
        randomness.identifier(), CredentialKind.SERVICE_ACCOUNT_KEY, email, PrincipalKind.SERVICE_ACCOUNT
    )
    key = issue(credential, randomness.bytes(RANDOM_BYTES), "", now, _BY)
    await tables.secrets.add(key.kept)
    for place, role, narrowed in (
        (project, "developer", None),
        (others[0], "viewer", None),
        (others[1], "viewer", (Glob(f"{others[1]}/team-*"),)),
    ):
        await tables.bindings.put(Binding(place, PrincipalName(email), (RoleName(role),), narrowed, now, _BY))
    return Account(email, key.text, project)


def _sid(number: int) -> ProjectId:
    return ProjectId(f"project-{number:05}")
