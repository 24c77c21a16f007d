"""Forged, tampered and misplaced credentials at every route of ours: each is 401, and none is ever a fault of ours."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
import pytest
import pytest_asyncio
from aiohttp import ClientResponse
from cryptography.hazmat.primitives.asymmetric import ec

from sidecar.adapters.signing import Authority, create_authority, load_authority
from sidecar.adapters.signing.leaf import make_leaf
from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.fakes import HeldClock
from tests.forgery.catalogue import FORGERIES
from tests.forgery.forgeries import Forgery
from tests.forgery.material import Material, ProvidersMaterial, material
from tests.forgery.secrets import DOORS, OPENS, OTHER_NAMES, TAMPERED, UNSENDABLE, with_checksum
from tests.outside import OidcProvider, jwk_of, settings_of
from tests.web.api.calling import Api, basic, bearer, callable_api

in_one_loop = pytest.mark.asyncio(loop_scope="module")

ANN: Final = "ann@acme.example"
KINDS: Final = ("key", "personal", "scoped", "refresh", "pull")
FITS_INTO_A_HEADER: Final = 20_000
"""Characters that a header takes even in base64."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """One secret of each kind, each of which opens some door, and what forgers of registry tokens have in hand.

    All but the key and the pull secret are Ann's.
    """

    robot: str
    key: str
    personal: str
    scoped: str
    refresh: str
    puller: str
    pull: str
    registry: str
    events: str
    made_of: Material
    of_provider: ProvidersMaterial

    @property
    def provider(self) -> str:
        """A token by which a trusted OIDC provider says that somebody is Ann."""
        return self.of_provider.genuine

    def of(self, kind: str) -> str:
        secret: str = getattr(self, kind)
        return secret

    def user_of(self, kind: str) -> str:
        """Who would show it beside a name."""
        return {"key": self.robot, "pull": self.puller}.get(kind, ANN)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def provider() -> AsyncIterator[OidcProvider]:
    """One whose only key is that of a leaf, as forgers of the catalogue know it."""
    clock = HeldClock()
    leaf = make_leaf(create_authority(clock.now()), timedelta(days=1), clock.now())
    assert leaf is not None
    made = OidcProvider(clock, key=leaf.key, jwks=[jwk_of(leaf.key, "key-0")])
    async with made.running():
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory, provider: OidcProvider) -> AsyncIterator[Api]:
    """It throttles nobody: each of these thousands is to be looked at."""
    sign_in = {"oidc": [settings_of(provider, algorithms=["ES256"])]}
    throttle = {"failures_of_one": 0, "failures_of_address": 0}
    folder = tmp_path_factory.mktemp("forgery")
    async with callable_api(folder, sign_in=sign_in, throttle=throttle) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def holdings(api: Api, provider: OidcProvider) -> Holdings:
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
    puller = await tenants.pull_secret("acme", "cluster")
    pulls = Limit(ProjectId("acme"), frozenset(("registry.pull",)))
    return Holdings(
        robot=robot,
        puller=puller,
        pull=await tenants.secret(puller, CredentialKind.PULL_SECRET, pulls),
        key=await tenants.key(robot),
        personal=personal,
        scoped=await tenants.secret(ANN, CredentialKind.SCOPED_TOKEN, limit),
        refresh=given["refresh_token"],
        registry=given["token"],
        events=config.events.secrets_file.read_text().split()[0],
        made_of=material(authority, api.clock.now(), config.tokens.issuer, config.tokens.service),
        of_provider=_providers(provider, authority, api.clock.now()),
    )


def _providers(provider: OidcProvider, authority: Authority, now: datetime) -> ProvidersMaterial:
    """The provider's key, under a certificate that nobody looks at."""
    leaf = make_leaf(authority, timedelta(days=1), now)
    assert leaf is not None
    assert isinstance(provider.key, ec.EllipticCurvePrivateKey)
    return ProvidersMaterial(authority, replace(leaf, key=provider.key), provider.claims(ANN), now)


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


def test_every_door_is_tried() -> None:
    """The page of forgeries has a column for each."""
    assert tuple(way.name for way in (*ELSEWHERE, *MANAGEMENT)) == DOORS


@in_one_loop
@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
async def test_no_forged_token_opens_any_door(api: Api, holdings: Holdings, forgery: Forgery) -> None:
    """TS-68, S25: whatever a registry may take a forged token for, here it is nobody's credential."""
    assert await opened(api, ANN, forgery.makes(holdings.made_of)) == []


SAME_TOKEN: Final = (
    "s is the group's order less s",
    "the signature's unused last bits are set",
    "== behind the signature",
)
"""The provider's own token in other letters: whoever has the one has the other."""
MADE_WITHOUT_KEYS: Final = [
    forgery
    for forgery in FORGERIES
    if forgery.needs in ("nothing of ours", "a token of ours") and forgery.name not in SAME_TOKEN
]
BAD_CLAIMS: Final = (
    "aud: another",
    "aud: a list without",
    "aud: empty",
    "aud in",
    "no aud",
    "iss",
    "no iss",
    "exp",
    "no exp",
)
BAD_FORMS: Final = ("nbf", "iat", "crit", "alg", "HS256", "b64", "the claims are")
BADLY_SIGNED: Final = [forgery for forgery in FORGERIES if forgery.name.startswith((*BAD_CLAIMS, *BAD_FORMS))]


@in_one_loop
@pytest.mark.parametrize("forgery", [*MADE_WITHOUT_KEYS, *BADLY_SIGNED], ids=lambda forgery: forgery.name)
async def test_no_forged_token_of_a_provider_opens_a_door(api: Api, holdings: Holdings, forgery: Forgery) -> None:
    """S25, S32: by the same forgeries nobody becomes anybody; neither by what a provider signs for others, or for another time."""
    text = forgery.makes(holdings.of_provider)
    ways = (*ELSEWHERE, *MANAGEMENT)
    assert [way.name for way in ways if not await refused(await way.show(api, "oauth2accesstoken", text), text)] == []


@in_one_loop
@pytest.mark.parametrize("way", [*ELSEWHERE, *MANAGEMENT], ids=lambda way: way.name)
@pytest.mark.parametrize("kind", OPENS)
async def test_each_secret_opens_its_own_doors(api: Api, holdings: Holdings, kind: str, way: Way) -> None:
    """S17, TS-51: no kind of secret is taken for another, wherever and however it is shown."""
    secret = holdings.of(kind)
    answer = await way.show(api, holdings.user_of(kind), secret)
    assert await refused(answer, secret) == (way.name not in OPENS[kind])


@in_one_loop
@pytest.mark.parametrize("kind", ["key", "refresh", "pull", "events", "registry"])
async def test_what_is_no_bearer_token_opens_no_method(api: Api, holdings: Holdings, kind: str) -> None:
    """S13, S17: at each method of the API, whatever it does."""
    secret = holdings.of(kind)
    ways = [Way(method, f"/{method}", _bearer) for method in api.methods()]
    assert [way.name for way in ways if not await refused(await way.show(api, ANN, secret), secret)] == []


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
    text = with_checksum(f"{prefix}{secret[3:-6]}")
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
    OTHER_NAMES,
)
@pytest.mark.parametrize("kind", ["key", "personal", "scoped"])
async def test_a_secret_beside_somebody_elses_name_is_refused(
    api: Api, holdings: Holdings, kind: str, user: str
) -> None:
    """TS-35, TS-36: a name that is nearly the owner's, or stands for nobody or everybody, is not the owner's."""
    ways = [way for way in (*ELSEWHERE, *MANAGEMENT) if way.name.endswith(("basic", "password"))]
    text = holdings.of(kind)
    assert [way.name for way in ways if not await refused(await way.show(api, user, text), text)] == []
