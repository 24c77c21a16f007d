"""ports.Authenticator for opaque OAuth tokens, by asking the authorization server that gave them out (RFC 7662).

It is asked for nothing that looks like a secret of ours, or like a token of a configured OIDC provider, and never for
more than a few tokens at once. Its answers are remembered for a minute, and none beyond the token's own end.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import structlog

from sidecar.adapters.sign_in.oidc import issuer_of
from sidecar.adapters.sign_in.outbound import Outbound
from sidecar.adapters.sign_in.people import People, Refused
from sidecar.adapters.sign_in.remembered import Remembered
from sidecar.adapters.sign_in.times import moment
from sidecar.adapters.sign_in.turns import Asker, Turns
from sidecar.domain.errors import Invalid, InvalidCredentials, SignInFault
from sidecar.domain.identity import CredentialKind, Credentials, Principal, Scheme
from sidecar.domain.names import Email
from sidecar.domain.outsiders import TOKEN_USERS, in_domains
from sidecar.domain.secrets import SecretKind
from sidecar.ports import Clock, Randomness

_OPAQUE: Final = re.compile(r"[\x21-\x7e]{16,4096}")
_OURS: Final = tuple(f"{kind}_" for kind in SecretKind)
_GOOD_KEPT: Final = timedelta(seconds=60)
_BAD_KEPT: Final = timedelta(seconds=10)
_AT_ONCE: Final = 8
_MOST_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class Server:
    """The authorization server, and what is believed of its tokens. `issuers` are those of JWTs that aren't its own."""

    url: str
    client_id: str
    client_secret: str
    audiences: Sequence[str]
    client_ids: Sequence[str]
    scopes: Sequence[str]
    email_domains: Sequence[str]
    email_claim: str
    emails_are_verified: bool
    principals: Mapping[str, Email]
    issuers: frozenset[str]

    def __repr__(self) -> str:
        return f"Server({self.url!r})"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the server said of one token: whose it is, or why it is nobody's."""

    refusal: Refused | None = None
    email: object = None
    principal: Email | None = None
    expires_at: datetime | None = None


class IntrospectionAuthenticator:
    """The last one to be asked: what it is asked for leaves the process."""

    def __init__(
        self, server: Server, outbound: Outbound, people: People, clock: Clock, randomness: Randomness
    ) -> None:
        self._server = server
        self._outbound = outbound
        self._people = people
        self._clock = clock
        self._verdicts = Remembered[_Verdict](clock, randomness)
        self._turns = Turns[_Verdict](_AT_ONCE, _MOST_WAITING, _MOST_WAITING)

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        if not self._could_be_its(credentials):
            return None
        try:
            return self._principal(await self._verdict(credentials), credentials)
        except Refused as refused:
            structlog.get_logger().info("token refused", introspection=self._server.url, why=str(refused))
            raise InvalidCredentials(refused.fault) from None

    async def ask(self, token: str) -> bool:
        """Whether the server calls this token active; for those who check the configuration. Raises OutboundError."""
        return (await self._answer(token)).get("active") is True

    def _could_be_its(self, credentials: Credentials) -> bool:
        """A mistyped password is not sent to another server: the name beside it must be one that the server knows."""
        if not _OPAQUE.fullmatch(credentials.secret) or credentials.secret.startswith(_OURS):
            return False
        if credentials.scheme is Scheme.REFRESH or issuer_of(credentials.secret) in self._server.issuers:
            return False
        return credentials.scheme is Scheme.BEARER or self._knows(credentials.user)

    def _knows(self, user: str) -> bool:
        if user in TOKEN_USERS:
            return True
        try:
            email = Email(user)
        except Invalid:
            return False
        return email in self._server.principals.values() or in_domains(email, self._server.email_domains)

    async def _verdict(self, shown: Credentials) -> _Verdict:
        key = self._verdicts.key_of(shown.secret)
        known = self._verdicts.get(key)
        return known or await self._turns.ask(key, Asker.of(shown), lambda: self._asked(key, shown.secret))

    async def _asked(self, key: bytes, token: str) -> _Verdict:
        verdict, now = self._judge(await self._answer(token)), self._clock.now()
        good = verdict.refusal is None
        until = now + (_GOOD_KEPT if good else _BAD_KEPT)
        self._verdicts.put(key, verdict, min(until, verdict.expires_at or until), good=good)
        return verdict

    async def _answer(self, token: str) -> dict[str, Any]:
        form = {"token": token, "token_type_hint": "access_token"}
        return await self._outbound.post(self._server.url, form, {"Authorization": _basic(self._server)})

    def _judge(self, told: Mapping[str, Any]) -> _Verdict:
        try:
            self._check(told)
            return self._owner(told)
        except Refused as refused:
            return _Verdict(refused)

    def _check(self, told: Mapping[str, Any]) -> None:
        """Whether the token counts, and is meant for us; raises Refused."""
        server, audiences = self._server, told.get("aud")
        named = audiences if isinstance(audiences, list) else [audiences]
        for holds, fault in (
            (told.get("active") is True, "it is not active"),
            (not _is_refresh_token(told), "it is a refresh token"),
            (not server.audiences or any(name in server.audiences for name in named), "it is for another audience"),
            (not server.client_ids or told.get("client_id") in server.client_ids, "it is another client's"),
            (set(server.scopes) <= set(str(told.get("scope", "")).split()), "its scope lacks what is needed"),
        ):
            if not holds:
                raise Refused(fault)

    def _owner(self, told: Mapping[str, Any]) -> _Verdict:
        expires_at, user = moment("exp", told.get("exp")), told.get("username")
        if expires_at is not None and self._clock.now() >= expires_at:
            raise Refused("it has expired", SignInFault.EXPIRED)
        if isinstance(user, str) and user in self._server.principals:
            return _Verdict(principal=self._server.principals[user], expires_at=expires_at)
        email, verified = _email_in(told, self._server.email_claim)
        if not self._server.emails_are_verified and verified is not True:
            raise Refused("its e-mail is not verified", SignInFault.NOT_WELCOME)
        return _Verdict(email=email, expires_at=expires_at)

    def _principal(self, verdict: _Verdict, shown: Credentials) -> Principal:
        kind = CredentialKind.INTROSPECTION
        if verdict.refusal is not None:
            raise Refused(str(verdict.refusal), verdict.refusal.fault)
        if verdict.principal is not None:
            return self._people.configured(verdict.principal, shown, kind, verdict.expires_at)
        return self._people.person(verdict.email, shown, self._server.email_domains, kind, verdict.expires_at)


def _is_refresh_token(told: Mapping[str, Any]) -> bool:
    """Some servers call these active, too, and say so in one of these ways only (Keycloak, dex, Cognito)."""
    return any(str(told.get(name, "")).lower().startswith("refresh") for name in ("token_type", "token_use", "typ"))


def _email_in(told: Mapping[str, Any], claim: str) -> tuple[object, object]:
    """What this claim holds, and the `email_verified` beside it. `ext.email` is the `email` of the mapping `ext`."""
    place, _, name = claim.rpartition(".")
    inner = told.get(place)
    if claim not in told and isinstance(inner, dict):
        return inner.get(name), inner.get("email_verified")
    return told.get(claim), told.get("email_verified")


def _basic(server: Server) -> str:
    """As RFC 6749, 2.3.1 wants it: both parts escaped as in a form."""
    pair = f"{quote(server.client_id, safe='')}:{quote(server.client_secret, safe='')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
