"""`sign_in`: who may sign in besides the holders of what the sidecar gives out; docs/sign-in.md."""

from typing import Final, Self

from pydantic import Field, model_validator

from sidecar.config.section import Section
from sidecar.config.values import Algorithm, DomainName, EmailDomain, EmailText, FilePath, OutsideUrl

_ANOTHER_CLAIM: Final = "email_verified speaks of `email` alone: another email_claim needs emails_are_verified: true"


class OidcProvider(Section):
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


class Htpasswd(Section):
    file: FilePath
    """The file; only bcrypt counts. It is read again whenever it changes."""
    default_domain: DomainName | None = None
    """`alice` is alice@<this>. Without it only names in `principals`, and those that are e-mails, sign in."""
    principals: dict[str, EmailText] = Field(default={})
    """Who a user name is, such as `jenkins: ci@acme.serviceaccount.auth.example.com`; before `default_domain`."""


class Introspection(Section):
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
    principals: dict[str, EmailText] = Field(default={})
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


class SignIn(Section):
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
