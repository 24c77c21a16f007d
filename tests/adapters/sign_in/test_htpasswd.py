"""Passwords of a file: who they prove, how the file is followed, and what a check costs whom."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from sidecar.adapters.sign_in.htpasswd import HtpasswdAuthenticator
from sidecar.adapters.sign_in.htpasswd_file import HIGHEST_COST, HtpasswdError, HtpasswdFile, parse
from sidecar.adapters.sign_in.passwords import Passwords, fits, pool
from sidecar.domain.errors import Busy, InvalidCredentials
from sidecar.domain.identity import CredentialKind, Credentials, Principal, PrincipalKind, Scheme
from sidecar.domain.names import Email
from tests.fakes import HeldClock, RepeatableRandomness

CI = "ci@acme.serviceaccount.auth.example.com"
ANN = "ann@acme.example"


def line(name: str, password: str, prefix: str = "2b") -> str:
    hashed = bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode()
    return f"{name}:{hashed.replace('$2b$', f'${prefix}$')}\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "htpasswd"
    write(file, line("ann", "right"), line("jenkins", "builds"), line("olga@acme.example", "owner"))
    return file


def write(file: Path, *lines: str) -> None:
    """In place of what it held, as editors do."""
    new = file.with_suffix(".new")
    new.write_text("".join(lines))
    move(new, file)


def move(file: Path, to: Path) -> None:
    file.replace(to)


def let_everybody_write(file: Path) -> None:
    file.chmod(0o666)


class Checks:
    """Counts the checks, and which hash each was of. While `held`, none ends."""

    def __init__(self) -> None:
        self.hashes: list[bytes] = []
        self.going = threading.Event()
        self.going.set()

    def __call__(self, password: bytes, hashed: bytes) -> bool:
        self.hashes.append(hashed)
        self.going.wait(10)
        return fits(password, hashed)


@pytest.fixture
def checks() -> Checks:
    return Checks()


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with pool() as threads:
        yield threads


@pytest.fixture
def authenticator(
    path: Path, clock: HeldClock, groups: Any, checks: Checks, executor: ThreadPoolExecutor
) -> HtpasswdAuthenticator:
    passwords = Passwords(clock, RepeatableRandomness(), executor, checks)
    principals = {"jenkins": Email(CI), "boss": Email("root@acme.example")}
    return HtpasswdAuthenticator(HtpasswdFile(path), passwords, groups.people(), principals, "acme.example")


def basic(user: str, secret: str, address: str = "") -> Credentials:
    return Credentials(Scheme.BASIC, secret, user, address)


async def test_a_password_proves_whom_its_name_stands_for(authenticator: HtpasswdAuthenticator, groups: Any) -> None:
    """By the default domain, by the configuration, or by being an e-mail. A person has the groups that are known."""
    groups.told[ANN] = frozenset({"group:ops"})
    kind = CredentialKind.HTPASSWD
    assert [
        await authenticator.authenticate(basic(*pair))
        for pair in (("ann", "right"), ("jenkins", "builds"), ("olga@acme.example", "owner"))
    ] == [
        Principal(ANN, PrincipalKind.PERSON, None, kind, groups=frozenset({"group:ops"})),
        Principal(CI, PrincipalKind.SERVICE_ACCOUNT, None, kind),
        Principal("olga@acme.example", PrincipalKind.PERSON, None, kind),
    ]


@pytest.mark.parametrize("secret", ["wrong", "Right", "right ", "righ", "right\0", "\udcff", "x" * 9000])
async def test_a_wrong_password_is_bad(authenticator: HtpasswdAuthenticator, secret: str) -> None:
    """No other authenticator may take it for a name that is known here."""
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(basic("ann", secret))


@pytest.mark.parametrize(
    "credentials",
    [
        basic("nobody", "right"),
        basic("Ann", "right"),
        basic(ANN, "right"),
        basic("oauth2accesstoken", "right"),
        Credentials(Scheme.BEARER, "right"),
        Credentials(Scheme.REFRESH, "right"),
    ],
    ids=str,
)
async def test_what_the_file_does_not_name_is_not_its_own(
    authenticator: HtpasswdAuthenticator, credentials: Credentials
) -> None:
    """None: another authenticator may know it."""
    assert await authenticator.authenticate(credentials) is None


async def test_a_name_that_is_unknown_costs_the_same(authenticator: HtpasswdAuthenticator, checks: Checks) -> None:
    """TS-31: one check, of a hash of the same cost."""
    await authenticator.authenticate(basic("nobody", "right"))
    assert [hashed[:7] for hashed in checks.hashes] == [b"$2b$04$"]


@pytest.mark.parametrize("prefix", ["2a", "2b", "2y"])
async def test_each_form_of_bcrypt_is_taken(authenticator: HtpasswdAuthenticator, path: Path, prefix: str) -> None:
    """`htpasswd -B` writes 2y, the registry's own library 2a. Of a long password 72 bytes count, as there."""
    write(path, line("ann", "ö" * 40, prefix))
    assert await authenticator.authenticate(basic("ann", "ö" * 40)) is not None
    assert await authenticator.authenticate(basic("ann", "ö" * 36)) is not None


@pytest.mark.parametrize(
    "name", ["root@acme.example", CI, "admin@serviceaccount.auth.example.com", "a b", "x@y@z.example", "olga@"]
)
async def test_a_name_in_the_file_is_no_reserved_one(
    authenticator: HtpasswdAuthenticator, path: Path, name: str
) -> None:
    """Who can add a line can't become the administrator or a service account: only the configuration says so."""
    write(path, line(name, "x"))
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(basic(name, "x"))


async def test_the_configuration_may_name_whom_it_likes(authenticator: HtpasswdAuthenticator, path: Path) -> None:
    """The administrator's own password, where that is wanted."""
    write(path, line("boss", "x"))
    principal = await authenticator.authenticate(basic("boss", "x"))
    assert principal is not None
    assert principal.name == "root@acme.example"


async def test_a_right_answer_is_remembered_for_a_while(
    authenticator: HtpasswdAuthenticator, checks: Checks, clock: HeldClock
) -> None:
    """Five minutes; docker asks many times in one pull."""
    for _ in range(3):
        await authenticator.authenticate(basic("ann", "right"))
    assert len(checks.hashes) == 1
    clock.advance(minutes=5)
    await authenticator.authenticate(basic("ann", "right"))
    assert len(checks.hashes) == 2


async def test_a_wrong_answer_is_remembered_for_a_moment(
    authenticator: HtpasswdAuthenticator, checks: Checks, clock: HeldClock
) -> None:
    """A robot with an old password in a loop costs one check in ten seconds; another password is asked anew."""
    for _ in range(3):
        with pytest.raises(InvalidCredentials):
            await authenticator.authenticate(basic("ann", "old"))
    assert len(checks.hashes) == 1
    assert await authenticator.authenticate(basic("ann", "right")) is not None
    clock.advance(seconds=10)
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(basic("ann", "old"))
    assert len(checks.hashes) == 3


async def test_a_changed_file_counts_at_once(authenticator: HtpasswdAuthenticator, path: Path) -> None:
    """A password that was taken away or changed is bad on the next request, whatever was remembered of it."""
    assert await authenticator.authenticate(basic("ann", "right")) is not None
    write(path, line("ann", "newer"))
    with pytest.raises(InvalidCredentials):
        await authenticator.authenticate(basic("ann", "right"))
    assert await authenticator.authenticate(basic("ann", "newer")) is not None
    write(path, line("ben", "other"))
    assert await authenticator.authenticate(basic("ann", "newer")) is None
    write(path, "")
    assert await authenticator.authenticate(basic("ben", "other")) is None


async def test_a_file_that_cannot_be_read_is_a_fault(authenticator: HtpasswdAuthenticator, path: Path) -> None:
    """TS-59: neither a refusal nor a way in, though the password was right a moment ago; and it comes back."""
    await authenticator.authenticate(basic("ann", "right"))
    move(path, path.with_name("away"))
    with pytest.raises(HtpasswdError):
        await authenticator.authenticate(basic("ann", "right"))
    assert authenticator.trouble() is not None
    move(path.with_name("away"), path)
    assert await authenticator.authenticate(basic("ann", "right")) is not None
    assert authenticator.trouble() is None


async def test_a_file_that_everybody_can_change_is_not_believed(
    authenticator: HtpasswdAuthenticator, path: Path
) -> None:
    """Whoever can write it could be anybody."""
    let_everybody_write(path)
    with pytest.raises(HtpasswdError, match="chmod"):
        await authenticator.authenticate(basic("ann", "right"))


async def test_the_same_question_is_asked_once(authenticator: HtpasswdAuthenticator, checks: Checks) -> None:
    """A stampede with one password is one check."""
    checks.going.clear()
    asked = [asyncio.create_task(authenticator.authenticate(basic("ann", "right"))) for _ in range(50)]
    await asyncio.sleep(0)
    checks.going.set()
    assert all(await asyncio.gather(*asked))
    assert len(checks.hashes) == 1


async def test_one_name_cannot_hold_up_the_others(authenticator: HtpasswdAuthenticator, checks: Checks) -> None:
    """Of one name from one place at most four checks wait: further ones are told to come back, never that they are wrong."""
    checks.going.clear()
    guesses = [asyncio.create_task(authenticator.authenticate(basic("ann", f"guess {n}"))) for n in range(10)]
    await asyncio.sleep(0)
    right = asyncio.create_task(authenticator.authenticate(basic("jenkins", "builds")))
    await asyncio.sleep(0)
    checks.going.set()
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [InvalidCredentials] * 4 + [Busy] * 6
    assert await right is not None


@pytest.mark.parametrize("guessed", ["ann", "name {}"])
@pytest.mark.parametrize("place", ["192.0.2.1", "2001:db8::{}"])
async def test_who_guesses_turns_nobody_else_away(
    authenticator: HtpasswdAuthenticator, checks: Checks, guessed: str, place: str
) -> None:
    """TS-39: neither in her own name nor in a hundred others', from one address or a whole /64, can she be shut out."""
    checks.going.clear()
    guesses = [
        asyncio.create_task(authenticator.authenticate(basic(guessed.format(n), f"guess {n}", place.format(n))))
        for n in range(100)
    ]
    await asyncio.sleep(0)
    right = asyncio.create_task(authenticator.authenticate(basic("ann", "right", "198.51.100.7")))
    await asyncio.sleep(0)
    checks.going.set()
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == (96 if guessed == "ann" else 52)
    assert await right is not None


async def test_what_waits_is_bounded(authenticator: HtpasswdAuthenticator, checks: Checks) -> None:
    """S30: beyond 64 checks nobody is kept waiting for an answer that would come too late."""
    checks.going.clear()
    shown = [basic(f"name {n}", "x", f"192.0.2.{n}") for n in range(70)]
    guesses = [asyncio.create_task(authenticator.authenticate(each)) for each in shown]
    await asyncio.sleep(0)
    checks.going.set()
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, Busy) for outcome in outcomes) == 6
    assert len(checks.hashes) == 64


def test_lines_that_do_not_count_are_named() -> None:
    """By number, and without what stands in them."""
    good = line("ann", "x").strip()
    costly = good.replace("ann", "ben").replace("$04$", f"${HIGHEST_COST + 1}$")
    content = "\n".join(
        ["# people", "", good, "md5:$apr1$xyz", "plain:secret", "sha:{SHA}x", costly, "none", ":x", "ann:again", ""]
    )
    entries = parse(content.encode() + b"\xff:x\n")
    assert list(entries.hashes) == ["ann"]
    assert entries.cost == 4
    assert [fault.partition(":")[0] for fault in entries.faults] == [
        f"line {number}" for number in (4, 5, 6, 7, 8, 9, 10, 11)
    ]
    assert "secret" not in str(entries.faults)
