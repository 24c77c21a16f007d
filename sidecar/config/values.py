"""The kinds of values that settings have: addresses, URLs, domains, files. Each says in words what it must be."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo

from sidecar.domain.errors import Invalid
from sidecar.domain.names import Email

_URL_TEXT: Final = re.compile(r"https?://[a-zA-Z0-9._~:@/\[\]-]+")
"""No quote, space, backslash or control character: the realm stands between quotes in a header."""


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if not _URL_TEXT.fullmatch(value) or not parts.hostname:
        raise ValueError("must be an absolute http:// or https:// URL of plain characters, without a query")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry credentials")
    if parts.path != parts.path.lower():
        raise ValueError("must have a lower-case path")
    if parts.port == 0:
        raise ValueError("must not name port 0")
    return value.rstrip("/")


def _listen_address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:5051")
    return value


def _network(value: str) -> str:
    ipaddress.ip_network(value)
    return value


def _from_folder_of_the_file(value: Path, info: ValidationInfo) -> Path:
    return (Path((info.context or {}).get("folder", ".")) / value).absolute()


def _outside_url(value: str) -> str:
    """Exactly as it is written: issuers are compared letter by letter, and some end in a slash."""
    parts = urlsplit(value)
    if not _URL_TEXT.fullmatch(value) or not parts.hostname or parts.port == 0:
        raise ValueError("must be an absolute https:// URL of plain characters, without a query")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry credentials")
    if parts.scheme != "https" and not _is_this_machine(parts.hostname):
        raise ValueError("must be https:// unless it is on this machine")
    return value


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _email_text(value: str) -> str:
    try:
        return Email(value)
    except Invalid:
        raise ValueError("must be an e-mail address") from None


OutsideUrl = Annotated[str, AfterValidator(_outside_url)]
EmailText = Annotated[str, AfterValidator(_email_text)]
DomainName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
EmailDomain = Annotated[str, Field(pattern=r"^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$")]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
ListenAddress = Annotated[str, AfterValidator(_listen_address)]
Network = Annotated[str, AfterValidator(_network)]
FilePath = Annotated[Path, AfterValidator(_from_folder_of_the_file)]
