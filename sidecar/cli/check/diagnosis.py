"""What `sidecar check` looks at: files, keys, the database, and whether the registry believes this very sidecar.

Each check gives findings and repairs nothing. The last ones ask the registry: as a client does, and as the sidecar.
"""

import ipaddress
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from sidecar.adapters.database import DatabaseError, pending_migrations
from sidecar.adapters.registry.transport import Answer, RegistryTransport, registry_transport
from sidecar.adapters.signing import AuthorityError, load_authority
from sidecar.adapters.signing.forged import forged_tokens
from sidecar.bootstrap.keys import pull_secret_keys, token_signer
from sidecar.cli.check.finding import Finding
from sidecar.cli.check.sign_in import ways_to_sign_in
from sidecar.config import Config, SecretFileError, read_secret
from sidecar.domain.errors import RegistryUnavailable, SidecarError
from sidecar.domain.identity import SIDECAR
from sidecar.domain.secrets import SecretKind, recognise
from sidecar.ports import Clock, Randomness

_RENEW_BEFORE: Final = timedelta(days=90)
_MOST_SKEW: Final = timedelta(seconds=30)
_ANSWER_BYTES: Final = 64 * 1024
_CHALLENGE: Final = re.compile(r'([a-z]+)="([^"]*)"')


async def diagnose(config: Config, clock: Clock, randomness: Randomness) -> AsyncIterator[Finding]:
    """Everything that can be found out about this configuration from this machine, in the order of a start."""
    for finding in (
        _administrators_token(config),
        _event_secrets(config),
        _pull_secrets(config),
        _authority(config, clock),
        *_realm(config),
    ):
        yield finding
    yield await _database(config)
    async for finding in ways_to_sign_in(config, clock, randomness):
        yield finding
    async with registry_transport(config.registry.url) as transport:
        async for finding in _registry(config, transport, clock, randomness):
            yield finding


def _administrators_token(config: Config) -> Finding:
    path = config.administrator.token_file
    if not path.exists():
        return Finding("note", f"{path} is gone, so {config.administrator.email} has no token of its own")
    try:
        token = read_secret(path, config.secrets.allow_readable)
    except SecretFileError as error:
        return Finding("wrong", str(error))
    if recognise(token) is not SecretKind.PERSONAL_TOKEN:
        return Finding("wrong", f"{path}: holds no personal token; remove it and run `sidecar init` again")
    return Finding("good", f"{path} signs in {config.administrator.email}")


def _event_secrets(config: Config) -> Finding:
    path = config.events.secrets_file
    if not path.exists():
        return Finding(
            "note", f"{path} is not there, so no notification is taken and the index learns nothing of pushes"
        )
    try:
        read_secret(path, config.secrets.allow_readable)
    except SecretFileError as error:
        return Finding("wrong", str(error))
    return Finding("good", f"{path} lets the registry's notifications in")


def _pull_secrets(config: Config) -> Finding:
    path = config.pull_secrets.key_file
    try:
        keys = pull_secret_keys(config)
    except SecretFileError as error:
        return Finding("wrong", str(error))
    if not keys:
        return Finding("note", f"{path} is not there, so no login at another registry is kept; `sidecar init` makes it")
    return Finding("good", f"{path} keeps logins at other registries")


def _authority(config: Config, clock: Clock) -> Finding:
    certificate = config.tokens.ca_certificate
    try:
        key = read_secret(config.tokens.ca_key, config.secrets.allow_readable)
        authority = load_authority(certificate.read_bytes(), key.encode())
    except (SecretFileError, AuthorityError, OSError) as error:
        return Finding("wrong", str(error))
    ends = authority.certificate.not_valid_after_utc
    if not authority.certificate.not_valid_before_utc <= clock.now() < ends:
        return Finding("wrong", f"{certificate}: is not valid now (until {ends:%Y-%m-%d}): make a new CA")
    level: Literal["good", "note"] = "note" if ends - clock.now() < _RENEW_BEFORE else "good"
    return Finding(level, f"{certificate} and its key belong together, valid until {ends:%Y-%m-%d}")


def _realm(config: Config) -> Iterator[Finding]:
    """Some clients fear for the network that they are in, and go to no private address (docs/clients.md).

    They do where the registry itself is at the same host and port.
    """
    realm = urlsplit(config.realm)
    try:
        private = not ipaddress.ip_address(realm.hostname or "").is_global
    except ValueError:
        return
    if private and realm.netloc != config.registry.host:
        clients = "crane, kaniko, cosign, Flux and others made of go-containerregistry"
        yield Finding("note", f"{clients} ask for no token at {config.realm}: give public_url a host name")


async def _database(config: Config) -> Finding:
    path = config.database.path
    if not path.parent.is_dir():
        return Finding("wrong", f"{path.parent}: no such folder for the database")
    if not path.exists():
        return Finding("note", f"{path}: doesn't exist yet; `sidecar serve` makes it")
    try:
        pending = await pending_migrations(path)
    except DatabaseError as error:
        return Finding("wrong", str(error))
    if pending:
        return Finding("note", f"{path}: migrations pending, which `sidecar serve` applies: {', '.join(pending)}")
    return Finding("good", f"{path} is up to date")


async def _registry(
    config: Config, transport: RegistryTransport, clock: Clock, randomness: Randomness
) -> AsyncIterator[Finding]:
    try:
        answer = await _ask(transport, {})
    except RegistryUnavailable:
        yield Finding(
            "wrong", f"the registry at {config.registry.url} doesn't answer: is it running, is the URL right?"
        )
        return
    yield Finding("good", f"the registry at {config.registry.url} answers")
    if (skewed := _skew(answer, clock)) is not None:
        yield skewed
    faults = list(_faults_of_challenge(config, answer))
    for fault in faults:
        yield Finding("wrong", fault)
    if not faults:
        yield Finding("good", f"it sends clients to {config.realm}")
        yield await _believed(config, transport, clock, randomness)
        yield await _refuses_forgeries(config, transport, clock)


def _skew(answer: Answer, clock: Clock) -> Finding | None:
    """Certificates get no leeway at the registry, and tokens 60 s: clocks that disagree refuse everybody at once."""
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return None
    apart = abs(theirs.replace(tzinfo=theirs.tzinfo or UTC) - clock.now())
    if apart <= _MOST_SKEW:
        return None
    return Finding("wrong", f"the registry's clock is {apart.total_seconds():.0f} s off ours: set both by NTP")


def _faults_of_challenge(config: Config, answer: Answer) -> Iterator[str]:
    """What is wrong with the answer to a request without a token, which must lead clients to this sidecar."""
    advice = "give it the auth block of registry-2.yml or registry-3.yml and restart it"
    scheme, _, parameters = answer.headers.get("WWW-Authenticate", "").partition(" ")
    if answer.status == 200:
        yield f"the registry lets everybody in: {advice}"
    elif answer.status != 401:
        yield f"the registry answers {answer.status} to /v2/: is registry.url right?"
    elif scheme.lower() != "bearer":
        yield f"the registry wants no tokens but {scheme or 'nothing'}: {advice}, without REGISTRY_AUTH… variables"
    else:
        told = dict(_CHALLENGE.findall(parameters))
        for name, ours in {"realm": config.realm, "service": config.tokens.service}.items():
            if told.get(name) != ours:
                yield f"the registry's auth.token.{name} is {told.get(name)!r}, and must be {ours!r}"


async def _believed(config: Config, transport: RegistryTransport, clock: Clock, randomness: Randomness) -> Finding:
    """Shows the registry a token of ours: the one proof that certificate, issuer and clocks agree."""
    try:
        token = token_signer(config, clock, randomness).sign(SIDECAR, (), 60)
        answer = await _ask(transport, {"Authorization": f"Bearer {token.text}"})
    except (SecretFileError, AuthorityError, OSError, SidecarError) as error:
        return Finding("wrong", f"no token could be tried at the registry: {error}")
    if answer.status == 200:
        return Finding("good", "it believes our tokens")
    return Finding(
        "wrong",
        f"the registry refuses our tokens ({answer.status}): its auth.token.rootcertbundle must be "
        f"{config.tokens.ca_certificate}, its issuer {config.tokens.issuer!r}; it reads both when it starts only, "
        f"and its log says which one it was",
    )


async def _refuses_forgeries(config: Config, transport: RegistryTransport, clock: Clock) -> Finding:
    """Shows the registry tokens that anybody could make (S26)."""
    tokens = config.tokens
    try:
        key = read_secret(tokens.ca_key, config.secrets.allow_readable)
        trusted = load_authority(tokens.ca_certificate.read_bytes(), key.encode()).key.public_key()
        forged = list(forged_tokens(trusted, tokens.issuer, tokens.service, clock.now()))
        answers = [await _ask(transport, {"Authorization": f"Bearer {token}"}) for token in forged]
    except (SecretFileError, AuthorityError, OSError, SidecarError) as error:
        return Finding("wrong", f"no forged token could be tried at the registry: {error}")
    if any(answer.status == 200 for answer in answers):
        return Finding(
            "wrong",
            "the registry believes a token that anybody can forge (CVE-2025-24976, in 3.0.0-beta.1 to rc.2): "
            "upgrade it at once",
        )
    return Finding("good", "it refuses forged tokens")


async def _ask(transport: RegistryTransport, headers: Mapping[str, str]) -> Answer:
    return await transport.send("GET", transport.url("v2/"), headers=headers, limit=_ANSWER_BYTES)
