"""Who a request says it comes from: the Authorization header, read into credentials that nobody has proven yet.

What can't be read is InvalidCredentials, the same as a wrong secret (TS-32). Nothing here looks anything up.
"""

import base64
import binascii
from typing import Final

from aiohttp import hdrs, web

from sidecar.domain.errors import InvalidCredentials, SignInFault
from sidecar.domain.identity import Credentials, Scheme

_NOBODY: Final = frozenset(("", "<token>"))
"""User names with which containerd and docker send a refresh token as the password (TS-38)."""


def credentials_of(request: web.Request, address: str) -> Credentials | None:
    """The request's credentials; None without an Authorization header. Two such headers are refused as ambiguous."""
    headers = request.headers.getall(hdrs.AUTHORIZATION, ())
    if not headers:
        return None
    if len(headers) > 1:
        raise InvalidCredentials(SignInFault.MALFORMED)
    return parse_authorization(headers[0], address)


def parse_authorization(header: str, address: str) -> Credentials:
    """`Basic …` or `Bearer …`, from this address; any other scheme is InvalidCredentials."""
    scheme, _, value = header.partition(" ")
    match scheme.lower():
        case "basic":
            user, secret = _split_basic(value.strip())
            return named(user, secret, address)
        case "bearer":
            return _with_secret(Credentials(Scheme.BEARER, value.strip(), "", address))
        case _:
            raise InvalidCredentials(SignInFault.MALFORMED)


def named(user: str, secret: str, address: str) -> Credentials:
    """A user name and a secret, from a Basic header or a form; with nobody's name only a refresh token can follow."""
    if user in _NOBODY:
        return refreshing(secret, address)
    return _with_secret(Credentials(Scheme.BASIC, secret, user, address))


def refreshing(secret: str, address: str) -> Credentials:
    """A refresh token from a form, or beside nobody's name."""
    return _with_secret(Credentials(Scheme.REFRESH, secret, "", address))


def _with_secret(credentials: Credentials) -> Credentials:
    """An empty secret never reaches an authenticator (S23)."""
    if not credentials.secret:
        raise InvalidCredentials(SignInFault.MALFORMED)
    return credentials


def _split_basic(value: str) -> tuple[str, str]:
    """UTF-8, split at the first colon (TS-33)."""
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidCredentials(SignInFault.MALFORMED) from None
    user, colon, secret = text.partition(":")
    if not colon:
        raise InvalidCredentials(SignInFault.MALFORMED)
    return user, secret
