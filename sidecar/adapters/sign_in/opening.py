"""Opens what the settings name: connections to providers, threads for passwords, and the authenticators over them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sidecar.adapters.sign_in.htpasswd import HtpasswdAuthenticator
from sidecar.adapters.sign_in.htpasswd_file import HtpasswdFile
from sidecar.adapters.sign_in.introspection import IntrospectionAuthenticator, Server
from sidecar.adapters.sign_in.observed import Observed, Told
from sidecar.adapters.sign_in.oidc import OidcAuthenticator, Trust
from sidecar.adapters.sign_in.outbound import outbound
from sidecar.adapters.sign_in.passwords import Passwords, pool
from sidecar.adapters.sign_in.people import People
from sidecar.adapters.sign_in.provider import Provider
from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import Email
from sidecar.ports import Authenticator, Clock, Randomness


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One provider; config.OidcProvider says what each means."""

    issuer: str
    audiences: Sequence[str]
    algorithms: Sequence[str]
    email_domains: Sequence[str]
    email_claim: str
    emails_are_verified: bool
    groups_claim: str | None
    groups_prefix: str
    jwks_url: str | None
    ca_certificate: Path | None
    leeway: timedelta


@dataclass(frozen=True, slots=True)
class IntrospectionSettings:
    """An authorization server, and whose certificate it has, if not one of the system's authorities."""

    server: Server
    ca_certificate: Path | None


@dataclass(frozen=True, slots=True)
class HtpasswdSettings:
    """A file of passwords, and who its users are."""

    file: Path
    default_domain: str | None
    principals: Mapping[str, Email]


@dataclass(frozen=True, slots=True)
class SignIn:
    """The authenticators in their order, and what they are made of."""

    providers: tuple[Provider, ...]
    htpasswd: HtpasswdAuthenticator | None
    introspection: IntrospectionAuthenticator | None
    authenticators: tuple[Authenticator, ...] = field(default=())

    def troubles(self) -> dict[str, Callable[[], str | None]]:
        """By name, what is wrong with each, in a few words that anybody may read."""
        found: dict[str, Callable[[], str | None]] = {
            f"keys of {provider.issuer}": _unfetched(provider) for provider in self.providers
        }
        if self.htpasswd is not None:
            found["htpasswd"] = self.htpasswd.trouble
        return found

    async def refresh(self) -> None:
        """Fetches the keys that are due."""
        await asyncio.gather(*(provider.refresh() for provider in self.providers))


def _unfetched(provider: Provider) -> Callable[[], str | None]:
    return lambda: "not fetched" if provider.trouble() else None


@asynccontextmanager
async def open_sign_in(
    oidc: Sequence[OidcSettings],
    htpasswd: HtpasswdSettings | None,
    introspection: IntrospectionSettings | None,
    people: People,
    told: Told,
    clock: Clock,
    randomness: Randomness,
) -> AsyncIterator[SignIn]:
    """What these settings ask for. Nothing is asked of anybody yet: a provider that is down stops no start.

    Raises OSError where a certificate can't be read.
    """
    async with AsyncExitStack() as stack:
        trusts = [await _trust(stack, settings, clock) for settings in oidc]
        passwords = None if htpasswd is None else _htpasswd(stack, htpasswd, people, clock, randomness)
        asked = None
        if introspection is not None:
            connection = await stack.enter_async_context(
                outbound([introspection.server.url], introspection.ca_certificate)
            )
            asked = IntrospectionAuthenticator(introspection.server, connection, people, clock, randomness)
        chain: list[tuple[CredentialKind, Authenticator | None]] = [
            (CredentialKind.OIDC, OidcAuthenticator(trusts, people, clock) if trusts else None),
            (CredentialKind.HTPASSWD, passwords),
            (CredentialKind.INTROSPECTION, asked),
        ]
        observed = tuple(Observed(kind, each, told) for kind, each in chain if each is not None)
        yield SignIn(tuple(trust.provider for trust in trusts), passwords, asked, observed)


async def _trust(stack: AsyncExitStack, settings: OidcSettings, clock: Clock) -> Trust:
    urls = [settings.issuer] if settings.jwks_url is None else [settings.jwks_url]
    connection = await stack.enter_async_context(outbound(urls, settings.ca_certificate))
    return Trust(
        provider=Provider(connection, clock, settings.issuer, settings.algorithms, settings.jwks_url),
        audiences=settings.audiences,
        algorithms=settings.algorithms,
        email_domains=settings.email_domains,
        email_claim=settings.email_claim,
        emails_are_verified=settings.emails_are_verified,
        groups_claim=settings.groups_claim,
        groups_prefix=settings.groups_prefix,
        leeway=settings.leeway,
    )


def _htpasswd(
    stack: AsyncExitStack, settings: HtpasswdSettings, people: People, clock: Clock, randomness: Randomness
) -> HtpasswdAuthenticator:
    executor = pool()
    stack.callback(executor.shutdown, wait=False, cancel_futures=True)
    passwords = Passwords(clock, randomness, executor)
    return HtpasswdAuthenticator(
        HtpasswdFile(settings.file), passwords, people, settings.principals, settings.default_domain
    )
