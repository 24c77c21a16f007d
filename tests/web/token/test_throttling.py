"""docs/token-server.md, Authentication: lines 39 and 40, and that nobody is locked out by others."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from tests.running import Sidecar, running
from tests.web.token.asking import Answer, Login, Method, TokenClient, basic
from tests.web.token.people import People

SCOPE = "repository:acme/web:pull"
LIMIT = 10
"""The default of `throttle.failures_of_one`."""


async def wrong(client: TokenClient, user: str, method: Method = "GET", secret: str = "wrong") -> Answer:
    return await client.ask(method, Login(user, secret), SCOPE)


async def test_one_too_many_is_told_when_to_come_back(
    sidecar: Sidecar, client: TokenClient, people: People, method: Method
) -> None:
    """TS-40: 429 with `Retry-After`; when that time has passed, a wrong secret is 401 again."""
    user = people.developer.user
    answers = [await wrong(client, user, method, f"guess {number}") for number in range(LIMIT + 1)]
    assert [answer.status for answer in answers] == [401] * LIMIT + [429]
    last = answers[-1]
    assert (last.headers["Retry-After"], last.json["errors"][0]["code"]) == ("60", "TOOMANYREQUESTS")
    sidecar.clock.advance(seconds=60)
    assert (await wrong(client, user, method)).status == 401


async def test_the_right_secret_is_never_refused(client: TokenClient, people: People, method: Method) -> None:
    """TS-39: not even beside failures in the same name from the same address; so nobody can be locked out."""
    for number in range(LIMIT * 3):
        await wrong(client, people.developer.user, method, f"guess {number}")
    assert (await client.ask(method, people.developer, SCOPE)).status == 200
    assert (await client.ask(method, people.viewer, SCOPE)).status == 200


async def test_a_wrong_secret_of_another_name_is_no_failure_of_this_one(client: TokenClient, people: People) -> None:
    """TS-39: it gets the answer that it would have got without the others'."""
    for number in range(LIMIT + 1):
        await wrong(client, people.developer.user, secret=f"guess {number}")
    assert (await wrong(client, people.viewer.user)).status == 401


async def test_a_post_and_the_get_that_follows_count_once(client: TokenClient, people: People) -> None:
    """TS-39: containerd and BuildKit fall back to GET with the same secret, and may be wrong as often as docker."""
    user = people.developer.user
    both: tuple[Method, Method] = ("POST", "GET")
    pairs = [(method, f"guess {number}") for number in range(LIMIT + 1) for method in both]
    statuses = [(await wrong(client, user, method, secret)).status for method, secret in pairs]
    assert statuses == [401] * (2 * LIMIT) + [429] * 2


async def test_the_api_throttles_alike(sidecar: Sidecar, people: People) -> None:
    """With the status of its own, in the API's envelope."""
    headers = {"Authorization": basic(Login(people.developer.user, "wrong"))}
    for _ in range(LIMIT):
        async with sidecar.http.post(f"{sidecar.url}/me.get", headers=headers) as answer:
            assert (answer.status, (await answer.json())["error"]["code"]) == (200, "unauthorized")
    async with sidecar.http.post(f"{sidecar.url}/me.get", headers=headers) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        assert (await answer.json())["error"]["code"] == "too_many_attempts"


async def test_they_are_counted(sidecar: Sidecar, client: TokenClient, people: People) -> None:
    """By what was wrong, and whether the client was told to wait: never by name."""
    for _ in range(LIMIT + 2):
        await wrong(client, people.developer.user)
    async with sidecar.http.get(f"{sidecar.url}/metrics") as answer:
        text = await answer.text()
    assert 'sidecar_sign_ins_refused_total{fault="unrecognised",throttled="false"} 10.0' in text
    assert 'sidecar_sign_ins_refused_total{fault="unrecognised",throttled="true"} 2.0' in text


@pytest.fixture
async def crowd(sidecar: Sidecar) -> AsyncIterator[ClientSession]:
    """Many connections at once."""
    async with ClientSession(cookie_jar=DummyCookieJar(), connector=TCPConnector(limit=200)) as session:
        yield session


async def ask(session: ClientSession, url: str, login: Login) -> int:
    headers = {"Authorization": basic(login)}
    async with session.get(f"{url}/token", params={"scope": SCOPE}, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_right_ones_are_served_beside_many_wrong_ones(
    sidecar: Sidecar, crowd: ClientSession, people: People
) -> None:
    """TS-39: over real connections, in the same names and from the same address, all at once."""
    right = [people.developer, people.viewer] * 100
    bad = [Login(right[number % 2].user, f"guess {number}") for number in range(400)]
    mixed = [login for pair in zip(bad[::2], bad[1::2], right, strict=True) for login in pair]
    statuses = await asyncio.gather(*(ask(crowd, sidecar.url, login) for login in mixed))
    of_right = Counter(status for login, status in zip(mixed, statuses, strict=True) if login in right)
    of_bad = Counter(status for login, status in zip(mixed, statuses, strict=True) if login not in right)
    assert of_right == {200: 200}
    assert of_bad == {401: 2 * LIMIT, 429: 400 - 2 * LIMIT}


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_ten_thousand_logins_beside_a_thousand_wrong_ones_a_second(tmp_path: Path) -> None:
    """TS-39: each right one is served, while wrong ones come in at their pace, in the same names; memory is bounded."""
    async with running(tmp_path) as sidecar, patient(100) as right, patient(100) as bad:
        logins = [await viewer(sidecar, number) for number in range(100)]
        asked: Counter[int] = Counter()
        done = asyncio.Event()
        guesses = guess_at_a_pace(1000, done, lambda number: ask(bad, sidecar.url, _guess(logins, number)))
        guessing = asyncio.create_task(guesses)
        began = time.monotonic()
        for portion in range(100):
            of_these = logins[portion:] + logins[:portion]
            asked.update(await asyncio.gather(*(ask(right, sidecar.url, login) for login in of_these)))
        seconds = time.monotonic() - began
        done.set()
        wrong_ones = await guessing
    print(f"10,000 right in {seconds:.1f} s: {dict(asked)}; wrong ones meanwhile: {dict(wrong_ones)}")
    assert asked == {200: 10_000}
    assert set(wrong_ones) <= {401, 429}
    assert wrong_ones[429] > wrong_ones[401] > 0


async def viewer(sidecar: Sidecar, number: int) -> Login:
    user = f"user-{number}@acme.example"
    if number == 0:
        await sidecar.tenants.project("acme")
    await sidecar.tenants.bind("acme", user, "viewer")
    return Login(user, await sidecar.tenants.secret(user))


def patient(connections: int) -> ClientSession:
    """So many connections, and no end of patience."""
    connector, timeout = TCPConnector(limit=connections), ClientTimeout(total=None)
    return ClientSession(cookie_jar=DummyCookieJar(), connector=connector, timeout=timeout)


def _guess(logins: list[Login], number: int) -> Login:
    return Login(logins[number % len(logins)].user, f"guess {number}")


async def guess_at_a_pace(per_second: int, done: asyncio.Event, send: Callable[[int], Awaitable[int]]) -> Counter[int]:
    """Begins so many each second until it is done, at most a thousand at once; the answers, counted."""
    answers: Counter[int] = Counter()
    gate = asyncio.Semaphore(1000)

    async def count(number: int) -> None:
        answers[await send(number)] += 1
        gate.release()

    async with asyncio.TaskGroup() as group:
        began, number = time.monotonic(), 0
        while not done.is_set():
            while number < (time.monotonic() - began) * per_second and not done.is_set():
                await gate.acquire()
                group.create_task(count(number))
                number += 1
            await asyncio.sleep(0.01)
    return answers
