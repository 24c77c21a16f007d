"""Asking a running sidecar for tokens as clients do, and reading them as a registry does."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, urlencode

import jwt
import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from multidict import CIMultiDictProxy
from yarl import URL

from tests.running import Sidecar

SERVICE = "registry"
ISSUER = "registry-sidecar"

Parameters = Iterable[tuple[str, str]]
Method = Literal["GET", "POST"]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        document = orjson.loads(self.body)
        assert isinstance(document, dict)
        return document


@dataclass(frozen=True, slots=True)
class Login:
    """A user name and a secret, as typed into `docker login`."""

    user: str
    secret: str


@dataclass(frozen=True, slots=True)
class TokenClient:
    """One client. `ask` is the same question on GET (Basic) and on POST (a password grant)."""

    sidecar: Sidecar

    async def get(self, query: str = "", authorization: str | None = None) -> Answer:
        """`query` as it stands after the question mark."""
        headers = {} if authorization is None else {"Authorization": authorization}
        return await self.send("GET", query, headers=headers)

    async def post(self, form: Parameters, content_type: str = "application/x-www-form-urlencoded") -> Answer:
        return await self.send("POST", body=urlencode(list(form)).encode(), headers={"Content-Type": content_type})

    async def ask(self, method: Method, login: Login, *scopes: str, parameters: Parameters = ()) -> Answer:
        """One `scope` parameter for each scope."""
        asked = [*(("scope", scope) for scope in scopes), *parameters]
        if method == "GET":
            return await self.get(urlencode(asked), basic(login))
        return await self.post(
            [("grant_type", "password"), ("username", login.user), ("password", login.secret), *asked]
        )

    async def refresh(self, secret: str, *scopes: str) -> Answer:
        return await self.post(
            [("grant_type", "refresh_token"), ("refresh_token", secret), *(("scope", scope) for scope in scopes)]
        )

    async def send(
        self, method: str, query: str = "", body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        url = URL(
            f"{self.sidecar.url}/token{'?' if query else ''}{quote(query, safe='%&=:,/*+@<>;-._~$')}", encoded=True
        )
        async with self.sidecar.http.request(
            method, url, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            return Answer(answer.status, answer.headers, await answer.read())

    def claims(self, answer: Answer) -> dict[str, Any]:
        """The claims of the token, believed as a registry believes them: by the CA alone, at this moment."""
        assert answer.status == 200, answer.body
        return claims_of(answer.json["token"], self.sidecar)

    def granted(self, answer: Answer) -> dict[str, set[str]]:
        """Repository (or `catalog`) → actions."""
        return {entry["name"]: set(entry["actions"]) for entry in self.claims(answer)["access"]}


def basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.user}:{login.secret}".encode()).decode()


def claims_of(token: str, sidecar: Sidecar) -> dict[str, Any]:
    """Checks chain, dates, signature, audience and issuer. The dates are those of the held clock."""
    header = jwt.get_unverified_header(token)
    leaf = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0], validate=True))
    leaf.verify_directly_issued_by(sidecar.ca)
    now = sidecar.clock.now()
    for certificate in (leaf, sidecar.ca):
        assert certificate.not_valid_before_utc <= now < certificate.not_valid_after_utc
    key = leaf.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    claims: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=["ES256"],
        audience=sidecar.application.core.config.tokens.service,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    assert claims["nbf"] <= now.timestamp() < claims["exp"] <= leaf.not_valid_after_utc.timestamp()
    return claims
