"""What `sidecar check` finds in files; what it finds at real registries is in tests/system/test_check.py."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sidecar.adapters.database import migrate_database
from sidecar.adapters.signing import create_authority
from sidecar.adapters.system import SystemRandomness
from sidecar.cli.check.diagnosis import diagnose
from sidecar.cli.check.finding import Finding
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.config import Config
from tests.fakes import HeldClock

NOBODY = "http://127.0.0.1:1"
"""Where no registry listens."""


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    made = Installation(tmp_path / "here", NOBODY, "registry.example.com", "https://auth.example.com", "127.0.0.1:5051")
    initialise(made)
    authority = create_authority(HeldClock().now())
    made.ca_key.write_bytes(authority.key_pem)
    made.ca_certificate.write_bytes(authority.certificate_pem)
    return made


async def findings(installation: Installation, clock: HeldClock | None = None) -> list[Finding]:
    config = Config.load(installation.sidecar_yaml)
    return [found async for found in diagnose(config, clock or HeldClock(), SystemRandomness())]


async def levels_of(installation: Installation, file: Path, clock: HeldClock | None = None) -> list[str]:
    """The levels of the findings that begin with this file."""
    return [found.level for found in await findings(installation, clock) if found.text.startswith(str(file))]


def opened_to_all(file: Path) -> Path:
    file.chmod(0o644)
    return file


async def test_what_init_wrote_is_good(installation: Installation) -> None:
    """Only the registry, which isn't running, is wrong; a database that was never opened is no fault."""
    levels = [found.level for found in await findings(installation)]
    assert levels == ["good", "good", "good", "good", "note", "wrong"]


@pytest.mark.parametrize("name", ["admin_token", "event_secrets", "pull_secret_keys", "ca_key"])
async def test_a_secret_that_others_can_read_is_wrong(installation: Installation, name: str) -> None:
    """Each secret file's mode is looked at, and the finding says which file it is."""
    assert await levels_of(installation, opened_to_all(getattr(installation, name))) == ["wrong"]


async def test_a_key_of_another_ca_is_wrong(installation: Installation) -> None:
    """A certificate and a key that don't belong together would sign what no registry believes."""
    installation.ca_key.write_bytes(create_authority(HeldClock().now()).key_pem)
    assert "wrong" in [found.level for found in await findings(installation) if "belong together" in found.text]


@pytest.mark.parametrize(("days", "level"), [(0, "good"), (15 * 365 - 89, "note"), (15 * 365 + 1, "wrong")])
async def test_the_ca_is_told_of_before_it_ends(installation: Installation, days: int, level: str) -> None:
    """Ninety days ahead it is worth knowing; afterwards nobody gets in."""
    clock = HeldClock()
    clock.advance(days=days)
    assert await levels_of(installation, installation.ca_certificate, clock) == [level]


@pytest.mark.parametrize(
    ("public_url", "told"),
    [
        ("http://10.1.2.3:5051", True),
        ("https://[fd00::1]", True),
        ("http://127.0.0.1:5051", True),
        ("http://10.1.2.3:5000", False),
        ("https://9.9.9.9", False),
        ("https://auth.example.com", False),
    ],
)
async def test_a_realm_that_some_clients_fear_is_worth_knowing(tmp_path: Path, public_url: str, told: bool) -> None:
    """A private address written as a number, unless the registry is at the same host and port."""
    made = Installation(tmp_path / "here", NOBODY, "10.1.2.3:5000", public_url, "127.0.0.1:5051")
    initialise(made)
    found = [finding.level for finding in await findings(made) if "go-containerregistry" in finding.text]
    assert found == (["note"] if told else [])


async def test_an_administrators_token_of_another_make_is_wrong(installation: Installation) -> None:
    """S11: `serve` would refuse it, so it is said before."""
    installation.admin_token.write_text("admin")
    assert await levels_of(installation, installation.admin_token) == ["wrong"]


async def test_a_token_file_that_was_taken_away_is_worth_knowing(installation: Installation) -> None:
    """Taking it away is a choice, not a mistake."""
    installation.admin_token.unlink()
    assert await levels_of(installation, installation.admin_token) == ["note"]


async def test_keys_that_are_none_are_wrong(installation: Installation) -> None:
    """`serve` would refuse the file; without one it serves, and that is worth knowing."""
    file = installation.pull_secret_keys
    file.write_text("a password")
    wrong = await levels_of(installation, file)
    file.unlink()
    assert (wrong, await levels_of(installation, file)) == (["wrong"], ["note"])


async def test_a_database_that_is_up_to_date_is_good(installation: Installation) -> None:
    """A migrated file has nothing pending."""
    database = Config.load(installation.sidecar_yaml).database.path
    await migrate_database(database, HeldClock())
    assert await levels_of(installation, database) == ["good"]


async def test_a_file_that_is_no_database_is_wrong(installation: Installation) -> None:
    """Anything else under that name is told of, and left as it is."""
    database = Config.load(installation.sidecar_yaml).database.path
    database.write_text("not a database, and longer than its header would be" * 10)
    assert await levels_of(installation, database) == ["wrong"]


@dataclass
class FaultyRegistry:
    """Asks for tokens as it should, and takes the key that proves one out of the token itself (CVE-2025-24976)."""

    realm: str
    faulty: bool = True

    async def answer(self, request: web.Request) -> web.Response:
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        header = jwt.get_unverified_header(token) if token else {}
        if "x5c" in header or ("jwk" in header and self.faulty):
            return web.Response(headers=headers)
        challenge = f'Bearer realm="{self.realm}",service="registry"'
        return web.Response(status=401, headers=headers | {"WWW-Authenticate": challenge})


@pytest.mark.parametrize(("faulty", "level"), [(True, "wrong"), (False, "good")])
async def test_a_registry_that_believes_forged_tokens_is_named(tmp_path: Path, faulty: bool, level: str) -> None:
    """S26: by what it does, since no answer of a registry tells its version."""
    app = web.Application()
    app.router.add_get("/v2/", FaultyRegistry("https://auth.example.com/token", faulty).answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        made = Installation(
            tmp_path / "here", url, "registry.example.com", "https://auth.example.com", "127.0.0.1:5051"
        )
        initialise(made)
        found = await findings(made, HeldClock(datetime.now(UTC)))
    assert [finding.level for finding in found if "forge" in finding.text] == [level]
