"""The text of the files that `init` writes: the sidecar's configuration, and a registry's for each of its two lines."""

import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final
from urllib.parse import urlsplit

from sidecar.cli.distribution import Line

ISSUER: Final = "registry-sidecar"
SERVICE: Final = "registry"

_SIDECAR: Final = Template("""\
# The sidecar's configuration, made by `sidecar init`. docs/configuration.md tells what each setting means; those behind
# a # stand at their default. Start with `sidecar serve -c` and this file; `sidecar check -c` finds what is wrong in it.

public_url: $public_url   # how clients reach the sidecar; <public_url>/token is the registry's realm
listen: $listen
$internal_listen
$trusted_proxies

registry:
  url: $registry_url   # how the sidecar reaches the registry
  host: $registry_host   # what people type after `docker login`

tokens:   # issuer and service stand in the registry's configuration, too
  issuer: $issuer
  service: $service
  ca_certificate: $ca_certificate
  ca_key: $ca_key
  # leaf_lifetime_hours: 168
  # lifetime_seconds: 900
  # push_lifetime_seconds: 900
  # reuse_seconds: 30

database:
  path: $database

events:
  secrets_file: $event_secrets
  # body_bytes: 1048576
  # quarantine_bytes: 67108864
  # settle_seconds: 5.0
  # uncounted_principals: []

administrator:
  email: admin@localhost
  token_file: $admin_token

# api:
  # service_account_domain: null
  # project_creators: administrators

# limits:
  # body_bytes: 1048576
  # request_seconds: 10.0
  # shutdown_seconds: 8.0

# reconcile:
  # interval_seconds: 3600
  # least_seconds: 60
  # requests_per_second: 200.0
  # concurrency: 8

pull_secrets:
  key_file: $pull_secret_keys

# sign_in:   # docs/sign-in.md has examples
  # oidc: []
  # htpasswd: null
  # introspection: null
  # reserved_domains: []

# throttle:
  # failures_of_one: 10
  # failures_of_address: 100
  # window_seconds: 60

# audit:
  # keep_days: 365

# secrets:
  # allow_readable: false

# logging:
  # level: info
""")

_REGISTRY: Final = Template("""\
# A configuration for registry $line.x, made by `sidecar init`. If yours exists already, take over `auth`, `delete`,
# `relativeurls` and `notifications`. A registry in a container needs its own path to ca.crt. Environment variables
# REGISTRY_… override this file: one that begins with REGISTRY_AUTH must not be set.

version: 0.1

log:
  level: info

storage:
  filesystem:
    rootdirectory: $storage
  delete:
    enabled: true

http:
  addr: $addr
  relativeurls: true

auth:
  token:
    realm: $realm
    service: $service
    issuer: $issuer
    rootcertbundle: $ca_certificate
""")

_ONLY_3: Final = """\
    signingalgorithms: [ES256]

catalog:
  maxentries: 1000

tags:
  maxtags: 1000
"""

_NOTIFICATIONS: Final = Template("""
# Two endpoints are two queues: pushes don't wait behind pulls. The ignored media type keeps blobs' events at home.
notifications:
  events:
    includereferences: true
  endpoints:
    - name: sidecar-writes
      url: $events_url
      headers: {Authorization: [$event_authorization]}
      timeout: 5s
      threshold: 5
      backoff: 5s
      ignore: {mediatypes: [application/octet-stream], actions: [pull]}
    - name: sidecar-pulls
      url: $events_url
      headers: {Authorization: [$event_authorization]}
      timeout: 5s
      threshold: 5
      backoff: 5s
      ignore: {mediatypes: [application/octet-stream], actions: [push, mount, delete]}
""")


@dataclass(frozen=True, slots=True)
class Installation:
    """Where one sidecar and its registry keep their files, and by which addresses they are reached."""

    folder: Path
    registry_url: str
    registry_host: str
    public_url: str
    listen: str
    events_url: str | None = None
    """Where the registry sends its notifications, if that isn't below `public_url`."""
    internal_listen: str | None = None
    """Where /events and /metrics are served, if not on `listen`."""
    database: Path | None = None
    """The database's file, if it isn't in `folder`."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For is believed."""

    @property
    def sidecar_yaml(self) -> Path:
        return self.folder / "sidecar.yaml"

    @property
    def ca_certificate(self) -> Path:
        return self.folder / "keys/ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.folder / "keys/ca.key"

    @property
    def event_secrets(self) -> Path:
        return self.folder / "secrets/events"

    @property
    def pull_secret_keys(self) -> Path:
        return self.folder / "secrets/pull-secrets"

    @property
    def admin_token(self) -> Path:
        return self.folder / "admin.token"

    def registry_yaml(self, line: Line) -> Path:
        return self.folder / f"registry-{line}.yml"

    def sidecar_text(self) -> str:
        """What belongs into `sidecar_yaml`."""
        return _SIDECAR.substitute(
            self._shared(),
            public_url=_quoted(self.public_url),
            listen=_quoted(self.listen),
            registry_url=_quoted(self.registry_url),
            registry_host=_quoted(self.registry_host),
            ca_key=_quoted(self.ca_key),
            internal_listen=_set_or_shown("internal_listen", self.internal_listen),
            trusted_proxies=_set_or_shown("trusted_proxies", list(self.trusted_proxies)),
            database=_quoted(self.database or self.folder / "sidecar.db"),
            admin_token=_quoted(self.admin_token),
            event_secrets=_quoted(self.event_secrets),
            pull_secret_keys=_quoted(self.pull_secret_keys),
        )

    def registry_text(self, line: Line, event_secret: str) -> str:
        """What belongs into `registry_yaml(line)`, which holds a secret."""
        storage, addr = _quoted(self.folder / "registry"), _quoted(_listening(self.registry_url))
        text = _REGISTRY.substitute(
            self._shared(),
            line=line,
            storage=storage,
            addr=addr,
        )
        notifications = _NOTIFICATIONS.substitute(
            events_url=_quoted(self.events_url or f"{self.public_url.rstrip('/')}/events"),
            event_authorization=_quoted(f"Bearer {event_secret}"),
        )
        return text + (_ONLY_3 if line == "3" else "") + notifications

    def _shared(self) -> dict[str, str]:
        """What the sidecar and its registry must be told alike."""
        return {
            "realm": _quoted(f"{self.public_url.rstrip('/')}/token"),
            "issuer": _quoted(ISSUER),
            "service": _quoted(SERVICE),
            "ca_certificate": _quoted(self.ca_certificate),
        }


def _quoted(value: str | Path) -> str:
    """A YAML scalar of any text: JSON's strings are YAML's double-quoted ones."""
    return json.dumps(str(value), ensure_ascii=False)


def _set_or_shown(name: str, value: str | list[str] | None) -> str:
    """A setting, or, where it has no value, a comment that shows it at its default."""
    return f"{'' if value else '# '}{name}: {json.dumps(value)}"


def _listening(registry_url: str) -> str:
    """Where a registry reached by this URL listens: on this machine alone if the URL says so, else everywhere."""
    parts = urlsplit(registry_url)
    host = parts.hostname or ""
    port = parts.port or {"https": 443}.get(parts.scheme, 80)
    return f"{'127.0.0.1' if _is_loopback(host) else ''}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
