"""The ways to sign in by what others vouch for, out of the section `sign_in` of the configuration."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from sidecar.adapters.sign_in import HtpasswdSettings, IntrospectionSettings, OidcSettings, SignIn, open_sign_in
from sidecar.adapters.sign_in.introspection import Server
from sidecar.adapters.sign_in.observed import Told
from sidecar.adapters.sign_in.people import People
from sidecar.config import Config, OidcProvider, read_secret
from sidecar.domain.names import Email
from sidecar.domain.outsiders import Reserved
from sidecar.ports import Clock, Randomness
from sidecar.usecases.remember_groups import RememberGroups


def sign_in(
    config: Config, groups: RememberGroups | None, told: Told, clock: Clock, randomness: Randomness
) -> AbstractAsyncContextManager[SignIn]:
    """The ways to sign in by what others vouch for. Without `groups` nobody's are known or remembered."""
    domain = config.service_account_domain
    people = People(
        Reserved(Email(config.administrator.email), (domain, *config.sign_in.reserved_domains)),
        domain,
        groups.groups_of if groups else lambda _: frozenset(),
        groups.told if groups else lambda _, __: None,
    )
    providers = [_provider(provider) for provider in config.sign_in.oidc]
    return open_sign_in(providers, _htpasswd(config), _introspection(config), people, told, clock, randomness)


def _provider(provider: OidcProvider) -> OidcSettings:
    return OidcSettings(
        issuer=provider.issuer,
        audiences=provider.audiences,
        algorithms=provider.algorithms,
        email_domains=provider.email_domains,
        email_claim=provider.email_claim,
        emails_are_verified=provider.emails_are_verified,
        groups_claim=provider.groups_claim,
        groups_prefix=provider.groups_prefix,
        jwks_url=provider.jwks_url,
        ca_certificate=provider.ca_certificate,
        leeway=timedelta(seconds=provider.leeway_seconds),
    )


def _htpasswd(config: Config) -> HtpasswdSettings | None:
    settings = config.sign_in.htpasswd
    if settings is None:
        return None
    return HtpasswdSettings(settings.file, settings.default_domain, _emails(settings.principals))


def _introspection(config: Config) -> IntrospectionSettings | None:
    """Tokens of the OIDC providers, and those that the sidecar signs for the registry, are not its to judge."""
    settings = config.sign_in.introspection
    if settings is None:
        return None
    server = Server(
        url=settings.url,
        client_id=settings.client_id,
        client_secret=read_secret(settings.client_secret_file, config.secrets.allow_readable),
        audiences=settings.audiences,
        client_ids=settings.client_ids,
        scopes=settings.scopes,
        email_domains=settings.email_domains,
        email_claim=settings.email_claim,
        emails_are_verified=settings.emails_are_verified,
        principals=_emails(settings.principals),
        issuers=frozenset((config.tokens.issuer, *(provider.issuer for provider in config.sign_in.oidc))),
    )
    return IntrospectionSettings(server, settings.ca_certificate)


def _emails(principals: Mapping[str, str]) -> dict[str, Email]:
    return {name: Email(email) for name, email in principals.items()}
