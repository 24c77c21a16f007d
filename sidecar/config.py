"""The configuration: YAML → frozen models. Unknown keys are refused, and every fault is told at once, with its path.

Secrets are never in it: it names files that hold them. Relative paths count from the folder of the configuration file.
"""

import ipaddress
import re
import stat
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from sidecar.domain.errors import Invalid
from sidecar.domain.names import Email


class ConfigError(Exception):
    """Every fault of a configuration file, one line each: the path of the setting, what is wrong, and what to do."""

    def __init__(self, path: Path, faults: list[str]) -> None:
        super().__init__(f"{path}:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.path = path
        self.faults = faults


_URL_TEXT: Final = re.compile(r"https?://[a-zA-Z0-9._~:@/\[\]-]+")
"""No quote, space, backslash or control character: the realm stands between quotes in a header."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if not _URL_TEXT.fullmatch(value) or not parts.hostname:
        raise ValueError("must be an absolute http:// or https:// URL of plain characters, without a query")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry credentials")
    if parts.path != parts.path.lower():
        raise ValueError("must have a lower-case path")
    if parts.port == 0:
        raise ValueError("must not name port 0")
    return value.rstrip("/")


def _listen_address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:5051")
    return value


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _from_folder_of_the_file(value: Path, info: ValidationInfo) -> Path:
    return (Path((info.context or {}).get("folder", ".")) / value).absolute()


def _outside_url(value: str) -> str:
    """Exactly as it is written: issuers are compared letter by letter, and some end in a slash."""
    parts = urlsplit(value)
    if not _URL_TEXT.fullmatch(value) or not parts.hostname or parts.port == 0:
        raise ValueError("must be an absolute https:// URL of plain characters, without a query")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry credentials")
    if parts.scheme != "https" and not _is_this_machine(parts.hostname):
        raise ValueError("must be https:// unless it is on this machine")
    return value


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _email_text(value: str) -> str:
    try:
        return Email(value)
    except Invalid:
        raise ValueError("must be an e-mail address") from None


OutsideUrl = Annotated[str, AfterValidator(_outside_url)]
EmailText = Annotated[str, AfterValidator(_email_text)]
DomainName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
EmailDomain = Annotated[str, Field(pattern=r"^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$")]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
Network = Annotated[str, AfterValidator(_network)]
FilePath = Annotated[Path, AfterValidator(_from_folder_of_the_file)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, validate_default=True)


class Registry(_Section):
    url: HttpUrl
    """Where the sidecar reaches the registry, such as http://registry:5000."""
    host: str = Field(pattern=r"^[a-zA-Z0-9.-]+(:[0-9]+)?$|^\[[0-9a-fA-F:]+\](:[0-9]+)?$")
    """What people type after `docker login`: a host name, with its port if it isn't 443."""


class Tokens(_Section):
    issuer: str = Field(default="registry-sidecar", min_length=1, max_length=255)
    """The `iss` of registry tokens; the registry's `auth.token.issuer` must be the same text."""
    service: str = Field(default="registry", min_length=1, max_length=255)
    """The `aud` of registry tokens; the registry's `auth.token.service` must be the same text."""
    ca_certificate: FilePath = Path("keys/ca.crt")
    """The CA that signs the leaf certificates: the registry's `auth.token.rootcertbundle`."""
    ca_key: FilePath = Path("keys/ca.key")
    """The CA's private key, PEM, readable by the sidecar alone."""
    leaf_lifetime_hours: int = Field(default=168, ge=4, le=2160)
    """How long a signing key lives: at least thrice as long as any token. A new one takes over after two thirds."""
    lifetime_seconds: int = Field(default=900, ge=60, le=86400)
    """How long a token lives, which is how long a removed right can still be used at the registry."""
    push_lifetime_seconds: int = Field(default=900, ge=60, le=86400)
    """The same for tokens that allow a push: it must outlast the longest upload, because docker does not ask again."""
    reuse_seconds: int = Field(default=30, ge=0, le=60)
    """For how long the same question by the same credential is answered with the same token; 0 signs each one."""

    @model_validator(mode="after")
    def _keys_outlive_tokens(self) -> Self:
        """A token of a key's last minute before it is renewed must still end before that key does."""
        longest = max(self.lifetime_seconds, self.push_lifetime_seconds)
        if self.leaf_lifetime_hours * 3600 < 3 * longest:
            raise ValueError("leaf_lifetime_hours must be at least three times as long as the longest token lives")
        return self


class Database(_Section):
    path: FilePath = Path("sidecar.db")
    """The SQLite file, on a local disk; beside it stand its lock, its log and copies made before migrations."""


class Administrator(_Section):
    email: str = "admin@localhost"
    """Who the administrator's token file signs in."""
    token_file: FilePath = Path("admin.token")
    """A personal token made by `sidecar init`; known to the database by its hash as long as this file holds it."""


class Api(_Section):
    service_account_domain: str | None = Field(default=None, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")
    """Service accounts are `<sid>@<project>.<this>`; without it, `serviceaccount.` and the host name of public_url."""
    project_creators: Literal["administrators", "everyone"] = "administrators"
    """Who may create projects; `everyone` is each authenticated person, never a service account or a scoped token."""


class Limits(_Section):
    body_bytes: int = Field(default=1_048_576, ge=1024, le=67_108_864)
    """The largest request body that the management API takes; above it the answer is 413."""
    request_seconds: float = Field(default=10.0, gt=0, le=300)
    """How long a client may take to send a whole request, head and body; then the connection is closed."""
    shutdown_seconds: float = Field(default=8.0, ge=0, le=300)
    """How long requests under way may still take after SIGTERM. The end takes a second more; `docker stop` waits 10."""


class Events(_Section):
    secrets_file: FilePath = Path("secrets/events")
    """Secrets that the registry may send its notifications with, one a line; all are valid, so that they can rotate."""
    body_bytes: int = Field(default=1_048_576, ge=65_536, le=67_108_864)
    """The largest notification that is read; of a larger one the head is quarantined."""
    quarantine_bytes: int = Field(default=67_108_864, ge=1_048_576)
    """How much of what can't be read is kept for `sidecar inbox`; what comes beyond is told of, counted and dropped."""
    settle_seconds: float = Field(default=5.0, ge=0.1, le=300)
    """How long the registry gets to finish what an event announced before it is asked whether it is true."""
    uncounted_principals: tuple[str, ...] = ()
    """Principals whose pulls don't count, such as scanners: their e-mails."""


class Reconcile(_Section):
    interval_seconds: int = Field(default=3600, ge=0, le=2_592_000)
    """The pause between two sweeps that compare the whole index with the registry; with 0 none begins by itself."""
    least_seconds: int = Field(default=60, ge=1, le=86_400)
    """The least time between the starts of two sweeps that begin by themselves, such as after a registry's restart."""
    requests_per_second: float = Field(default=200.0, gt=0, le=100_000)
    """How fast a sweep may ask the registry."""
    concurrency: int = Field(default=8, ge=1, le=16)
    """How many requests of a sweep may be under way at once."""


class PullSecrets(_Section):
    key_file: FilePath = Path("secrets/pull-secrets")
    """Keys that encrypt other registries' passwords, one a line. The first encrypts, all decrypt."""


_ANOTHER_CLAIM: Final = "email_verified speaks of `email` alone: another email_claim needs emails_are_verified: true"


class OidcProvider(_Section):
    issuer: OutsideUrl
    """The provider's issuer, letter by letter as its discovery document and its tokens have it."""
    audiences: tuple[str, ...] = Field(min_length=1)
    """Client ids at the provider whose tokens are taken. A token must be for one of them."""
    email_domains: tuple[EmailDomain, ...] = Field(min_length=1)
    """Domains whose people the provider may prove, each whole; `"*"` is every domain that it vouches for."""
    algorithms: tuple[Algorithm, ...] = Field(default=("RS256",), min_length=1)
    """Those that its tokens may be signed with, all asymmetric."""
    email_claim: str = Field(default="email", min_length=1)
    """The claim that holds the e-mail."""
    emails_are_verified: bool = False
    """Take e-mails whose `email_verified` isn't true, because the provider knows all of them to be right."""
    groups_claim: str | None = Field(default=None, min_length=1)
    """The claim that lists groups; each is the principal `group:<groups_prefix><name>`. Without it none are known."""
    groups_prefix: str = Field(default="", max_length=64)
    """What stands before the names of groups, such as `corp:`; with several providers each needs one of its own."""
    jwks_url: OutsideUrl | None = None
    """Where the keys are. Needed where they are not on the issuer's own host; without it discovery tells."""
    ca_certificate: FilePath | None = None
    """A PEM file of the authorities that the provider's certificate is from, in place of the system's."""
    leeway_seconds: int = Field(default=30, ge=0, le=300)
    """How far the provider's clock may be off ours."""

    @model_validator(mode="after")
    def _other_claims_need_a_voucher(self) -> Self:
        if self.email_claim != "email" and not self.emails_are_verified:
            raise ValueError(_ANOTHER_CLAIM)
        return self


class Htpasswd(_Section):
    file: FilePath
    """The file; only bcrypt counts. It is read again whenever it changes."""
    default_domain: DomainName | None = None
    """`alice` is alice@<this>. Without it only names in `principals`, and those that are e-mails, sign in."""
    principals: dict[str, EmailText] = {}
    """Who a user name is, such as `jenkins: ci@acme.serviceaccount.auth.example.com`; before `default_domain`."""


class Introspection(_Section):
    url: OutsideUrl
    """The introspection endpoint (RFC 7662) of the authorization server."""
    client_id: str = Field(min_length=1)
    """As whom the sidecar asks there."""
    client_secret_file: FilePath
    """A file that holds the secret of that client."""
    audiences: tuple[str, ...] = ()
    """A token's `aud` must be one of these. This or `client_ids` is needed: other services' tokens are active, too."""
    client_ids: tuple[str, ...] = ()
    """A token's `client_id` must be one of these."""
    scopes: tuple[str, ...] = ()
    """A token must have all of these."""
    email_domains: tuple[EmailDomain, ...] = ()
    """Domains whose people the server may prove, each whole; `"*"` is every domain that it vouches for."""
    email_claim: str = Field(default="email", min_length=1)
    """What of the answer holds the e-mail; `ext.email` is the `email` of the mapping `ext`."""
    emails_are_verified: bool = False
    """Take e-mails whose `email_verified` isn't true, because the server knows all of them to be right."""
    principals: dict[str, EmailText] = {}
    """Who a `username` of the answer is; before `email_claim`."""
    ca_certificate: FilePath | None = None
    """A PEM file of the authorities that the server's certificate is from, in place of the system's."""

    @model_validator(mode="after")
    def _tokens_are_meant_for_us(self) -> Self:
        if not self.audiences and not self.client_ids:
            raise ValueError("audiences or client_ids must say whose tokens are meant for this registry")
        if not self.email_domains and not self.principals:
            raise ValueError("email_domains or principals must say who can be proven")
        if self.email_claim.rpartition(".")[2] != "email" and not self.emails_are_verified:
            raise ValueError(_ANOTHER_CLAIM)
        return self


class SignIn(_Section):
    oidc: tuple[OidcProvider, ...] = ()
    """OIDC providers whose tokens sign people in; a list of mappings."""
    htpasswd: Htpasswd | None = None
    """Passwords of a file, as the registry's own `htpasswd` takes them; a mapping."""
    introspection: Introspection | None = None
    """An authorization server that knows opaque tokens; a mapping."""
    reserved_domains: tuple[DomainName, ...] = ()
    """E-mails in and below these are nobody's to prove, as those of service accounts and the administrator's are."""

    @model_validator(mode="after")
    def _no_provider_speaks_for_another(self) -> Self:
        issuers = [provider.issuer for provider in self.oidc]
        if len(set(issuers)) < len(issuers):
            raise ValueError("oidc: an issuer stands there twice")
        prefixes = [provider.groups_prefix for provider in self.oidc if provider.groups_claim is not None]
        pairs = ((one, other) for at, one in enumerate(prefixes) for place, other in enumerate(prefixes) if at != place)
        if any(one.startswith(other) for one, other in pairs):
            raise ValueError("oidc: groups_prefix must tell the providers' groups apart, and none begin with another")
        return self


class Throttle(_Section):
    failures_of_one: int = Field(default=10, ge=0, le=1_000_000)
    """How many sign-ins in one name from one address may fail within the window; after that, those that fail are told
    to wait, and those with the right secret still pass. 0 is no limit."""
    failures_of_address: int = Field(default=100, ge=0, le=1_000_000)
    """The same for all names from one address, or from one /64 of IPv6."""
    window_seconds: int = Field(default=60, ge=1, le=3600)
    """How long failures count, from the first on."""


class Audit(_Section):
    keep_days: int = Field(default=365, ge=1, le=3650)
    """How long the audit log keeps its entries."""


class Secrets(_Section):
    allow_readable: bool = False
    """Take secret files that others than their owner can read, as Kubernetes mounts them."""


class Logging(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is written. Lines are JSON objects on standard error."""


class Config(_Section):
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
    reconcile: Reconcile = Reconcile()
    pull_secrets: PullSecrets = PullSecrets()
    """Logins at other registries that are kept for deployments."""
    sign_in: SignIn = SignIn()
    """Who may sign in besides the holders of what the sidecar gives out; docs/sign-in.md."""
    throttle: Throttle = Throttle()
    audit: Audit = Audit()
    secrets: Secrets = Secrets()
    """How secret files are read."""
    logging: Logging = Logging()
    """What is written to standard error."""

    @model_validator(mode="before")
    @classmethod
    def _absent_sections_are_empty(cls, document: Any) -> Any:
        """So that the paths in their defaults, too, count from the folder of the file."""
        return {name: {} for name in _sections(cls)} | document if isinstance(document, dict) else document

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
        return cls.parse(path, _read(path, ": `sidecar init` writes one"))

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
            raise ConfigError(path, [_fault(cls, item) for item in error.errors()]) from None


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its path, such as `tokens.issuer`, its meaning, and its default as YAML, None where it has none."""

    path: str
    meaning: str
    default: str | None


def settings(model: type[BaseModel] = Config, prefix: str = "") -> Iterator[Setting]:
    """Every setting that there is, in the order of the models; those of mappings that may be absent come last."""
    inner = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings(field.annotation, f"{prefix}{name}.")
            continue
        yield Setting(prefix + name, field.description or "", None if field.is_required() else _as_yaml(field.default))
        mapping = _mapping_in(field.annotation)
        if mapping is not None:
            inner.append(settings(mapping, f"{prefix}{name}{'[]' if field.default == () else ''}."))
    for each in inner:
        yield from each


def _mapping_in(annotation: Any) -> type[BaseModel] | None:
    """The model of the mappings in a list, or of one that may be absent."""
    for part in get_args(annotation):
        if isinstance(part, type) and issubclass(part, BaseModel):
            return part
    return None


def _as_yaml(value: object) -> str:
    plain = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return yaml.safe_dump(plain, default_flow_style=True).removesuffix("\n").removesuffix("\n...")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in this YAML file; raises ConfigError if there is none."""
    return parse_yaml(path, _read(path))


def parse_yaml(path: Path, text: str) -> dict[str, Any]:
    """The mapping in this text: plain values under plain keys, nothing that JSON couldn't say. `path` is for errors."""
    try:
        document = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader that refuses still more
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # PyYAML lets the last two out: 0b_, [[[[…
        raise ConfigError(path, [f"not YAML: {' '.join(str(error).split())}"]) from None
    if not isinstance(document, dict):
        raise ConfigError(path, ["must be a mapping, such as public_url: https://…"])
    return document


def _read(path: Path, advice: str = "") -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(path, [f"no such file{advice}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"can't be read: {error}"]) from None


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases (S39: they blow up), tags, dates, and duplicate keys (one would be lost in silence)."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.NodeEvent = self.peek_event()  # type: ignore[no-untyped-call]  # types-PyYAML leaves it untyped
        if isinstance(event, yaml.AliasEvent):
            raise _yaml_fault("aliases are refused; write the value out", event)
        if getattr(event, "tag", None) is not None:
            raise _yaml_fault("tags are refused; write the plain value", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _yaml_fault("a key must be plain text", key)
            if key.value in seen:
                raise _yaml_fault(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":merge", ":value"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _yaml_fault(problem: str, place: yaml.NodeEvent | yaml.Node) -> yaml.YAMLError:
    mark = place.start_mark
    return yaml.YAMLError(f"{problem}, line {mark.line + 1}" if mark else problem)


_ADVICE: Final = {
    "extra_forbidden": "unknown setting; see docs/configuration.md, or remove it",
    "missing": "is missing",
    "model_type": "must be a mapping of settings",
}


def _sections(model: type[BaseModel]) -> list[str]:
    return [
        name
        for name, field in model.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    ]


def _fault(model: type[BaseModel], error: Any) -> str:
    """One line: path, what is wrong, and what the setting is for."""
    path = ".".join(str(part) for part in error["loc"]) or "the document"
    problem = _ADVICE.get(error["type"], error["msg"].removeprefix("Value error, "))
    described = _description(model, error["loc"])
    return f"{path}: {problem}" + (f" ({described})" if described else "")


def _description(model: type[BaseModel], location: tuple[str | int, ...]) -> str | None:
    field = None
    for part in location:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(str(part)) if model else None
        if field is None:
            return None
        inner = _mapping_in(field.annotation)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
        elif inner is not None:
            model = inner
    return field.description.split(". ")[0].rstrip(".") if field and field.description else None


class SecretFileError(Exception):
    """A secret file that is missing, unreadable, or readable by others."""


def read_secret(path: Path, allow_readable: bool = False) -> str:
    """The secret in this file, without surrounding white space; one that others can read is refused (decision 9)."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"{path}: can't be read: {error}") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO) and not allow_readable:
        raise SecretFileError(
            f"{path}: others can read or change it; `chmod 600 {path}`, or set secrets.allow_readable"
        )
    if not text:
        raise SecretFileError(f"{path}: is empty")
    return text
