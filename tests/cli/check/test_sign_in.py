"""What `sidecar check` says of those who vouch for people."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from sidecar.adapters.system import SystemRandomness
from sidecar.cli.check.finding import Finding
from sidecar.cli.check.sign_in import ways_to_sign_in
from tests.fakes import HeldClock
from tests.outside import AUDIENCE, CLIENT, AuthorizationServer, OidcProvider, oidc_provider, settings_of
from tests.running import installed


@pytest.fixture
async def provider() -> AsyncIterator[OidcProvider]:
    async with oidc_provider(HeldClock()) as running:
        yield running


async def findings(folder: Path, **sign_in: Any) -> list[Finding]:
    config = installed(folder, HeldClock(), sign_in=sign_in)
    return [found async for found in ways_to_sign_in(config, HeldClock(), SystemRandomness())]


async def test_nothing_is_said_of_what_is_not_configured(tmp_path: Path) -> None:
    """Most installations begin so."""
    assert await findings(tmp_path) == []


async def test_a_provider_that_answers_is_good(tmp_path: Path, provider: OidcProvider) -> None:
    """With the number of its keys that can be used."""
    (found,) = await findings(tmp_path, oidc=[settings_of(provider)])
    assert found == Finding("good", f"{provider.issuer} publishes 1 usable key")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"down": True}, "answered 500"),
        ({"moved": True}, "answered 302"),
        ({"discovery": {"issuer": "https://other.example"}}, "names another issuer"),
        ({"discovery": {"jwks_uri": "https://other.example/keys"}}, "set jwks_url"),
        ({"jwks": []}, "publishes no key for RS256"),
    ],
)
async def test_what_is_wrong_with_a_provider_is_named(
    tmp_path: Path, provider: OidcProvider, fault: dict[str, Any], words: str
) -> None:
    """In words that say what to look at."""
    for name, value in fault.items():
        setattr(provider, name, value)
    (found,) = await findings(tmp_path, oidc=[settings_of(provider)])
    assert found.level == "wrong"
    assert words in found.text
    assert provider.issuer in found.text


async def test_a_password_file_is_counted_and_its_faults_named(tmp_path: Path) -> None:
    """Who has a password, whose line doesn't count, and who would be nobody."""
    hashed = bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode()
    file = written(tmp_path / "htpasswd", f"ann:{hashed}\nben@x.example:{hashed}\nold:$apr1$x\nci:{hashed}\n")
    found = await findings(tmp_path, htpasswd={"file": str(file), "principals": {"ci": "ci@x.example"}})
    assert [each.level for each in found] == ["good", "note", "note"]
    assert "holds 3 users" in found[0].text
    assert "line 3" in found[1].text
    assert f"{file}: ann: no e-mail" in found[2].text


async def test_a_password_file_that_is_missing_is_wrong(tmp_path: Path) -> None:
    """Nobody of it could sign in."""
    (found,) = await findings(tmp_path, htpasswd={"file": str(tmp_path / "none")})
    assert (found.level, "none: can't be read" in found.text) == ("wrong", True)


@pytest.mark.parametrize(("secret", "level"), [(CLIENT[1], "good"), ("old", "wrong")])
async def test_the_authorization_server_is_asked(tmp_path: Path, secret: str, level: str) -> None:
    """With our own credentials, about a token that never was."""
    server = AuthorizationServer()
    async with server.running():
        (found,) = await findings(tmp_path, introspection=introspection(server, written(tmp_path / "secret", secret)))
    assert found.level == level
    assert len(server.asked) == 1


async def test_a_secret_that_others_can_read_is_wrong(tmp_path: Path) -> None:
    """As each secret file is; nothing is asked with it."""
    server, file = AuthorizationServer(), written(tmp_path / "secret", "x")
    file.chmod(0o644)
    async with server.running():
        (found,) = await findings(tmp_path, introspection=introspection(server, file))
    assert (found.level, "chmod 600" in found.text, server.asked) == ("wrong", True, [])


def written(file: Path, text: str) -> Path:
    file.write_text(text)
    file.chmod(0o600)
    return file


def introspection(server: AuthorizationServer, secret: Path) -> dict[str, Any]:
    return {
        "url": server.url,
        "client_id": CLIENT[0],
        "client_secret_file": str(secret),
        "audiences": [AUDIENCE],
        "email_domains": ["x.example"],
    }
