"""The door of notifications over HTTP: a rightful registry is never refused, anybody else always."""

import asyncio
import gzip
import hmac
import json
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import Unavailable
from sidecar.domain.names import RepositoryName
from sidecar.ports.inbox import Quarantined
from sidecar.usecases.receive_events import HEAD_BYTES
from tests.logged import Logged, logging_to_memory
from tests.notifications import CONTENT_TYPES, DIGEST, envelope, event
from tests.running import Sidecar, running

WEB = RepositoryName("acme/web")
CAP: Final = 65_536
OTHER: Final = "sha256:" + "b" * 64


@dataclass(frozen=True, slots=True)
class Door:
    """A running sidecar, knocked at as a registry does. `secrets` are all that it takes."""

    sidecar: Sidecar
    secrets: list[str]

    async def send(
        self, body: bytes, secret: str | None = None, content_type: str = CONTENT_TYPES[1], **more: Any
    ) -> int:
        """The status."""
        headers = {"Authorization": f"Bearer {secret or self.secrets[0]}", "Content-Type": content_type}
        return await self.post(body, headers, **more)

    async def post(self, body: Any, headers: dict[str, str], url: str | None = None) -> int:
        async with self.sidecar.http.post(f"{url or self.sidecar.url}/events", data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    async def tags(self) -> dict[Any, Any]:
        return dict(await self.sidecar.application.core.index.tags(WEB))

    async def quarantined(self) -> list[Quarantined]:
        return await self.sidecar.application.core.inbox.quarantined(2000)

    async def retry(self, identifier: int) -> Any:
        """What the administrator is answered, who tries to read it again."""
        headers = {"Authorization": f"Bearer {self.sidecar.administrator}"}
        async with self.sidecar.http.post(
            f"{self.sidecar.url}/installation.inboxRetry", json={"id": identifier}, headers=headers
        ) as answer:
            return await answer.json()

    async def counted(self, outcome: str) -> float:
        """The metric of this outcome."""
        async with self.sidecar.http.get(f"{self.sidecar.url}/metrics") as answer:
            text = await answer.text()
        found = re.search(rf'^sidecar_events_total{{outcome="{outcome}"}} (\S+)$', text, re.MULTILINE)
        return float(found[1]) if found else 0.0


def door_of(sidecar: Sidecar) -> Door:
    return Door(sidecar, sidecar.application.core.config.events.secrets_file.read_text().split())


@pytest.fixture
def logged() -> Iterator[Logged]:
    with logging_to_memory("debug") as lines:
        yield lines


@pytest.fixture
async def door(tmp_path: Path, logged: Logged) -> AsyncIterator[Door]:
    async with running(tmp_path, events={"body_bytes": CAP}) as sidecar:
        yield door_of(sidecar)


async def listed(door: Door, tag: str) -> float:
    """Seconds until the index lists this tag."""
    began = time.monotonic()
    while tag not in await door.tags():
        assert time.monotonic() - began < 10
        await asyncio.sleep(0.01)
    return time.monotonic() - began


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
async def test_a_push_is_taken_and_listed(door: Door, content_type: str) -> None:
    """Both lines' content types: 200, and the tag is in the index within a second."""
    assert await door.send(envelope(event("e1", tag="v1")), content_type=content_type) == 200
    assert await listed(door, "v1") < 1
    assert await door.tags() == {"v1": DIGEST}


async def test_an_event_sent_twice_is_free(door: Door) -> None:
    """Registry fact 2: what was slow to be answered comes again, and is answered alike."""
    body = envelope(event("e1", tag="v1"))
    assert [await door.send(body) for _ in range(3)] == [200, 200, 200]
    await listed(door, "v1")
    assert await door.quarantined() == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Basic d3Jvbmc6d3Jvbmc="},
        {"Authorization": "Bearer sécret"},
    ],
)
async def test_a_wrong_secret_is_refused_loudly(door: Door, logged: Logged, headers: dict[str, str]) -> None:
    """401, a metric and an error in the log: somebody forges events, or the registry's queue waits."""
    assert await door.post(envelope(event("e1", tag="v1")), headers) == 401
    assert await door.counted("refused") == 1
    (line,) = [line for line in logged.lines if line["level"] == "error"]
    assert "wrong secret" in line["event"]
    assert (await door.sidecar.application.core.inbox.state()).depth == 0


async def test_a_part_of_the_secret_is_not_the_secret(door: Door) -> None:
    """Neither its beginning, nor more than it, nor all of them at once."""
    secret = door.secrets[0]
    for wrong in (secret[:-1], secret + "x", secret.upper(), f"{secret} {secret}"):
        assert await door.send(envelope(event("e1")), wrong) == 401


async def test_secrets_are_compared_in_constant_time(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """S9: as bytes, by the one function that doesn't tell where they differ."""
    compared: list[tuple[object, object]] = []
    real = hmac.compare_digest

    def spy(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return real(left, right)

    monkeypatch.setattr(hmac, "compare_digest", spy)
    await door.send(envelope(event("e1")), "wrong")
    assert compared == [(b"Bearer wrong", f"Bearer {secret}".encode()) for secret in door.secrets]


async def test_the_secret_is_in_no_log(door: Door, logged: Logged) -> None:
    """S12: neither the right one nor a wrong one."""
    await door.send(envelope(event("e1")))
    await door.send(b"rubbish")
    await door.send(envelope(event("e1")), "canary-of-a-wrong-secret")
    assert door.secrets[0] not in logged.text
    assert "canary" not in logged.text


async def test_secrets_rotate(tmp_path: Path) -> None:
    """Old and new are valid at once while the file holds both, so that the registry can be changed in between."""
    file = tmp_path / "events"
    file.touch(mode=0o600)
    file.write_text("new-secret\nold-secret\n")
    async with running(tmp_path, events={"secrets_file": str(file)}) as sidecar:
        door = door_of(sidecar)
        statuses = [await door.send(envelope(event(name)), f"{name}-secret") for name in ("new", "old", "other")]
    assert statuses == [200, 200, 401]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"{}",
        b"[]",
        b'{"events":[]}',
        b'{"events":null}',
        b'{"events":[1]}',
        b'{"events":[' + b"[" * 5000,
        b'{"events":[{"id":' + b"9" * 5000 + b"}]}",
        b'{"events":[NaN]}',
        json.dumps({"events": [event("e1") | {"target": None}]}).encode(),
        envelope(event("e1", repository="acme//web")),
        envelope(event("e1", digest="sha256:short")),
        envelope(event("e1", tag="-bad")),
    ],
)
async def test_what_cannot_be_read_is_kept_and_answered_200(door: Door, body: bytes) -> None:
    """A refusal would hold back all that follows: it goes to quarantine, with a reason."""
    assert await door.send(body) == 200
    (kept,) = await door.quarantined()
    assert kept.reason
    assert kept.content == body
    assert await door.counted("quarantined") == 1


async def test_the_head_of_what_is_over_the_cap_is_kept(door: Door) -> None:
    """200, the head in quarantine; the connection goes on."""
    body = envelope(event("e1", tag="v1", url="x" * CAP))
    assert await door.send(body) == 200
    assert [item.content for item in await door.quarantined()] == [body[:HEAD_BYTES]]
    assert await door.send(envelope(event("e2", tag="v2"))) == 200


async def test_a_body_without_a_length_is_capped_too(door: Door) -> None:
    """Chunked, as no registry sends: the cap counts bytes, not promises."""

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 8192

    headers = {"Authorization": f"Bearer {door.secrets[0]}"}
    assert await door.post(endless(), headers) == 200
    assert [item.reason for item in await door.quarantined()] == ["larger than the cap"]


async def test_what_cannot_be_stored_is_503(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one refusal of a rightful event: the registry keeps it and tries again."""

    async def full_disk(_: object) -> None:
        raise Unavailable("the database")

    with monkeypatch.context() as broken:
        broken.setattr(door.sidecar.application.core.inbox, "put", full_disk)
        assert await door.send(envelope(event("e1", tag="v1"))) == 503
    assert await door.send(envelope(event("e1", tag="v1"))) == 200
    await listed(door, "v1")


async def test_own_pulls_are_dropped_at_the_door(door: Door) -> None:
    """Decision 10: the sidecar's reading is neither stored nor counted."""
    assert await door.send(envelope(event("e1", "pull", method="GET", actor="sidecar"))) == 200
    assert await door.counted("ignored") == 1
    assert await door.counted("pulls") == 0


async def test_an_internal_listener_takes_the_door_off_the_public_one(tmp_path: Path) -> None:
    """`internal_listen`: events and metrics are served there alone."""
    async with running(tmp_path, internal_listen="127.0.0.1:0") as sidecar:
        door = door_of(sidecar)
        internal = f"http://{sidecar.addresses['internal']}"
        headers = {"Authorization": f"Bearer {door.secrets[0]}"}
        assert await door.post(envelope(event("e1", tag="v1")), headers) == 404
        assert await door.post(envelope(event("e1", tag="v1")), headers, internal) == 200


async def test_without_a_secrets_file_no_event_is_rightful(tmp_path: Path) -> None:
    """S11: no secret means nobody, not everybody."""
    async with running(tmp_path, events={"secrets_file": "nowhere"}) as sidecar:
        door = Door(sidecar, ["x"])
        assert await door.post(envelope(event("e1")), {"Authorization": "Bearer "}) == 401
        assert await door.post(envelope(event("e1")), {}) == 401


def _changed(number: int, **fields: Any) -> bytes:
    return envelope(event(f"p{number}", tag="v1") | fields)


def _target(number: int, **fields: Any) -> bytes:
    return envelope(event(f"p{number}", **{"tag": "v1"} | fields))


POISON: Final[dict[str, Callable[[int], bytes]]] = {
    "no JSON": lambda number: b"%d: no JSON" % number,
    "truncated": lambda number: _target(number)[: -1 - number],
    "bad UTF-8": lambda number: _target(number).replace(b"v1", b"\xff\xc3\x28"),
    "gzip": lambda number: gzip.compress(_target(number)),
    "nothing": lambda number: b" " * number,
    "no envelope": lambda number: b"[%d]" % number,
    "no events": lambda number: b'{"events":{"%d":1}}' % number,
    "deep nesting": lambda number: b'{"events":' * (number + 1) + b"[" * 20_000,
    "a huge integer": lambda number: _target(number, size=7).replace(b'"size": 7', b'"size": ' + b"9" * 5000),
    "a number beyond doubles": lambda number: _target(number, size=7).replace(b'"size": 7', b'"size": 1e999'),
    "NaN": lambda number: _target(number, size=float("nan")),
    "a key twice": lambda number: _target(number).replace(b'"id"', b'"id": "other", "id"'),
    "over the cap": lambda number: _target(number, url="x" * CAP),
    "wrong types": lambda number: _changed(number, target=[number]),
    "no id": lambda number: _changed(number, id=""),
    "an endless id": lambda number: _changed(number, id="e" * (65 + number)),
    "no action": lambda number: _changed(number, action=None),
    "a wrong name": lambda number: _target(number, repository="acme/../web"),
    "a name in capitals": lambda number: _target(number, repository="Acme/Web"),
    "a wrong tag": lambda number: _target(number, tag="v1/../v2"),
    "a short digest": lambda number: _target(number, digest="sha256:bad"),
    "a digest in capitals": lambda number: _target(number, digest=f"sha256:{'A' * 64}"),
    "a digest of another kind": lambda number: _target(number, digest=f"md5:{'a' * 32}"),
    "a negative size": lambda number: _target(number, size=-1 - number),
    "the year 0": lambda number: _changed(number, timestamp="0000-01-01T00:00:00Z"),
    "the year 1": lambda number: _changed(number, timestamp="0001-01-01T00:00:00Z"),
    "the year 10000": lambda number: _changed(number, timestamp="10000-01-01T00:00:00Z"),
    "the year 9999": lambda number: _changed(number, timestamp="9999-12-31T23:59:59Z"),
    "tomorrow": lambda number: _changed(number, timestamp="2026-11-24T12:00:00Z"),
    "a lone surrogate": lambda number: _target(number).replace(b"crane", b"\\ud800"),
}


async def test_poison_does_not_hold_up_the_next_good_event(door: Door) -> None:
    """1,000 malformed envelopes: each 200 and quarantined, and the next good one is indexed within a second."""
    makers = list(POISON.values())
    statuses = {await door.send(makers[number % len(makers)](number // len(makers))) for number in range(1000)}
    assert await door.send(envelope(event("good", tag="v1"))) == 200
    assert await listed(door, "v1") < 1
    assert statuses == {200}
    assert len(await door.quarantined()) == 1000
    assert await door.counted("quarantined") == 1000


@pytest.mark.parametrize("make", POISON.values(), ids=POISON.keys())
async def test_each_kind_of_poison_is_kept_with_a_reason(door: Door, make: Callable[[int], bytes]) -> None:
    """As it came, or its head; and nothing of it is in the index."""
    body = make(1)
    assert await door.send(body) == 200
    (kept,) = await door.quarantined()
    assert kept.reason
    assert kept.content == body[: max(CAP, HEAD_BYTES)]
    assert await door.tags() == {}


async def test_an_event_from_the_future_does_not_win_for_ever(door: Door) -> None:
    """Decision 1: it goes to quarantine, where it can be taken once its time has come; until then others count."""
    future = envelope(event("future", tag="v1", digest=OTHER) | {"timestamp": "2026-11-23T13:00:01Z"})
    almost = envelope(event("almost", tag="v2", digest=OTHER) | {"timestamp": "2026-11-23T13:00:00Z"})
    for body in (future, almost, envelope(event("now", tag="v1", second=1))):
        assert await door.send(body) == 200
    await listed(door, "v1")
    assert await door.tags() == {"v1": DIGEST, "v2": OTHER}
    (kept,) = await door.quarantined()
    assert "clock" in kept.reason
    assert not (await door.retry(kept.id))["result"]["taken"]
    door.sidecar.clock.advance(seconds=2)
    assert (await door.retry(kept.id))["result"]["taken"]
    assert await door.quarantined() == []


@pytest.fixture(scope="module")
def knock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[bytes, bytes], int]]:
    """Sends any bytes as body, and as secret; in a thread of its own, because Hypothesis runs outside of any loop."""
    started: list[tuple[Door, asyncio.AbstractEventLoop]] = []
    ready = threading.Event()
    done = asyncio.Event()

    async def serve(folder: Path) -> None:
        async with running(folder) as sidecar:
            started.append((door_of(sidecar), asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve(tmp_path_factory.mktemp("fuzz"))))
    thread.start()
    assert ready.wait(30)
    door, loop = started[0]

    def send(body: bytes, secret: bytes) -> int:
        given = secret.decode("latin-1") or door.secrets[0]
        headers = {"Authorization": f"Bearer {given}"}
        return asyncio.run_coroutine_threadsafe(door.post(body, headers), loop).result(20)

    yield send
    loop.call_soon_threadsafe(done.set)
    thread.join()


ALMOST: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
FIELDS: Final = st.sampled_from(["id", "timestamp", "action", "target", "request", "actor", "source"])


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_taken(knock: Callable[[bytes, bytes], int], body: bytes) -> None:
    """From who has the secret: 200, whatever it is."""
    assert knock(body, b"") == 200


@settings(max_examples=200, deadline=None)
@given(FIELDS, ALMOST)
def test_any_event_is_taken(knock: Callable[[bytes, bytes], int], field: str, value: Any) -> None:
    """Fields of any type, in an event that is right otherwise: 200."""
    assert knock(json.dumps({"events": [event("e1", tag="v1") | {field: value}]}).encode(), b"") == 200


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=50),
    st.lists(st.integers(0x20, 0xFF).filter(lambda byte: byte != 0x7F), min_size=1, max_size=50).map(bytes),
)
def test_any_other_secret_is_refused(knock: Callable[[bytes, bytes], int], body: bytes, secret: bytes) -> None:
    """Whatever else is sent: 401, and no error of ours."""
    assert knock(body, secret) == 401
