"""The same question, asked again with the same credential, is answered again: as long as nothing could answer otherwise."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sidecar.domain.identity import CredentialKind, Limit, Proof
from sidecar.domain.names import Email, ProjectId
from sidecar.usecases.issue_token import IssuedToken
from sidecar.web.repeated import Answer, Question, RepeatedAnswers
from tests.running import Sidecar, running
from tests.web.token.asking import Login, TokenClient

ANN = "ann@acme.example"
WEB = "repository:acme/web:pull,push"


@pytest.fixture
async def login(sidecar: Sidecar) -> Login:
    await sidecar.tenants.project("acme")
    await sidecar.tenants.bind("acme", ANN, "developer")
    return Login(ANN, await sidecar.tenants.secret(ANN))


async def test_the_answer_is_the_same_to_the_byte(client: TokenClient, login: Login) -> None:
    """Decision 3: a stampede of nodes with one credential signs once."""
    first = await client.ask("GET", login, WEB)
    assert (await client.ask("GET", login, WEB)).body == first.body
    assert client.granted(first) == {"acme/web": {"pull", "push"}}


async def test_it_is_forgotten_in_time(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """`tokens.reuse_seconds` after it was signed a new token is."""
    first = await client.ask("GET", login, WEB)
    sidecar.clock.advance(seconds=29)
    assert (await client.ask("GET", login, WEB)).body == first.body
    sidecar.clock.advance(seconds=1)
    assert (await client.ask("GET", login, WEB)).body != first.body


async def test_a_changed_right_is_decided_anew(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S22: whatever was answered a moment ago, a change of access counts on the next request."""
    await client.ask("GET", login, WEB)
    await sidecar.tenants.bind("acme", ANN, "viewer")
    assert client.granted(await client.ask("GET", login, WEB)) == {"acme/web": {"pull"}}
    await sidecar.tenants.bind("acme", ANN)
    assert client.granted(await client.ask("GET", login, WEB)) == {}


async def test_a_revoked_credential_is_refused_at_once(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S22: though it was believed a moment ago."""
    await client.ask("GET", login, WEB)
    await sidecar.tenants.revoke(ANN)
    assert (await client.ask("GET", login, WEB)).status == 401


async def test_a_credential_that_ends_is_refused_to_the_second(
    client: TokenClient, login: Login, sidecar: Sidecar
) -> None:
    """TS-31: what was answered before its end isn't answered after it."""
    secret = await sidecar.tenants.secret(ANN, expires_at=sidecar.clock.now() + timedelta(seconds=10))
    ending = Login(ANN, secret)
    assert (await client.ask("GET", ending, WEB)).status == 200
    sidecar.clock.advance(seconds=9)
    assert (await client.ask("GET", ending, WEB)).status == 200
    sidecar.clock.advance(seconds=1)
    assert (await client.ask("GET", ending, WEB)).status == 401


OTHER = "repository:acme/other:pull"


async def test_who_was_believed_a_moment_ago_is_believed_again(
    client: TokenClient, login: Login, sidecar: Sidecar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another question by the same credential costs no look at it; it counts as use, all the same."""
    core = sidecar.application.core
    await client.ask("GET", login, WEB)
    sidecar.clock.advance(seconds=20)
    monkeypatch.setattr(type(core.access), "credential", lambda *_: pytest.fail("the credential was looked up"))
    assert client.granted(await client.ask("GET", login, OTHER)) == {"acme/other": {"pull"}}
    monkeypatch.undo()
    await core.used.flush()
    assert await last_use(sidecar) == sidecar.clock.now()


async def test_a_revoked_credential_is_not_believed_again(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S22: whatever it asks for."""
    await client.ask("GET", login, WEB)
    await sidecar.tenants.revoke(ANN)
    assert (await client.ask("GET", login, OTHER)).status == 401


async def test_a_credential_that_ended_is_not_believed_again(
    client: TokenClient, login: Login, sidecar: Sidecar
) -> None:
    """TS-31: to the second."""
    ending = Login(ANN, await sidecar.tenants.secret(ANN, expires_at=sidecar.clock.now() + timedelta(seconds=10)))
    assert (await client.ask("GET", ending, WEB)).status == 200
    sidecar.clock.advance(seconds=10)
    assert (await client.ask("GET", ending, OTHER)).status == 401


async def test_a_right_that_was_taken_is_gone_for_every_question(
    client: TokenClient, login: Login, sidecar: Sidecar
) -> None:
    """S22: what is remembered is who somebody is, and not what they may do."""
    await client.ask("GET", login, WEB)
    await sidecar.tenants.bind("acme", ANN)
    assert client.granted(await client.ask("GET", login, OTHER)) == {}


async def test_no_other_secret_is_believed_for_one_that_was(client: TokenClient, login: Login) -> None:
    """Nor the same secret beside another name."""
    await client.ask("GET", login, WEB)
    assert (await client.ask("GET", Login(ANN, login.secret[:-1]), OTHER)).status == 401
    assert (await client.ask("GET", Login("ben@acme.example", login.secret), OTHER)).status == 401


async def test_another_credential_has_its_own_answer(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S2: a limited token doesn't get what its maker was answered, and a wrong secret nothing."""
    limit = Limit(ProjectId("acme"), frozenset({"registry.pull"}))
    scoped = Login(ANN, await sidecar.tenants.secret(ANN, CredentialKind.SCOPED_TOKEN, limit))
    await client.ask("GET", login, WEB)
    assert client.granted(await client.ask("GET", scoped, WEB)) == {"acme/web": {"pull"}}
    assert (await client.ask("GET", Login(ANN, login.secret[:-1]), WEB)).status == 401
    assert (await client.ask("GET", Login("ben@acme.example", login.secret), WEB)).status == 401


async def test_another_question_has_its_own_answer(client: TokenClient, login: Login) -> None:
    """Never more, or other, than what was asked."""
    await client.ask("GET", login, WEB)
    assert client.granted(await client.ask("GET", login, "repository:acme/web:pull")) == {"acme/web": {"pull"}}
    assert (await client.ask("GET", login, WEB, parameters=[("service", "other")])).status == 400


async def test_a_refresh_token_is_never_given_twice(client: TokenClient, login: Login) -> None:
    """TS-46: each that is asked for is a new one."""
    asked = [("offline_token", "true")]
    first, second = [(await client.ask("GET", login, WEB, parameters=asked)).json["refresh_token"] for _ in range(2)]
    assert first != second


async def test_an_answer_that_is_given_again_counts_as_use(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """When a credential was last used doesn't depend on what is remembered."""
    core = sidecar.application.core
    await client.ask("GET", login, WEB)
    await core.used.flush()
    sidecar.clock.advance(seconds=20)
    await client.ask("GET", login, WEB)
    await core.used.flush()
    assert await last_use(sidecar) == sidecar.clock.now()


async def test_an_answer_that_is_given_again_names_its_suspects(
    client: TokenClient, login: Login, sidecar: Sidecar
) -> None:
    """Decision 2: a push token that is given again may be pushed with, too."""
    pushes = sidecar.application.core.pushes
    await client.ask("GET", login, WEB)
    assert pushes.take() == ["acme/web"]
    await client.ask("GET", login, WEB)
    assert pushes.take() == ["acme/web"]


async def test_posts_and_the_anonymous_are_never_remembered(
    client: TokenClient, sidecar: Sidecar, login: Login
) -> None:
    """A form holds secrets, and nobody's answer is worth keeping."""
    await sidecar.tenants.bind("acme", "allUsers", "viewer")
    await client.get("scope=repository:acme/web:pull")
    await client.ask("POST", login, WEB)
    assert kept(sidecar) == {}


async def test_no_secret_is_kept(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S12: answers are kept under a hash, and neither the header nor the secret stays with them."""
    await client.ask("GET", login, WEB)
    (question,), (asker,) = kept(sidecar), believed(sidecar)
    assert len(question) == len(asker) == 32
    assert login.secret not in repr((kept(sidecar), believed(sidecar)))


@pytest.fixture
async def forgetful(tmp_path: Path) -> AsyncIterator[Sidecar]:
    async with running(tmp_path / "forgetful", tokens={"reuse_seconds": 0}) as started:
        yield started


async def test_where_reuse_is_off_nothing_is_kept(forgetful: Sidecar) -> None:
    """`tokens.reuse_seconds: 0` signs each one."""
    await forgetful.tenants.project("acme")
    login = Login(ANN, await forgetful.tenants.secret(ANN))
    first, second = [await TokenClient(forgetful).ask("GET", login, WEB) for _ in range(2)]
    assert first.body != second.body
    assert (kept(forgetful), believed(forgetful)) == ({}, {})


async def test_what_is_kept_is_bounded(client: TokenClient, login: Login, sidecar: Sidecar) -> None:
    """S30: the newest answers stay, and long ones are not kept at all."""
    await client.ask("GET", login, WEB)
    (answer,) = kept(sidecar).values()
    few = RepeatedAnswers(2)
    questions = [Question(name, name) for name in (b"a", b"b", b"c", b"d")]
    for question in questions[:3]:
        few.put(question, answer)
    few.put(questions[3], answer._replace(body=b"x" * 100_000))
    assert [few.get(question) is not None for question in questions] == [False, True, True, False]
    assert [few.proof_of(question) is not None for question in questions] == [False, False, True, True]


async def test_a_stampede_gets_one_answer(client: TokenClient, login: Login) -> None:
    """Many at once get what the first got, or what was signed beside it."""
    answers = await asyncio.gather(*(client.ask("GET", login, WEB) for _ in range(20)))
    assert len({answer.body for answer in answers}) == 1


def kept(sidecar: Sidecar) -> dict[bytes, Answer]:
    """The answers that the token endpoint remembers."""
    answers = dict(_repeated(sidecar)._answers._values)
    assert all(isinstance(answer.issued, IssuedToken) for answer in answers.values())
    return answers


def believed(sidecar: Sidecar) -> dict[bytes, Proof]:
    """Who it knows again."""
    return dict(_repeated(sidecar)._proofs._values)


def _repeated(sidecar: Sidecar) -> RepeatedAnswers:
    routes = sidecar.application.public.router.routes()
    (handler,) = {
        route.handler for route in routes if route.resource is not None and route.resource.canonical == "/token"
    }
    repeated: RepeatedAnswers = handler.__self__.repeated  # type: ignore[attr-defined]  # a bound method
    return repeated


async def last_use(sidecar: Sidecar) -> datetime | None:
    """Of Ann's one credential."""
    async with sidecar.application.core.store.reading() as tables:
        (secret,) = await tables.secrets.of_principal(Email(ANN), tuple(CredentialKind))
    return secret.last_used_at
