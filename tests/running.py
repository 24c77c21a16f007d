"""A whole sidecar in this process: real sockets, a real database in a folder of its own, a clock that is held."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar
from cryptography import x509

from sidecar.adapters.signing import create_authority
from sidecar.bootstrap import Application, application, serving
from sidecar.cli.init import initialise
from sidecar.cli.rendering import Installation
from sidecar.config import Config, read_yaml
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

PUBLIC_URL = "https://auth.example.com"

UNTHROTTLED = {"failures_of_one": 0, "failures_of_address": 0}
"""The setting `throttle` for tests that show many wrong credentials from one address, and look at each answer."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is running, how to reach it, and whom to be there. `administrator` is the secret of `admin@localhost`."""

    application: Application
    addresses: dict[str, str]
    http: ClientSession
    clock: HeldClock
    tenants: Tenants
    ca: x509.Certificate
    administrator: str

    @property
    def url(self) -> str:
        return f"http://{self.addresses['public']}"


def installed(folder: Path, clock: HeldClock, **settings: Any) -> Config:
    """The configuration of a new installation in this folder, with these top-level settings or sections changed.

    Its CA begins by the held clock, not by the machine's.
    """
    installation = Installation(
        folder / "sidecar", "http://127.0.0.1:9", "registry.example.com", PUBLIC_URL, "127.0.0.1:0"
    )
    authority = create_authority(clock.now())
    installation.ca_key.parent.mkdir(parents=True)
    installation.ca_certificate.write_bytes(authority.certificate_pem)
    installation.ca_key.write_bytes(authority.key_pem)
    installation.ca_key.chmod(0o600)
    initialise(installation)
    document = read_yaml(installation.sidecar_yaml)
    for name, value in settings.items():
        document[name] = {**document.get(name, {}), **value} if isinstance(value, dict) else value
    return Config.of(installation.sidecar_yaml, document)


@asynccontextmanager
async def running(folder: Path, **settings: Any) -> AsyncIterator[Sidecar]:
    """A sidecar that was installed in this folder, with these settings changed."""
    clock, randomness = HeldClock(), RepeatableRandomness()
    config = installed(folder, clock, **settings)
    async with (
        application(config, clock, randomness) as whole,
        serving(whole) as addresses,
        ClientSession(cookie_jar=DummyCookieJar()) as http,
    ):
        yield Sidecar(
            whole,
            addresses,
            http,
            clock,
            Tenants(whole.core.store, clock, randomness),
            x509.load_pem_x509_certificate(config.tokens.ca_certificate.read_bytes()),
            config.administrator.token_file.read_text().strip(),
        )
