"""Forged, tampered and misplaced credentials at every route of ours: each is 401, and none is ever a fault of ours."""

import hashlib
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
import pytest
import pytest_asyncio
from aiohttp import ClientResponse

from sidecar.adapters.signing import load_authority
from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, hint, make_secret
from tests.forgery.catalogue import FORGERIES
from tests.forgery.forgeries import Forgery
from tests.forgery.material import Material, material
from tests.web.api.calling import Api, basic, bearer, callable_api

in_one_loop = pytest.mark.asyncio(loop_scope="module")

ANN: Final = "ann@acme.example"
FITS_INTO_A_HEADER: Final = 20_000
"""Characters that a header takes even in base64."""
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Holdings:
    """One secret of each kind, each of which opens some door, and what forgers of registry tokens have in hand.

    All but the key are Ann's.
    """

    robot: str
    key: str
    personal: str
    scoped: str
    refresh: str
    registry: str
    events: str
    made_of: Material

    def of(self, kind: str) -> str:
        secret: str = getattr(self, kind)
        return secret

    def user_of(self, kind: str) -> str:
        """Who would show it beside a name."""
        return self.robot if kind == "key" else ANN


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with callable_api(tmp_path_factory.mktemp("forgery")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def holdings(api: Api) -> Holdings:
    tenants, config = api.tenants, api.sidecar.application.core.config
    await tenants.project("acme")
    await tenants.bind("acme", ANN, "owner")
    robot = await tenants.account("acme", "robot")
    await tenants.bind("acme", robot, "owner")
    personal = await tenants.secret(ANN)
    query = "offline_token=true&scope=repository:acme/web:pull"
    answer = await api.sidecar.http.get(f"{api.sidecar.url}/token?{query}", headers=basic(ANN, personal))
    given = await answer.json()
    authority = load_authority(config.tokens.ca_certificate.read_bytes(), config.tokens.ca_key.read_bytes())
    limit = Limit(ProjectId("acme"), frozenset(("registry.pull", "registry.get")))
    return Holdings(
        robot=robot,
        key=await tenants.key(robot),
        personal=personal,
        scoped=await tenants.secret(ANN, CredentialKind.SCOPED_TOKEN, limit),
        refresh=given["refresh_token"],
        registry=given["token"],
        events=config.events.secrets_file.read_text().split()[0],
        made_of=material(authority, api.clock.now(), config.tokens.issuer, config.tokens.service),
    )


@dataclass(frozen=True, slots=True)
class Way:
    """One way to show a text as a credential: at a route, in a place of the request. `user` stands beside it."""

    name: str
    path: str
    headers: Callable[[str, str], dict[str, str]] = lambda user, text: {}
    form: Callable[[str, str], dict[str, str]] | None = None
    method: str = "POST"

    async def show(self, api: Api, user: str, text: str) -> ClientResponse:
        data = self.form(user, text) if self.form else b""
        url = f"{api.sidecar.url}{self.path}"
        return await api.sidecar.http.request(self.method, url, data=data, headers=self.headers(user, text))


def _bearer(_: str, text: str) -> dict[str, str]:
    return bearer(text)


def _nobody(_: str, text: str) -> dict[str, str]:
    return basic("<token>", text)


ELSEWHERE: Final = (
    Way("token, bearer", "/token?scope=repository:acme/web:pull", _bearer, method="GET"),
    Way("token, basic", "/token?scope=repository:acme/web:pull", basic, method="GET"),
    Way("token, basic of nobody", "/token?scope=repository:acme/web:pull", _nobody, method="GET"),
    Way(
        "token, password",
        "/token",
        form=lambda user, text: {"grant_type": "password", "username": user, "password": text},
    ),
    Way("token, refresh", "/token", form=lambda _, text: {"grant_type": "refresh_token", "refresh_token": text}),
    Way("events, bearer", "/events", _bearer),
)
MANAGEMENT: Final = (Way("API, bearer", "/me.get", _bearer), Way("API, basic", "/me.get", basic))


def every_way(api: Api) -> Iterator[Way]:
    """Of every route that takes credentials: those of /token and /events, both of one method of the API, and one of each."""
    yield from ELSEWHERE
    yield from MANAGEMENT
    for method in api.methods():
        yield Way(f"{method}, bearer", f"/{method}", _bearer)


async def refused(answer: ClientResponse, text: str) -> bool:
    """401, or the API's own way to say it; what is too long to be read is refused before."""
    body = await answer.read()
    if len(text) > FITS_INTO_A_HEADER and answer.status in (400, 413):
        return True
    if answer.status == 200:
        told: dict[str, Any] = orjson.loads(body)
        return not told.get("ok", True) and told["error"]["code"] == "unauthorized"
    return answer.status == 401


async def opened(api: Api, user: str, text: str) -> list[str]:
    """The ways that don't refuse it."""
    return [way.name for way in every_way(api) if not await refused(await way.show(api, user, text), text)]


@in_one_loop
@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
async def test_no_forged_token_opens_any_door(api: Api, holdings: Holdings, forgery: Forgery) -> None:
    """TS-68, S25: whatever a registry may take a forged token for, here it is nobody's credential."""
    assert await opened(api, ANN, forgery.makes(holdings.made_of)) == []


OPENS: Final = {
    "key": {"token, basic", "token, password", "API, basic"},
    "personal": {"token, bearer", "token, basic", "token, password", "API, bearer", "API, basic"},
    "scoped": {"token, bearer", "token, basic", "token, password", "API, bearer", "API, basic"},
    "refresh": {"token, basic of nobody", "token, refresh"},
    "events": {"events, bearer"},
    "registry": set(),
}
"""The doors of each kind of secret; every other is shut to it."""


@in_one_loop
@pytest.mark.parametrize("way", [*ELSEWHERE, *MANAGEMENT], ids=lambda way: way.name)
@pytest.mark.parametrize("kind", OPENS)
async def test_each_secret_opens_its_own_doors(api: Api, holdings: Holdings, kind: str, way: Way) -> None:
    """S17, TS-51: no kind of secret is taken for another, wherever and however it is shown."""
    secret = holdings.of(kind)
    answer = await way.show(api, holdings.user_of(kind), secret)
    assert await refused(answer, secret) == (way.name not in OPENS[kind])


def _with_checksum(head: str) -> str:
    """The head of a secret with the checksum that makes it look like one."""
    rest, digits = zlib.crc32(head.encode()), ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        digits = _BASE62[digit] + digits
    return head + digits


def _next(character: str) -> str:
    return _BASE62[(_BASE62.index(character) + 1) % 62]


Tampering = Callable[[str], str]
TAMPERED: Final[dict[str, Tampering]] = {
    "another last character": lambda secret: secret[:-1] + _next(secret[-1]),
    "another first character": lambda secret: secret[:4] + _next(secret[4]) + secret[5:],
    "another character, and its checksum": lambda secret: _with_checksum(
        secret[:10] + _next(secret[10]) + secret[11:-6]
    ),
    "the checksum of nothing": lambda secret: secret[:-6] + "000000",
    "no checksum": lambda secret: secret[:-6],
    "a character less": lambda secret: secret[:-1],
    "a character more": lambda secret: secret + "0",
    "a character more, and its checksum": lambda secret: _with_checksum(secret[:-6] + "0"),
    "upper case": str.upper,
    "swapped case": lambda secret: secret[:4] + secret[4:].swapcase(),
    "the prefix in capitals": lambda secret: secret[:3].upper() + secret[3:],
    "no prefix": lambda secret: secret[4:],
    "an unknown prefix, and its checksum": lambda secret: _with_checksum("rxx" + secret[3:-6]),
    "twice": lambda secret: secret + secret,
    "twice with a comma": lambda secret: f"{secret},{secret}",
    "in quotes": lambda secret: f'"{secret}"',
    "a space in it": lambda secret: f"{secret[:20]} {secret[20:]}",
    "a tab in it": lambda secret: f"{secret[:20]}\t{secret[20:]}",
    "a character of no width in it": lambda secret: f"{secret[:20]}\u200b{secret[20:]}",
    "a byte order mark before it": lambda secret: f"\ufeff{secret}",
    "a wide underscore": lambda secret: secret.replace("_", "\uff3f"),
    "wide letters": lambda secret: secret[:4] + "".join(chr(ord(letter) + 0xFEE0) for letter in secret[4:]),
    "a letter that looks alike": lambda secret: secret.replace("r", "\u0433", 1),
    "an accent on it": lambda secret: secret + "\u0301",
    "percent-encoded": lambda secret: "".join(f"%{ord(letter):02x}" for letter in secret),
    "its SHA-256": lambda secret: hashlib.sha256(secret.encode()).hexdigest(),
    "its hint": hint,
    "SQL behind it": lambda secret: f"{secret}' OR '1'='1",
    "a pattern for it": lambda secret: secret[:10] + "%",
    "stars": lambda secret: "*" * len(secret),
    "overlong": lambda secret: secret + "0" * 20_000,
    "far too long": lambda secret: secret + "0" * 100_000,
}
UNSENDABLE: Final[dict[str, Tampering]] = {
    "a zero byte behind it": lambda secret: f"{secret}\0",
    "a zero byte in it": lambda secret: f"{secret[:20]}\0{secret[20:]}",
    "a line behind it": lambda secret: f"{secret}\n",
    "a header behind it": lambda secret: f"{secret}\r\nAuthorization: Bearer {secret}",
}
"""No HTTP client puts these into a header; they go into forms, and base64."""
KINDS: Final = ("key", "personal", "scoped", "refresh")


@in_one_loop
@pytest.mark.parametrize("tampering", TAMPERED)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_tampered_secret_opens_a_door(api: Api, holdings: Holdings, kind: str, tampering: str) -> None:
    """S23, S24: a secret counts whole and exact, wherever it is shown, or not at all."""
    text = TAMPERED[tampering](holdings.of(kind))
    ways: Sequence[Way] = (*ELSEWHERE, *MANAGEMENT)
    user = holdings.user_of(kind)
    assert [way.name for way in ways if not await refused(await way.show(api, user, text), text)] == []


@in_one_loop
@pytest.mark.parametrize("tampering", UNSENDABLE)
@pytest.mark.parametrize("kind", KINDS)
async def test_control_characters_are_no_part_of_a_secret(
    api: Api, holdings: Holdings, kind: str, tampering: str
) -> None:
    """TS-32: neither cut off nor a fault, in Basic credentials and in forms."""
    text = UNSENDABLE[tampering](holdings.of(kind))
    ways = [way for way in (*ELSEWHERE, *MANAGEMENT) if not way.name.endswith("bearer")]
    user = holdings.user_of(kind)
    assert [way.name for way in ways if not await refused(await way.show(api, user, text), text)] == []


@in_one_loop
@pytest.mark.parametrize("prefix", list(SecretKind))
@pytest.mark.parametrize("kind", KINDS)
async def test_a_secret_under_another_prefix_is_none(
    api: Api, holdings: Holdings, kind: str, prefix: SecretKind
) -> None:
    """Decision 9: the prefix is part of what is remembered, so that nobody turns one kind into another."""
    secret = holdings.of(kind)
    text = _with_checksum(f"{prefix}{secret[3:-6]}")
    doors = await opened(api, holdings.user_of(kind), text) if text != secret else []
    assert doors == []


@in_one_loop
@pytest.mark.parametrize("kind", list(SecretKind))
async def test_a_secret_that_was_never_given_out_is_none(api: Api, holdings: Holdings, kind: SecretKind) -> None:
    """Perfect in form, and known to nobody."""
    assert await opened(api, ANN, make_secret(kind, b"\xaa" * RANDOM_BYTES)) == []


@in_one_loop
@pytest.mark.parametrize(
    "user",
    [
        "admin@localhost",
        "bob@acme.example",
        "\u0430nn@acme.example",
        "ann@acme.ex\u0430mple",
        "ann@acme.example.",
        " ann@acme.example",
        "ann@acme.example\0",
        "ann",
        "ann@acme.example' --",
        "%",
        "*",
        "allUsers",
        "group:owners",
        "sidecar",
        "a" * 10_000,
    ],
)
@pytest.mark.parametrize("kind", ["key", "personal", "scoped"])
async def test_a_secret_beside_somebody_elses_name_is_refused(
    api: Api, holdings: Holdings, kind: str, user: str
) -> None:
    """TS-35, TS-36: a name that is nearly the owner's, or stands for nobody or everybody, is not the owner's."""
    ways = [way for way in (*ELSEWHERE, *MANAGEMENT) if way.name.endswith(("basic", "password"))]
    text = holdings.of(kind)
    assert [way.name for way in ways if not await refused(await way.show(api, user, text), text)] == []
