"""Garbage at the token endpoint, byte by byte over real sockets: never a 5xx, never a grant outside the policy."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.running import UNTHROTTLED, Sidecar, running
from tests.web.token.asking import Login, basic, claims_of
from tests.web.token.people import People, settle

READ = frozenset(("pull",))
WRITE = frozenset(("pull", "push"))
ALL = frozenset(("pull", "push", "delete", "*"))


@dataclass(frozen=True, slots=True)
class Target:
    sidecar: Sidecar
    people: People

    def allowed(self, user: str, repository: str) -> frozenset[str]:
        """What the tenants' bindings say, written out by hand."""
        own = {self.people.owner.user: ALL, self.people.developer.user: WRITE, self.people.robot.user: WRITE}
        own[self.people.viewer.user] = READ
        if repository.startswith("acme/"):
            return own.get(user, frozenset())
        return READ if repository.startswith("free/") else frozenset()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """In a thread of its own, because Hypothesis runs examples outside of any loop."""
    started: list[Target] = []
    ready, done = threading.Event(), threading.Event()

    async def serve(folder: Path) -> None:
        async with running(folder, throttle=UNTHROTTLED) as sidecar:
            started.append(Target(sidecar, await settle(sidecar.tenants, sidecar.administrator)))
            ready.set()
            await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve(tmp_path_factory.mktemp("fuzz"))))
    thread.start()
    assert ready.wait(30)
    yield started[0]
    done.set()
    thread.join()


REPOSITORIES: Final = (
    "acme/web",
    "acme/a/b",
    "beta/web",
    "free/web",
    "free/a",
    "nobody/x",
    "host:5000/a",
    "acme",
    "ACME/x",
)
NAMES: Final = ("scope", "service", "account", "client_id", "offline_token", "access_type", "grant_type", "username",
                "password", "refresh_token")  # fmt: skip

actions = st.lists(st.sampled_from(["pull", "push", "delete", "*", "", "PULL", "pull "]), max_size=4).map(",".join)
scopes = st.one_of(
    st.tuples(st.sampled_from(["repository", "repository(plugin)", "registry", ""]), st.sampled_from(REPOSITORIES), actions).map(":".join),
    st.sampled_from(["registry:catalog:*", "*", ":", "repository:acme/web:pull repository:beta/web:push,pull"]),
)  # fmt: skip
garbage = st.one_of(
    st.binary(max_size=40), st.text(max_size=20).map(lambda text: text.encode("utf-8", "surrogatepass"))
)
values = st.one_of(
    scopes.map(str.encode), st.sampled_from([b"registry", b"true", b"offline", b"password", b"refresh_token"]), garbage
)
pairs = st.tuples(st.one_of(st.just("scope"), st.sampled_from(NAMES)).map(str.encode) | garbage, values)
raw = st.binary(max_size=60).map(lambda text: bytes(byte for byte in text if byte > 32))
queries = st.one_of(
    st.lists(pairs, max_size=6).map(
        lambda chosen: b"&".join(
            quote_from_bytes(name).encode() + b"=" + quote_from_bytes(value).encode() for name, value in chosen
        )
    ),
    raw,
)
header_values = st.binary(max_size=60).map(lambda text: text.translate(None, b"\r\n"))
headers = st.lists(
    st.tuples(
        st.sampled_from(
            [
                b"Host",
                b"Accept",
                b"Content-Type",
                b"X-Forwarded-For",
                b"X-Request-ID",
                b"User-Agent",
                b"Expect",
                b"Cookie",
            ]
        ),
        header_values,
    ),
    max_size=3,
)
bad_logins = st.one_of(header_values, st.sampled_from([b"Basic", b"Bearer", b"Basic Og=="]), header_values.map(lambda text: b"Basic " + text))  # fmt: skip
callers = st.sampled_from(["owner", "developer", "viewer", "stranger", "robot"])


@dataclass(frozen=True, slots=True)
class Sent:
    status: int
    body: bytes


def send(sidecar: Sidecar, request: bytes) -> Sent:
    host, _, port = sidecar.addresses["public"].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return Sent(int(head.split(b" ")[1]), body)


def lines(chosen: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in chosen)


def get(query: bytes, chosen: list[tuple[bytes, bytes]]) -> bytes:
    return b"GET /token?" + query + b" HTTP/1.1\r\nConnection: close\r\n" + lines(chosen) + b"\r\n"


def post(form: bytes, chosen: list[tuple[bytes, bytes]]) -> bytes:
    length = [(b"Content-Length", str(len(form)).encode())]
    return b"POST /token HTTP/1.1\r\nConnection: close\r\n" + lines([*length, *chosen]) + b"\r\n" + form


def check(target: Target, user: str, sent: Sent) -> None:
    """No 5xx; and where a token was given, it is this user's, and holds nothing that the policy doesn't give."""
    assert sent.status < 500
    if sent.status == 200:
        claims = claims_of(orjson.loads(sent.body)["token"], target.sidecar)
        assert claims["sub"] == user
        for entry in claims["access"]:
            granted = set(entry["actions"])
            assert granted <= target.allowed(user, entry["name"])
            assert "push" not in granted or "pull" in granted


def fuzz_anonymous(target: Target, query: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    check(target, "", send(target.sidecar, get(query, chosen)))


def fuzz_bad_login(target: Target, query: bytes, login: bytes) -> None:
    sent = send(target.sidecar, get(query, [(b"Authorization", login)]))
    assert sent.status in (400, 401)


def fuzz_known(target: Target, who: str, query: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    login: Login = getattr(target.people, who)
    check(target, login.user, send(target.sidecar, get(query, [(b"Authorization", basic(login).encode()), *chosen])))


def fuzz_form(target: Target, form: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    assert send(target.sidecar, post(form, chosen)).status < 500


def fuzz_known_form(target: Target, who: str, form: bytes) -> None:
    """What stands first in the form is overruled by the right credentials at its end."""
    login: Login = getattr(target.people, who)
    credentials = f"grant_type=password&username={login.user}&password={login.secret}".encode()
    check(target, login.user, send(target.sidecar, post(form + b"&" + credentials, [])))


EXAMPLES = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(EXAMPLES, max_examples=200_000)


@EXAMPLES
@given(query=queries, chosen=headers)
def test_nobody_with_garbage(target: Target, query: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    """Anonymous: any query, any headers."""
    fuzz_anonymous(target, query, chosen)


@EXAMPLES
@given(query=queries, login=bad_logins)
def test_garbage_for_credentials(target: Target, query: bytes, login: bytes) -> None:
    """TS-32: any Authorization header that isn't somebody's is 401, if the request itself is HTTP and for us."""
    fuzz_bad_login(target, query, login)


@EXAMPLES
@given(who=callers, query=queries, chosen=headers)
def test_somebody_with_garbage(target: Target, who: str, query: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    """A known caller: any query, any headers beside the credentials."""
    fuzz_known(target, who, query, chosen)


@EXAMPLES
@given(form=queries | garbage, chosen=headers)
def test_garbage_in_a_form(target: Target, form: bytes, chosen: list[tuple[bytes, bytes]]) -> None:
    """Any form at all."""
    fuzz_form(target, form, chosen)


@EXAMPLES
@given(who=callers, form=queries)
def test_somebody_with_garbage_in_a_form(target: Target, who: str, form: bytes) -> None:
    """A known caller's password grant behind any other parameters."""
    fuzz_known_form(target, who, form)


@pytest.mark.long
@pytest.mark.timeout(6 * 3600)
def test_a_million_requests(target: Target) -> None:
    """The five above, 200,000 times each."""
    MANY(given(query=queries, chosen=headers)(lambda query, chosen: fuzz_anonymous(target, query, chosen)))()
    MANY(given(query=queries, login=bad_logins)(lambda query, login: fuzz_bad_login(target, query, login)))()
    MANY(
        given(who=callers, query=queries, chosen=headers)(
            lambda who, query, chosen: fuzz_known(target, who, query, chosen)
        )
    )()
    MANY(given(form=queries | garbage, chosen=headers)(lambda form, chosen: fuzz_form(target, form, chosen)))()
    MANY(given(who=callers, form=queries)(lambda who, form: fuzz_known_form(target, who, form)))()
