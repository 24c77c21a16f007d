"""`sidecar init`: everything that an installation needs, written once; what is there already is never touched."""

import os
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from sidecar.adapters.sealing import KEY_BYTES
from sidecar.adapters.signing import create_authority
from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.cli.failure import Failure
from sidecar.cli.rendering import Installation
from sidecar.config import Config
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret

Outcome = Literal["written", "kept", "kept, though these options would write another"]

_PUBLIC = 0o644
_PRIVATE = 0o600


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Where everything is written.")]
RegistryUrl = Annotated[
    str, typer.Option(metavar="URL", help="How the sidecar reaches the registry: http://127.0.0.1:5000")
]
RegistryHost = Annotated[
    str, typer.Option(metavar="HOST", help="What people type after docker login: registry.example.com")
]
PublicUrl = Annotated[str, typer.Option(metavar="URL", help="How clients reach the sidecar: https://auth.example.com")]
Listen = Annotated[str, typer.Option(metavar="HOST:PORT", help="Where the sidecar listens.")]
EventsUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the registry sends notifications, if not to /events below --public-url."),
]
InternalListen = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT", help="Where /events and /metrics are served, if not on --listen."),
]
DatabaseFile = Annotated[Path | None, typer.Option(metavar="FILE", help="The database, if it isn't to be in DIR.")]
TrustedProxies = Annotated[
    list[str] | None,
    typer.Option(metavar="NETWORK", help="A network whose X-Forwarded-For is believed; repeatable."),
]


def init(  # noqa: PLR0913, PLR0917 - each is an option on the command line
    folder: Folder,
    registry_url: RegistryUrl,
    registry_host: RegistryHost,
    public_url: PublicUrl,
    listen: Listen = "127.0.0.1:5051",
    events_url: EventsUrl = None,
    internal_listen: InternalListen = None,
    database: DatabaseFile = None,
    trusted_proxy: TrustedProxies = None,
) -> None:
    """Write all that a sidecar beside your registry needs.

    DIR gets sidecar.yaml, registry-2.yml and registry-3.yml (take the one of your registry's line), keys/,
    secrets/ and admin.token. Nothing that exists is overwritten, so it can be run again.

    \b
    Example:
      sidecar init /etc/registry-sidecar \\
        --registry-url http://127.0.0.1:5000 \\
        --registry-host registry.example.com \\
        --public-url https://auth.example.com
    """
    installation = Installation(
        folder.absolute(),
        registry_url,
        registry_host,
        public_url,
        listen,
        events_url,
        internal_listen,
        database and database.absolute(),
        tuple(trusted_proxy or ()),
    )
    for path, outcome in initialise(installation).items():
        typer.echo(f"{outcome:8} {path}")
    typer.echo(
        f"\nGive your registry the auth and notifications of registry-2.yml or registry-3.yml and restart it, then:\n"
        f"  sidecar serve -c {installation.sidecar_yaml}\n"
        f"  sidecar check -c {installation.sidecar_yaml}"
    )


def initialise(installation: Installation) -> dict[Path, Outcome]:
    """Writes what is missing; each file and what became of it. Raises ConfigError if an address is no good."""
    Config.parse(installation.sidecar_yaml, installation.sidecar_text())
    try:
        installation.ca_key.parent.mkdir(parents=True, exist_ok=True)
        installation.event_secrets.parent.mkdir(exist_ok=True)
        return {
            installation.sidecar_yaml: write_once(installation.sidecar_yaml, installation.sidecar_text(), _PUBLIC),
            installation.event_secrets: _random_text(installation.event_secrets, RANDOM_BYTES),
            installation.pull_secret_keys: _random_text(installation.pull_secret_keys, KEY_BYTES),
            **{path: write_once(path, text, _PRIVATE) for path, text in _registry_files(installation)},
            **_authority(installation),
            installation.admin_token: _administrator(installation.admin_token),
        }
    except OSError as error:
        raise Failure(f"{error.filename}: {error.strerror}") from None


def write_once(path: Path, text: str, mode: int) -> Outcome:
    """Writes a file whole, and with this mode from its first byte; leaves one that exists as it is."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(draft).chmod(mode)
        path.hardlink_to(draft)
    except FileExistsError:
        same = path.read_text(encoding="utf-8") == text
        return "kept" if same else "kept, though these options would write another"
    finally:
        Path(draft).unlink()
    return "written"


def _registry_files(installation: Installation) -> list[tuple[Path, str]]:
    secret = newest_event_secret(installation)
    return [(installation.registry_yaml(line), installation.registry_text(line, secret)) for line in ("2", "3")]


def newest_event_secret(installation: Installation) -> str:
    """What the registry is to send its notifications with: the first secret in the file, or "" where there is none."""
    path = installation.event_secrets
    return next(iter(path.read_text(encoding="utf-8").split()), "") if path.exists() else ""


def _random_text(path: Path, count: int) -> Outcome:
    """So many random bytes, in hexadecimal."""
    if path.exists():
        return "kept"
    return write_once(path, f"{SystemRandomness().bytes(count).hex()}\n", _PRIVATE)


def _authority(installation: Installation) -> dict[Path, Outcome]:
    """The CA's key and certificate, which only make sense together."""
    key, certificate = installation.ca_key, installation.ca_certificate
    if key.exists() != certificate.exists():
        missing, other = (certificate, key) if key.exists() else (key, certificate)
        raise Failure(f"{missing} is missing, but {other} is there: bring it back, or remove both for a new CA")
    if key.exists():
        return {key: "kept", certificate: "kept"}
    authority = create_authority(SystemClock().now())
    return {
        key: write_once(key, authority.key_pem.decode(), _PRIVATE),
        certificate: write_once(certificate, authority.certificate_pem.decode(), _PUBLIC),
    }


def _administrator(token_file: Path) -> Outcome:
    if token_file.exists():
        return "kept"
    token = make_secret(SecretKind.PERSONAL_TOKEN, SystemRandomness().bytes(RANDOM_BYTES))
    return write_once(token_file, f"{token}\n", _PRIVATE)
