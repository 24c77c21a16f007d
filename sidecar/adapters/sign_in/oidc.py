"""ports.Authenticator for tokens that OIDC providers sign: ID tokens, and access tokens that are JWTs.

A token's unproven `iss` says whose it is; what is believed is what that one provider's keys prove, by the algorithms
that its configuration names. The times are compared with our clock, so the library is told not to.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
import structlog
from jwt.types import Options
from jwt.utils import base64url_decode

from sidecar.adapters.sign_in.people import People, Refused
from sidecar.adapters.sign_in.provider import Provider
from sidecar.adapters.sign_in.times import moment
from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, Scheme
from sidecar.domain.outsiders import ToldGroups, groups_from
from sidecar.ports import Clock

MOST_CHARACTERS: Final = 16 * 1024
_NO_TIMES: Final[Options] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": True,
    "verify_iss": True,
    "require": ["exp", "iss", "aud"],
}


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed of one provider's tokens."""

    provider: Provider
    audiences: Sequence[str]
    algorithms: Collection[str]
    email_domains: Sequence[str]
    email_claim: str
    emails_are_verified: bool
    groups_claim: str | None
    groups_prefix: str
    leeway: timedelta


class OidcAuthenticator:
    """A token of an issuer that isn't configured is somebody else's to judge."""

    def __init__(self, trusts: Collection[Trust], people: People, clock: Clock) -> None:
        self._trusts = {trust.provider.issuer: trust for trust in trusts}
        self._people = people
        self._clock = clock

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """With a user name that is neither an e-mail of the token's owner nor says "a token" it is bad (TS-35)."""
        trust = self._trusts.get(issuer_of(credentials.secret) or "")
        if trust is None:
            return None
        try:
            principal = await self._proven(trust, credentials)
        except Refused as refused:
            structlog.get_logger().info("token refused", issuer=trust.provider.issuer, why=str(refused))
            raise InvalidCredentials(refused.fault) from None
        return principal

    async def _proven(self, trust: Trust, credentials: Credentials) -> Principal:
        if credentials.scheme is Scheme.REFRESH:
            raise Refused("it is no refresh token", SignInFault.MISPLACED)
        claims = await _claims(trust, credentials.secret)
        now = self._clock.now()
        expires_at = _times(claims, now, trust.leeway)
        if not trust.emails_are_verified and claims.get("email_verified") is not True:
            raise Refused("its e-mail is not verified", SignInFault.NOT_WELCOME)
        email, groups = claims.get(trust.email_claim), _groups(trust, claims, now)
        return self._people.person(email, credentials, trust.email_domains, CredentialKind.OIDC, expires_at, groups)


def _groups(trust: Trust, claims: Mapping[str, Any], now: datetime) -> ToldGroups | None:
    """What the provider told when it made the token. One that doesn't say when that was tells of no groups."""
    made_at = moment("iat", claims.get("iat"))
    if trust.groups_claim is None or made_at is None:
        return None
    return ToldGroups(groups_from(claims.get(trust.groups_claim), trust.groups_prefix), min(made_at, now))


def issuer_of(text: str) -> str | None:
    """Whose token this text says it is, unproven, whatever else is wrong with it; None where it says nothing."""
    if len(text) > MOST_CHARACTERS or text.count(".") != 2:
        return None
    try:
        claims = json.loads(base64url_decode(text.split(".")[1]))
    except (ValueError, RecursionError):
        return None
    issuer = claims.get("iss") if isinstance(claims, dict) else None
    return issuer if isinstance(issuer, str) else None


async def _claims(trust: Trust, token: str) -> Mapping[str, Any]:
    """What the token says, its signature, issuer and audience proven."""
    header = _header(token)
    algorithm, kid = str(header.get("alg")), header.get("kid")
    if algorithm not in trust.algorithms:
        raise Refused("its algorithm is not configured")
    if "crit" in header or "b64" in header:
        raise Refused("it has critical extensions")
    for key in await trust.provider.keys_for(kid, algorithm):
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=list(trust.audiences),
                issuer=trust.provider.issuer,
                options=_NO_TIMES,
            )
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Refused(_WHY.get(type(error), "its claims are malformed")) from None
    raise Refused("no key of the provider has signed it")


def _header(token: str) -> Mapping[str, Any]:
    try:
        return jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError):
        raise Refused("its header is malformed") from None


_WHY: Final = {
    jwt.InvalidAudienceError: "it is for another audience",
    jwt.MissingRequiredClaimError: "it has no exp or no aud",
}


def _times(claims: Mapping[str, Any], now: datetime, leeway: timedelta) -> datetime:
    """When the token ends. Refused before its time, and after it."""
    expires_at = moment("exp", claims.get("exp"))
    if expires_at is None or now >= expires_at + leeway:
        raise Refused("it has expired", SignInFault.EXPIRED)
    for name in ("nbf", "iat"):
        begins = moment(name, claims.get(name))
        if begins is not None and begins > now + leeway:
            raise Refused("its time has not come")
    return expires_at
