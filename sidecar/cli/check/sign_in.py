"""What `sidecar check` finds out of those who vouch for people: each of them is asked, as the sidecar would ask."""

from collections.abc import AsyncIterator, Iterator

from sidecar.adapters.sign_in.htpasswd_file import Entries, HtpasswdError, HtpasswdFile
from sidecar.adapters.sign_in.introspection import IntrospectionAuthenticator
from sidecar.adapters.sign_in.outbound import OutboundError
from sidecar.adapters.sign_in.provider import Provider, ProviderError
from sidecar.bootstrap.sign_in import sign_in
from sidecar.cli.check.finding import Finding
from sidecar.config import Config, Htpasswd, SecretFileError
from sidecar.domain.errors import Invalid
from sidecar.domain.names import Email
from sidecar.ports import Clock, Randomness


async def ways_to_sign_in(config: Config, clock: Clock, randomness: Randomness) -> AsyncIterator[Finding]:
    """Nothing where none is configured."""
    try:
        async with sign_in(config, None, lambda _, __: None, clock, randomness) as ways:
            for provider in ways.providers:
                yield await _provider(provider)
            if config.sign_in.htpasswd is not None:
                for finding in _htpasswd(config.sign_in.htpasswd):
                    yield finding
            if ways.introspection is not None:
                yield await _introspection(ways.introspection, randomness)
    except (SecretFileError, OSError) as error:
        yield Finding("wrong", f"sign_in: {error}")


async def _provider(provider: Provider) -> Finding:
    try:
        count = await provider.fetch()
    except (OutboundError, ProviderError) as error:
        return Finding("wrong", f"no keys of {provider.issuer}: {error}")
    return Finding("good", f"{provider.issuer} publishes {count} usable {'key' if count == 1 else 'keys'}")


def _htpasswd(settings: Htpasswd) -> Iterator[Finding]:
    try:
        entries, _ = HtpasswdFile(settings.file).entries()
    except HtpasswdError as error:
        yield Finding("wrong", str(error))
        return
    yield Finding("good", f"{settings.file} holds {len(entries.hashes)} users with bcrypt passwords")
    for fault in entries.faults:
        yield Finding("note", f"{settings.file}: {fault}; it signs nobody in")
    nobody = _without_principal(settings, entries)
    if nobody:
        yield Finding(
            "note", f"{settings.file}: {', '.join(nobody)}: no e-mail; name them in principals, or set default_domain"
        )


def _without_principal(settings: Htpasswd, entries: Entries) -> list[str]:
    return [
        name
        for name in entries.hashes
        if name not in settings.principals and not _is_email(name) and settings.default_domain is None
    ]


def _is_email(name: str) -> bool:
    try:
        Email(name)
    except Invalid:
        return False
    return True


async def _introspection(server: IntrospectionAuthenticator, randomness: Randomness) -> Finding:
    """A token that nobody ever gave out tells whether our credentials count there, and whether its answers do."""
    try:
        active = await server.ask(randomness.bytes(24).hex())
    except OutboundError as error:
        return Finding("wrong", f"sign_in.introspection: {error}; are url, client_id and client_secret_file right?")
    if active:
        return Finding("wrong", "sign_in.introspection: it calls a token active that was never given out")
    return Finding("good", "the authorization server answers about tokens")
