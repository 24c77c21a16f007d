"""The whole file: its sections, and the settings outside them."""

from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import ValidationError, model_validator

from sidecar.config.errors import ConfigError
from sidecar.config.faults import fault
from sidecar.config.section import Section, section_of
from sidecar.config.sections.administrator import Administrator
from sidecar.config.sections.api import Api
from sidecar.config.sections.audit import Audit
from sidecar.config.sections.database import Database
from sidecar.config.sections.events import Events
from sidecar.config.sections.limits import Limits
from sidecar.config.sections.logging import Logging
from sidecar.config.sections.pull_secrets import PullSecrets
from sidecar.config.sections.reconcile import Reconcile
from sidecar.config.sections.registry import Registry
from sidecar.config.sections.secrets import Secrets
from sidecar.config.sections.sign_in import SignIn
from sidecar.config.sections.throttle import Throttle
from sidecar.config.sections.tokens import Tokens
from sidecar.config.values import HttpUrl, ListenAddress, Network
from sidecar.config.yaml_file import parse_yaml, read_text


class Config(Section):
    """Everything that `sidecar serve` can be told."""

    public_url: HttpUrl
    """How clients reach the sidecar; `<public_url>/token` is the registry's realm. Never taken from a request."""
    listen: ListenAddress = "127.0.0.1:5051"
    """Where the sidecar listens."""
    internal_listen: ListenAddress | None = None
    """Where set, /events and /metrics are served there and no longer on `listen`."""
    trusted_proxies: tuple[Network, ...] = ()
    """Networks whose X-Forwarded-For and X-Request-ID are believed, such as 10.0.0.0/8. Anyone else's are ignored."""
    registry: Registry
    """The registry that this sidecar stands beside."""
    tokens: Tokens = Tokens()
    """The tokens that the registry believes."""
    database: Database = Database()
    """Where everything is kept."""
    administrator: Administrator = Administrator()
    """The first administrator, who may do everything in every project."""
    api: Api = Api()
    """The management API."""
    limits: Limits = Limits()
    """What one client may ask of the process."""
    events: Events = Events()
    """The notifications that the registry sends."""
    reconcile: Reconcile = Reconcile()
    """The sweeps that compare the index with the registry."""
    pull_secrets: PullSecrets = PullSecrets()
    """Logins at other registries that are kept for deployments."""
    sign_in: SignIn = SignIn()
    """Who may sign in besides the holders of what the sidecar gives out; docs/sign-in.md."""
    throttle: Throttle = Throttle()
    """How many sign-ins may fail."""
    audit: Audit = Audit()
    """The audit log."""
    secrets: Secrets = Secrets()
    """How secret files are read."""
    logging: Logging = Logging()
    """What is written to standard error."""

    @model_validator(mode="before")
    @classmethod
    def _absent_sections_are_empty(cls, document: Any) -> Any:
        """So that the paths in their defaults, too, count from the folder of the file."""
        if not isinstance(document, dict):
            return document
        return {name: {} for name, field in cls.model_fields.items() if section_of(field.annotation)} | document

    @property
    def realm(self) -> str:
        """The absolute URL of the token endpoint (TS-2)."""
        return f"{self.public_url}/token"

    @property
    def service_account_domain(self) -> str:
        """What stands behind `<project>.` in a service account's e-mail."""
        return self.api.service_account_domain or f"serviceaccount.{urlsplit(self.public_url).hostname}"

    @classmethod
    def load(cls, path: Path) -> Self:
        """The configuration in this file; raises ConfigError with every fault that it has."""
        return cls.parse(path, read_text(path, ": `sidecar init` writes one"))

    @classmethod
    def parse(cls, path: Path, text: str) -> Self:
        """The configuration in this text, whose relative paths count from the folder of `path`."""
        return cls.of(path, parse_yaml(path, text))

    @classmethod
    def of(cls, path: Path, document: dict[str, Any]) -> Self:
        """The configuration in this document, as `parse_yaml` makes it."""
        try:
            return cls.model_validate(document, context={"folder": path.absolute().parent})
        except ValidationError as error:
            raise ConfigError(path, [fault(cls, item) for item in error.errors()]) from None
