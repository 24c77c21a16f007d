"""The authenticators in turn."""

import pytest

from sidecar.domain.actors import Asking
from sidecar.domain.errors import InvalidCredentials, SignInFault, Unavailable
from sidecar.domain.identity import Credentials, Principal, PrincipalKind, Scheme
from sidecar.ports import Authenticator
from sidecar.usecases.authenticate import Authenticate

ASKING = Asking("me.get", "192.0.2.1", "r-1")
SHOWN = Credentials(Scheme.BEARER, "x", "", ASKING.address)
DAN = Principal("dan@acme.example", PrincipalKind.PERSON, credential="c-1")


class Answering:
    """An authenticator with one answer: a principal, None, or what it raises (a fake fault)."""

    def __init__(self, outcome: Principal | Exception | None) -> None:
        self.outcome = outcome
        self.asked = 0
        self.address = ""

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        self.asked += 1
        self.address = credentials.address
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def ask(*authenticators: Authenticator) -> tuple[Principal, list[str]]:
    noted: list[str] = []
    return await Authenticate(authenticators, noted.append)(SHOWN, ASKING), noted


async def test_the_first_that_knows_the_credentials_answers() -> None:
    """After one that says "not mine"; who comes later isn't asked."""
    later = Answering(InvalidCredentials())
    assert (await ask(Answering(None), Answering(DAN), later))[0] == DAN
    assert later.asked == 0


async def test_authenticators_are_told_where_credentials_come_from() -> None:
    """So that what is dear to verify is asked in turns, and nobody takes the turns of others (decision 28)."""
    authenticator = Answering(DAN)
    await ask(authenticator)
    assert authenticator.address == ASKING.address


async def test_mine_and_bad_ends_the_search() -> None:
    """No other authenticator may take what its owner calls bad."""
    with pytest.raises(InvalidCredentials):
        await ask(Answering(InvalidCredentials()), Answering(DAN))


async def test_what_nobody_knows_is_bad() -> None:
    """Default deny."""
    with pytest.raises(InvalidCredentials):
        await ask(Answering(None))
    with pytest.raises(InvalidCredentials):
        await ask()


@pytest.mark.parametrize("fault", [OSError("refused"), ValueError("x"), KeyError("y"), TimeoutError()])
async def test_a_fault_is_unavailable(fault: Exception) -> None:
    """TS-59: neither a refusal nor a way to the next authenticator."""
    with pytest.raises(Unavailable):
        await ask(Answering(fault), Answering(DAN))


async def test_a_credential_that_proved_somebody_is_noted() -> None:
    """For "last used"."""
    assert (await ask(Answering(DAN)))[1] == ["c-1"]


@pytest.mark.parametrize(
    ("outcome", "fault"),
    [
        (InvalidCredentials(SignInFault.EXPIRED), SignInFault.EXPIRED),
        (None, SignInFault.UNRECOGNISED),
    ],
)
async def test_each_refusal_is_heard_of_once(outcome: Exception | None, fault: SignInFault) -> None:
    """With what was shown, where it came from, and what was wrong with it."""
    heard: list[object] = []
    authenticate = Authenticate((Answering(outcome),), lambda _: None, lambda *refusal: heard.append(refusal))
    with pytest.raises(InvalidCredentials):
        await authenticate(SHOWN, ASKING)
    assert heard == [(SHOWN, ASKING, fault)]


async def test_a_fault_is_no_refusal() -> None:
    """Nobody is throttled, and nothing told of, because a part of ours is out of order."""
    heard: list[object] = []
    authenticate = Authenticate((Answering(OSError()),), lambda _: None, lambda *refusal: heard.append(refusal))
    with pytest.raises(Unavailable):
        await authenticate(SHOWN, ASKING)
    assert heard == []
