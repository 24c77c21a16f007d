"""`tokens`: the tokens that the registry believes."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from sidecar.config.section import Section
from sidecar.config.values import FilePath


class Tokens(Section):
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
