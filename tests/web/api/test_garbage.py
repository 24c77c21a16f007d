"""Bodies and headers that nobody should send: every method answers them, and none of them is ever a fault of ours."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.api.calling import Api, basic, bearer
from tests.web.api.test_tenant_matrix import MATRIX
from tests.web.api.validity import judged

in_one_loop = pytest.mark.asyncio(loop_scope="module")

_NAMES: Final = ("acme", "beta", "*", "robot", "cleaner", "owner", "viewer", "nobody", "ann@example.com", "group:ops")
_MORE_NAMES: Final = (
    "allUsers",
    "acme/web",
    "acme/*",
    "library/*",
    "registry.get",
    "*.*",
    "-createdAt",
    "sid",
    "email",
)
_LISTS: tuple[Any, ...] = (
    ["registry.get"],
    ["viewer"],
    ["acme/*"],
    ["pull"],
    ["*"],
    [],
    [[]],
    [{}],
    [""],
    [None],
    ["x"] * 200,
)
_TIMES: Final = ("0001-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2027-02-30T00:00:00Z")
_ZEROS_AND_NUMBERS: tuple[Any, ...] = ("", "0", 0, 1, -1, 60, 900, "900", 2**63 - 1, 1.5, True, False, None, {})
_ODD_TEXTS: Final = (
    "\x00",
    "é",
    "\u202e",
    "😀",
    "a" * 5000,
    "' OR 1=1 --",
    "%",
    "_",
    "../..",
    "{{7*7}}",
    "W10",
    "WyJhIl0",
)
_POLICIES: tuple[Any, ...] = (
    {"projects": {"acme": {}}},
    {"projects": {"x": 1}},
    {"everyProject": {"bindings": {"a@b": {}}}},
)

_TELLING: st.SearchStrategy[Any] = st.sampled_from(
    [*_NAMES, *_MORE_NAMES, *_LISTS, *_TIMES, *_ZEROS_AND_NUMBERS, *_ODD_TEXTS, *_POLICIES]
)
_VALUES: st.SearchStrategy[Any] = (
    st.sampled_from(_NAMES)
    | st.sampled_from(_NAMES)
    | _TELLING
    | st.recursive(
        st.text(max_size=20) | st.integers() | st.floats() | st.booleans(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)
_CASES: Final = st.sampled_from([str, str.upper, str.lower, str.title])


@dataclass(frozen=True, slots=True)
class Filled:
    """A body that gives the method's own fields, so written, these values in turn, and others besides."""

    values: list[Any]
    cased: Any
    others: dict[str, Any]

    def body(self, fields: list[str]) -> bytes:
        own = {self.cased(name): value for name, value in zip(fields, self.values, strict=False)}
        return json.dumps(own | self.others).encode()


def _with_junk(body: bytes, at: int, junk: bytes) -> bytes:
    return body[:at] + junk + body[at:]


_NONE: st.SearchStrategy[dict[str, Any]] = st.just({})
_OTHERS: Final = st.dictionaries(st.text(max_size=5) | st.just("projectId"), _VALUES, max_size=2)
_FILLED: Final = st.builds(Filled, st.lists(_VALUES, max_size=6), _CASES, _NONE | _NONE | _NONE | _OTHERS)
_BROKEN: Final = st.builds(_with_junk, _OTHERS.map(lambda it: json.dumps(it).encode()), st.integers(0, 20), st.binary())
BODIES: Final = _FILLED | _FILLED | _BROKEN
HEADERS: Final = st.dictionaries(
    st.sampled_from(["Authorization", "Content-Type", "X-Request-ID", "X-Forwarded-For", "Accept", "Cookie"]),
    st.text(st.characters(codec="latin-1", min_codepoint=32, exclude_categories=["Cc"]), max_size=60),
    max_size=3,
)
CALLERS: Final = st.sampled_from(["administrator", "owner", "robot", "scoped"])


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends bodies to methods, and checks the form of the answers."""

    api: Api
    callers: Mapping[str, Mapping[str, str]]

    async def send(self, method: str, headers: Mapping[str, str], body: Filled | bytes) -> None:
        sent = body if isinstance(body, bytes) else body.body(self._fields(method))
        answer = await self.api.post(method, sent, headers)
        assert answer.status in (200, 400), (answer.status, sent)
        envelope = await answer.json()
        assert set(envelope) == {"ok", "result" if envelope["ok"] else "error"}
        code = "ok" if envelope["ok"] else envelope["error"]["code"]
        if isinstance(body, Filled) and code not in ("unauthorized", "bad_request"):
            faulty = judged(self.api.document, method, json.loads(sent)) == "faulty"
            assert not faulty or code == "validate", sent
        documented = self.api.document["paths"][f"/{method}"]["post"]["x-errors"]
        assert code in (("ok", *documented) if answer.status == 200 else ("bad_request",))

    def _fields(self, method: str) -> list[str]:
        content = self.api.document["paths"][f"/{method}"]["post"]["requestBody"]["content"]
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        return list(self.api.document["components"]["schemas"][name].get("properties", {}))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sender(shared: Api) -> Sender:
    return await sender_of(shared)


@pytest.fixture
async def own_sender(api: Api) -> Sender:
    """For a test that leaves tens of thousands of things behind."""
    return await sender_of(api)


async def sender_of(api: Api) -> Sender:
    tenants = api.tenants
    for project in ("acme", "beta"):
        await tenants.project(project)
    await tenants.bind("acme", "ann@example.com", "owner")
    await tenants.role("acme", "cleaner", "registry.delete")
    robot = await tenants.account("acme", "robot")
    await tenants.bind("acme", robot, "admin")
    ann = await tenants.secret("ann@example.com")
    scoped = (await api.result("me.generateToken", api.root, project="beta", ttlSeconds=86400))["token"]
    callers = {
        "administrator": bearer(api.root),
        "owner": bearer(ann),
        "robot": basic(robot, await tenants.key(robot)),
        "scoped": bearer(scoped),
    }
    return Sender(api, callers)


def examples(count: int) -> settings:
    return settings(max_examples=count, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@in_one_loop
@pytest.mark.parametrize("method", MATRIX)
@examples(80)
@given(caller=CALLERS, body=BODIES)
async def test_no_body_is_a_fault_of_ours(sender: Sender, method: str, caller: str, body: Filled | bytes) -> None:
    """S24, S30: whatever is sent is a result, or an error that the method documents, or a plain 400."""
    await sender.send(method, sender.callers[caller], body)


@in_one_loop
@pytest.mark.parametrize("method", MATRIX)
@examples(20)
@given(headers=HEADERS, body=BODIES)
async def test_no_header_is_a_fault_of_ours(
    sender: Sender, method: str, headers: dict[str, str], body: Filled | bytes
) -> None:
    """S23: nor whatever stands in a header; without good credentials it is always the same answer."""
    await sender.send(method, headers, body)


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("method", MATRIX)
@examples(33_000)
@given(caller=CALLERS, body=BODIES)
async def test_a_million_bodies(own_sender: Sender, method: str, caller: str, body: Filled | bytes) -> None:
    """The same, a million times over all methods."""
    await own_sender.send(method, own_sender.callers[caller], body)
