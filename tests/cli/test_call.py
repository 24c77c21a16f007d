"""`sidecar call`: what it sends, what it shows, and the exit codes that scripts go by."""

import io
import json
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.adapters.system import SystemRandomness
from sidecar.cli.api.client import ApiClient
from sidecar.cli.call.body import read_body, typed
from sidecar.cli.failure import ExitCode
from sidecar.cli.main import main
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from sidecar.web.api.catalogue import described
from tests.cli.servers import installed, serving
from tests.running import PUBLIC_URL

METHODS: Final = [path.removeprefix("/") for path in described(PUBLIC_URL)["paths"]]
KEY: Final = make_secret(SecretKind.SERVICE_ACCOUNT_KEY, SystemRandomness().bytes(RANDOM_BYTES))


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command wrote and returned."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """`sidecar call ARGUMENTS…` in this process, with this standard input and these variables alone."""

    def run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
        for name in ("SIDECAR_URL", "SIDECAR_TOKEN", "SIDECAR_EMAIL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["sidecar", "call", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            main()
        written = capsys.readouterr()
        return Ended(int(ended.value.code or 0), written.out, written.err)

    return run


@dataclass
class Scripted:
    """An API that gives these answers in turn, and what it was asked: paths, credentials, bodies."""

    answers: list[tuple[int, Any]]
    asked: list[tuple[str, str, Any]]
    url: str = ""


@contextmanager
def scripted(*answers: tuple[int, Any]) -> Iterator[Scripted]:
    api = Scripted(list(answers), [])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            api.asked.append((self.path, self.headers["Authorization"], body))
            status, answer = api.answers.pop(0)
            content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def good(**result: Any) -> tuple[int, Any]:
    return 200, {"ok": True, "result": result}


def bad(code: str, status: int = 200, **more: Any) -> tuple[int, Any]:
    return status, {"ok": False, "error": {"code": code, "message": f"api: {code}", **more}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real sidecar, as the variables of its administrator."""
    installation = installed(tmp_path_factory.mktemp("call"))
    with serving(installation) as url:
        yield {"SIDECAR_URL": url, "SIDECAR_TOKEN": installation.admin_token.read_text()}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["project.get", "project=nowhere"], ExitCode.NOT_FOUND, "project.get: api: project not found"),
        (["project.get"], ExitCode.USAGE, "project: is missing"),
        (["project.delete", "project=taken", "extra=1"], ExitCode.USAGE, "extra: unknown field"),
        (["project.create", "sid=taken"], ExitCode.REFUSED, "already_exists"),
        (["project.gett"], ExitCode.USAGE, "did you mean project.get?"),
        (["registry.delete", "project=taken", "repository=web"], ExitCode.NOT_FOUND, "repository_not_found"),
    ],
)
def test_a_refusal_has_its_own_exit_code(
    call: Call, server: dict[str, str], arguments: list[str], code: ExitCode, told: str
) -> None:
    """A script branches on the code alone; a person reads code, message and evidence on standard error."""
    call("project.create", "sid=taken", **server)
    ended = call(*arguments, **server)
    assert (ended.code, ended.out) == (code, "")
    assert told in ended.err
    assert ended.err.startswith("error: ")


def test_who_may_not_is_told_so(call: Call, server: dict[str, str]) -> None:
    """No credentials, bad ones and a missing permission are one exit code; what is missing is named."""
    call("project.create", "sid=scoped", **server)
    made = call("me.generateToken", "project=scoped", 'permissions:=["registry.get"]', **server)
    scoped = server | {"SIDECAR_TOKEN": json.loads(made.out)["token"]}
    assert call("me.get", SIDECAR_URL=server["SIDECAR_URL"]).code == ExitCode.DENIED
    assert call("me.get", SIDECAR_URL=server["SIDECAR_URL"], SIDECAR_TOKEN="rpt_x").code == ExitCode.DENIED
    forbidden = call("project.get", "project=scoped", **scoped)
    assert (forbidden.code, forbidden.err) == (
        ExitCode.DENIED,
        "error: project.get: api: forbidden (forbidden)\n  project.get\n",
    )


def test_a_service_account_calls_with_its_key(call: Call, server: dict[str, str]) -> None:
    """SIDECAR_EMAIL says whose key it is."""
    call("project.create", "sid=robots", **server)
    account = json.loads(call("serviceAccount.create", "project=robots", "sid=ci", **server).out)["email"]
    key = json.loads(call("serviceAccount.createKey", "project=robots", "id=ci", **server).out)["secret"]
    me = call("me.get", SIDECAR_URL=server["SIDECAR_URL"], SIDECAR_TOKEN=key, SIDECAR_EMAIL=account)
    assert json.loads(me.out) == {"email": account, "kind": "serviceAccount"}


def test_a_key_without_its_e_mail_is_not_sent(call: Call) -> None:
    """It would be refused like a wrong one; what is missing is said instead."""
    ended = call("me.get", SIDECAR_TOKEN=KEY)
    assert ended.code == ExitCode.DENIED
    assert "SIDECAR_EMAIL" in ended.err
    assert KEY not in ended.err


def test_an_e_mail_with_a_key_behind_it_is_not_sent(call: Call) -> None:
    """TS-33: the server would take what stands behind the colon for the beginning of the key."""
    ended = call("me.get", SIDECAR_TOKEN=KEY, SIDECAR_EMAIL=f"ci@acme.example:{KEY}")
    assert ended.code == ExitCode.USAGE
    assert KEY not in ended.err


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["me.get", "project"], "neither key=value nor key:=json"),
        (["me.get", "=x"], "neither key=value nor key:=json"),
        (["me.get", "roles:=[owner]"], "isn't JSON"),
        (["me.get", "-"], "standard input isn't JSON"),
        (["registry/list"], "did you mean registry.list?"),
        (["../token"], "no such method"),
        (["me.get", "--tabel"], "No such option"),
    ],
)
def test_a_call_that_is_typed_wrong_is_not_sent(call: Call, arguments: list[str], fault: str) -> None:
    """What is wrong is said, with the exit code of every command that was typed wrong."""
    ended = call(*arguments, SIDECAR_TOKEN="rpt_x", SIDECAR_URL="http://127.0.0.1:9")
    assert ended.code == ExitCode.USAGE
    assert fault in ended.err


@pytest.mark.parametrize(
    "answer",
    [
        bad("internal", 500, requestId="r-1"),
        bad("unavailable", 503),
        bad("registry_unavailable"),
        (200, b"<html>"),
        (200, b"\xff"),
        (302, b""),
        (200, []),
        (200, {"ok": True}),
    ],
)
def test_what_may_go_well_later_has_an_exit_code(call: Call, answer: tuple[int, Any]) -> None:
    """A fault, an outage and whatever is no sidecar: a script may try again."""
    with scripted(answer) as api:
        ended = call("me.get", SIDECAR_TOKEN="rpt_x", SIDECAR_URL=api.url)
    assert (ended.code, ended.out) == (ExitCode.UNAVAILABLE, "")


def test_too_many_wrong_credentials_are_wrong_credentials(call: Call) -> None:
    """Only who shows wrong ones is told to wait; the same again won't help."""
    with scripted(bad("too_many_attempts", 429)) as api:
        ended = call("me.get", SIDECAR_TOKEN="rpt_x", SIDECAR_URL=api.url)
    assert ended.code == ExitCode.DENIED


def test_nobody_there_is_unavailable(call: Call) -> None:
    """A refused connection is one line."""
    ended = call("me.get", SIDECAR_TOKEN="rpt_x", SIDECAR_URL="http://127.0.0.1:9")
    assert ended.code == ExitCode.UNAVAILABLE
    assert len(ended.err.splitlines()) == 1


def test_the_id_of_a_fault_is_shown(call: Call) -> None:
    """It finds the fault in the sidecar's log."""
    with scripted(bad("internal", 500, requestId="r-1")) as api:
        assert "request r-1" in call("me.get", SIDECAR_TOKEN="rpt_x", SIDECAR_URL=api.url).err


def test_all_pages_are_one_result(call: Call) -> None:
    """--all follows each cursor with the fields that were given, and shows one list that has none."""
    first, second = good(name="acme/web", items=[1, 2], nextCursor="c"), good(name="acme/web", items=[3])
    with scripted(first, second) as api:
        ended = call("registry.getTags", "project=acme", "limit=2", "--all", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
    assert json.loads(ended.out) == {"name": "acme/web", "items": [1, 2, 3]}
    assert [body for _, _, body in api.asked] == [
        {"project": "acme", "limit": "2"},
        {"project": "acme", "limit": "2", "cursor": "c"},
    ]
    assert ended.err == ""


def test_one_page_says_that_it_is_not_all(call: Call) -> None:
    """On standard error, where no program takes it for an item; the JSON holds the cursor itself."""
    with scripted(good(items=[1], nextCursor="c"), good(items=[1], nextCursor="c")) as api:
        ended = call("project.list", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
        columns = call("project.list", "--table", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
    assert json.loads(ended.out)["nextCursor"] == "c"
    assert columns.out == "item\n1\n"
    assert ended.err == columns.err == "… and more: --all, or cursor=c\n"


def test_a_list_without_an_end_is_no_trap(call: Call) -> None:
    """A cursor that leads to itself ends the command."""
    page = good(items=[1], nextCursor="c")
    with scripted(page, page) as api:
        ended = call("project.list", "--all", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
    assert (ended.code, ended.out) == (ExitCode.UNAVAILABLE, "")


def test_a_body_may_come_from_standard_input(call: Call) -> None:
    """What is typed beside it comes first."""
    with scripted(good()) as api:
        stdin = '{"project": "acme", "limit": 5}'
        call("registry.list", "-", "project=beta", stdin=stdin, SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
    assert api.asked == [("/registry.list", "Bearer t", {"project": "beta", "limit": 5})]


def test_text_of_others_does_not_reach_the_terminal(call: Call) -> None:
    """S10: neither in results, which stay the same JSON, nor in errors."""
    evil = "a\x9b2Jb\u202e\U000e0001"
    with scripted(good(name=evil), bad("manifest_tagged", items=[evil])) as api:
        result = call("registry.get", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
        refused = call("registry.get", SIDECAR_TOKEN="t", SIDECAR_URL=api.url)
    assert json.loads(result.out)["name"] == evil
    assert (result.out + refused.err).replace("\n", "").isprintable()


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_help(call: Call, method: str) -> None:
    """Without a server, a token or a body: what it does, needs, takes and may refuse, and a line to type."""
    ended = call(method, "--help")
    assert ended.code == 0
    assert ended.out.startswith(f"{method}: ")
    assert f"sidecar call {method}" in ended.out
    assert all(text in ended.out for text in ("Permission: ", "unauthorized: no credentials"))


def test_help_finds_a_method_in_any_case(call: Call) -> None:
    """As the API does; what there isn't is told with what may be meant."""
    assert call("ROLE.bind", "--help").out == call("role.bind", "--help").out
    unknown = call("role.bnd", "--help")
    assert (unknown.code, unknown.out) == (ExitCode.USAGE, "")
    assert "did you mean role.bind?" in unknown.err


def test_all_methods_are_listed(call: Call) -> None:
    """By namespace, each with its summary, and only those of one if one is named."""
    listed = call("--list")
    assert [line.split()[0] for line in listed.out.splitlines() if line] == METHODS
    assert all(len(line.split()) > 1 for line in listed.out.splitlines() if line)
    assert {line.partition(".")[0] for line in call("--list", "registry").out.splitlines()} == {"registry"}
    assert call("--list", "nothing").code == ExitCode.USAGE


def test_without_a_method_the_command_explains_itself(call: Call) -> None:
    """Its own help, which names each exit code."""
    bare = call()
    assert bare == call("--help")
    assert bare.code == 0
    assert all(f"  {code.value}  " in bare.out for code in ExitCode)


@given(st.dictionaries(st.from_regex(r"[a-zA-Z]+", fullmatch=True), st.text() | st.integers() | st.booleans()))
def test_an_example_is_read_as_it_was_meant(body: dict[str, Any]) -> None:
    """What help shows can be typed into a shell."""
    assert read_body(shlex.split(typed(body)), io.StringIO()) == body


@contextmanager
def silent() -> Iterator[str]:
    """Something that takes calls and never answers; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_call_that_takes_too_long_goes_on_at_the_sidecar(call: Call) -> None:
    """Whoever gives up is told so, rather than that nobody is there: a repository may take long to delete."""
    with silent() as url:
        ended = call(
            "registry.delete",
            "project=acme",
            "repository=web",
            "--timeout",
            "1",
            SIDECAR_URL=url,
            SIDECAR_TOKEN=KEY,
            SIDECAR_EMAIL="ci@acme.example",
        )
    assert ended.code == ExitCode.UNAVAILABLE
    assert "registry.delete: no answer within 1 s. What it changes goes on at the sidecar" in ended.err
    assert "--timeout" in ended.err


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [
        (["registry.delete"], 3600),
        (["Registry.Delete"], 3600),
        (["reconcile.recount"], 3600),
        (["registry.list"], 60),
        (["registry.delete", "--timeout", "5"], 5),
    ],
)
def test_what_takes_long_is_waited_for(
    call: Call, monkeypatch: pytest.MonkeyPatch, arguments: list[str], seconds: float
) -> None:
    """An hour for what grows with the registry, a minute for anything else, and what is asked for."""
    asked: list[float] = []

    class Patient(ApiClient):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            asked.append(self._seconds)

    monkeypatch.setattr("sidecar.cli.call.command.ApiClient", Patient)
    with scripted(good()) as api:
        assert call(*arguments, SIDECAR_URL=api.url, SIDECAR_TOKEN="rpt_x").code == ExitCode.DONE
    assert asked == [seconds]
