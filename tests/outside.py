"""Servers that vouch for people, in this process: an OIDC provider that can be made to misbehave, and introspection."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.fakes import HeldClock

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

AUDIENCE = "registry-client"
RSA_KEYS = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
"""Made once: they take long."""


def jwk_of(key: Private, kid: str | None, **more: Any) -> dict[str, Any]:
    """The public part, as a provider publishes it."""
    public = key.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        jwk = RSAAlgorithm.to_jwk(public, as_dict=True)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        jwk = ECAlgorithm.to_jwk(public, as_dict=True)
    else:
        jwk = OKPAlgorithm.to_jwk(public, as_dict=True)
    jwk.pop("key_ops", None)
    return {**jwk, **({} if kid is None else {"kid": kid}), "use": "sig", **more}


@dataclass
class OidcProvider:
    """Signs with `key`, publishes `jwks`. While `down` it answers 500, while `moved` with a redirect to itself.

    `asked` holds the paths of all requests that it got.
    """

    clock: HeldClock
    issuer: str = ""
    key: Private = RSA_KEYS[0]
    kid: str = "key-0"
    jwks: list[dict[str, Any]] = field(default_factory=lambda: [jwk_of(RSA_KEYS[0], "key-0")])
    discovery: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    moved: bool = False
    padding: int = 0
    asked: list[str] = field(default_factory=list)

    def rotate(self) -> None:
        """A new key, and no other."""
        self.key, self.kid = RSA_KEYS[1], "key-1"
        self.jwks = [jwk_of(self.key, self.kid)]

    def claims(self, email: str | None = "ann@acme.example", **more: Any) -> dict[str, Any]:
        """Those of an ID token of an hour. A claim that is given as None is left out."""
        now = int(self.clock.now().timestamp())
        plain = {
            "iss": self.issuer,
            "sub": "1",
            "aud": AUDIENCE,
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in {**plain, **more}.items() if value is not None}

    def token(self, email: str | None = "ann@acme.example", **more: Any) -> str:
        return self.signed(self.claims(email, **more))

    def signed(self, claims: dict[str, Any], algorithm: str = "RS256", **header: Any) -> str:
        return jwt.encode(claims, self.key, algorithm, {"kid": self.kid, **header})

    def count(self, path: str) -> int:
        return sum(asked.endswith(path) for asked in self.asked)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=500, text="a canary in a body")
        if self.moved and "again" not in request.query:
            raise web.HTTPFound(f"{request.path}?again")
        if request.path.endswith("/.well-known/openid-configuration"):
            return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.discovery})
        return web.json_response({"keys": self.jwks, "padding": "x" * self.padding})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        async with TestServer(app, host="127.0.0.1") as server:
            self.issuer = str(server.make_url("/realms/Acme"))
            yield


@asynccontextmanager
async def oidc_provider(clock: HeldClock) -> AsyncIterator[OidcProvider]:
    provider = OidcProvider(clock)
    async with provider.running():
        yield provider


def settings_of(provider: OidcProvider, **more: Any) -> dict[str, Any]:
    """The entry of `sign_in.oidc` that trusts this provider."""
    return {"issuer": provider.issuer, "audiences": [AUDIENCE], "email_domains": ["acme.example"], **more}


def unsigned(claims: dict[str, Any], header: dict[str, Any], signature: bytes = b"") -> str:
    """A token of these very parts, whatever a library would make of them."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


CLIENT = ("registry/sidecar", "p:ss+wörd")
"""Whom the authorization server lets ask, with characters that have to be escaped."""


@dataclass
class AuthorizationServer:
    """RFC 7662 for the tokens in `known`. `asked` holds each token that it was asked about."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    url: str = ""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    async def _answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        token = str(form["token"])
        self.asked.append(token)
        expected = base64.b64encode(b"registry%2Fsidecar:p%3Ass%2Bw%C3%B6rd").decode()
        if self.down or request.headers["Authorization"] != f"Basic {expected}":
            return web.Response(status=500 if self.down else 401)
        return web.json_response({"active": True, **self.known[token]} if token in self.known else {"active": False})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/introspect", self._answer)
        async with TestServer(app, host="127.0.0.1") as server:
            self.url = str(server.make_url("/introspect"))
            yield
