"""The front door: what every answer has, what is logged of a request, and what is counted."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest
from aiohttp import ClientSession, web
from structlog import get_logger

from sidecar.adapters.logs import request_lines
from sidecar.domain.errors import InvalidCredentials, NotFound, RegistryUnavailable, Unavailable
from sidecar.web.app import FrontDoor, make_app
from sidecar.web.asking import PASSAGE
from sidecar.web.metrics import Metrics
from sidecar.web.problems import token_envelope
from sidecar.web.remote import Proxies
from sidecar.web.server import listening
from tests.fakes import RepeatableRandomness
from tests.logged import Logged, logging_to_memory

CANARY = "canary-4f1c"


async def greet(request: web.Request) -> web.Response:
    request[PASSAGE].principal = "dan@acme.example"
    return web.Response(text="hello")


def failing(error: Exception) -> web.RouteDef:
    async def fail(_: web.Request) -> web.Response:
        raise error

    return web.get(f"/{type(error).__name__}", fail)


ERRORS = (
    ValueError(f"quotes {CANARY}"),
    InvalidCredentials(),
    NotFound("project"),
    Unavailable("the database"),
    RegistryUnavailable(),
)


@pytest.fixture
def logged() -> Iterator[Logged]:
    with logging_to_memory() as lines:
        yield lines


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def http(tmp_path: Path, logged: Logged, metrics: Metrics) -> AsyncIterator[ClientSession]:
    """A client of an application behind one trusted proxy: this machine."""
    front_door = FrontDoor(
        proxies=Proxies(("127.0.0.0/8",)),
        randomness=RepeatableRandomness(),
        metrics=metrics,
        log=get_logger().bind(),
        line=request_lines(),
        envelopes={"/InvalidCredentials": token_envelope("https://x.example/token")},
    )
    app = make_app(front_door, [web.get("/hello/{name}", greet), *map(failing, ERRORS)])
    async with (
        listening(app, "127.0.0.1:0", request_seconds=5, shutdown_seconds=1) as (host, port),
        ClientSession(f"http://{host}:{port}") as session,
    ):
        yield session


async def test_each_answer_carries_the_id_that_its_log_line_has(http: ClientSession, logged: Logged) -> None:
    """One asks the log by what the client saw."""
    async with http.get("/hello/x") as answer:
        (line,) = logged.of("request")
        assert answer.headers["X-Request-ID"] == line["request_id"] != ""


async def test_an_answer_does_not_tell_what_it_was_made_with(http: ClientSession) -> None:
    """Neither Python's version nor aiohttp's; and its type is to be believed."""
    async with http.get("/hello/x") as answer:
        assert answer.headers["Server"] == "registry-sidecar"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_two_requests_have_two_ids(http: ClientSession) -> None:
    """Though they come over one connection."""
    ids = set()
    for _ in range(2):
        async with http.get("/hello/x") as answer:
            ids.add(answer.headers["X-Request-ID"])
    assert len(ids) == 2


async def test_a_trusted_proxys_id_is_kept(http: ClientSession, logged: Logged) -> None:
    """So that its log and ours say the same."""
    async with http.get("/hello/x", headers={"X-Request-ID": "Root=1-67_a.b"[5:]}) as answer:
        assert answer.headers["X-Request-ID"] == "1-67_a.b" == logged.of("request")[0]["request_id"]


@pytest.mark.parametrize("given", ["a b", 'a"', "x" * 65, "\N{SNOWMAN}", ""])
async def test_an_id_that_a_log_can_not_carry_is_replaced(http: ClientSession, given: str) -> None:
    """Not cut or escaped: replaced."""
    async with http.get("/hello/x", headers={"X-Request-ID": given}) as answer:
        assert answer.headers["X-Request-ID"] != given


async def test_a_log_line_says_who_asked_what_and_what_came_of_it(http: ClientSession, logged: Logged) -> None:
    """Method, route, status, time, address and principal."""
    async with http.get("/hello/x", headers={"X-Forwarded-For": "203.0.113.9"}):
        pass
    (line,) = logged.of("request")
    assert {name: line[name] for name in ("method", "route", "status", "remote", "principal")} == {
        "method": "GET",
        "route": "/hello/{name}",
        "status": 200,
        "remote": "203.0.113.9",
        "principal": "dan@acme.example",
    }
    assert 0 <= line["ms"] < 5000


@pytest.mark.parametrize("place", ["query", "path", "header", "authorization", "cookie", "body"])
async def test_what_may_hold_a_secret_is_not_logged(http: ClientSession, logged: Logged, place: str) -> None:
    """S12: the path's own text neither, only its pattern."""
    path = {"query": f"/hello/x?token={CANARY}", "path": f"/hello/{CANARY}"}.get(place, "/hello/x")
    headers = {"header": {"X-Api-Key": CANARY}, "cookie": {"Cookie": f"a={CANARY}"}}.get(place, {})
    if place == "authorization":
        headers = {"Authorization": f"Bearer {CANARY}"}
    async with http.get(path, headers=headers, data=CANARY if place == "body" else None):
        pass
    assert logged.of("request")
    assert CANARY not in logged.text


async def test_a_fault_of_ours_is_500_and_says_nothing(http: ClientSession, logged: Logged) -> None:
    """A bland message and the request's id; the log has the trace."""
    async with http.get("/ValueError") as answer:
        body = await answer.read()
        assert answer.status == 500
        assert orjson.loads(body)["error"] == {
            "code": "internal",
            "message": "internal error",
            "requestId": answer.headers["X-Request-ID"],
        }
    (line,) = logged.of("request failed")
    assert "ValueError" in line["exception"]
    assert line["request_id"] == answer.headers["X-Request-ID"]


async def test_a_business_error_is_200_and_not_ok(http: ClientSession) -> None:
    """What the API's clients expect."""
    async with http.get("/NotFound") as answer:
        assert (answer.status, orjson.loads(await answer.read())) == (
            200,
            {"ok": False, "error": {"code": "project_not_found", "message": "api: project not found"}},
        )


async def test_a_failed_dependency_is_503(http: ClientSession, logged: Logged) -> None:
    """And logged with its cause."""
    async with http.get("/Unavailable") as answer:
        assert (answer.status, orjson.loads(await answer.read())["error"]["code"]) == (503, "unavailable")
    assert logged.of("request failed")


async def test_an_unreachable_registry_is_a_business_error(http: ClientSession, logged: Logged) -> None:
    """The API's clients are told; it is no fault of this process."""
    async with http.get("/RegistryUnavailable") as answer:
        assert (answer.status, orjson.loads(await answer.read())["error"]["code"]) == (200, "registry_unavailable")
    assert not logged.of("request failed")


async def test_a_path_may_have_a_shape_of_its_own(http: ClientSession) -> None:
    """The token endpoint's problems look as its clients expect."""
    async with http.get("/InvalidCredentials") as answer:
        assert (answer.status, "errors" in orjson.loads(await answer.read())) == (401, True)


async def test_requests_are_counted_by_route_and_status(http: ClientSession, metrics: Metrics) -> None:
    """By the pattern, so that names in paths make no labels."""
    for path in ("/hello/a", "/hello/b", "/nothing", "/ValueError"):
        async with http.get(path):
            pass
    told = metrics.exposition().decode()
    assert 'sidecar_http_requests_total{method="GET",route="/hello/{name}",status="200"} 2.0' in told
    assert 'sidecar_http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in told
    assert 'sidecar_http_requests_total{method="GET",route="/ValueError",status="500"} 1.0' in told
    assert 'sidecar_http_request_seconds_count{route="/hello/{name}"} 2.0' in told


async def test_a_label_can_not_be_chosen_by_a_client(http: ClientSession, metrics: Metrics) -> None:
    """A made-up method is counted as `other`, so that metrics don't grow with what is sent."""
    async with http.request("MKCALENDAR", "/hello/a"):
        pass
    assert 'method="other"' in metrics.exposition().decode()
