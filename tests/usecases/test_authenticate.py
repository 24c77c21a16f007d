"""The authenticators in turn."""

import pytest

from sidecar.domain.errors import InvalidCredentials, Unavailable
from sidecar.domain.identity import Credentials, Principal, PrincipalKind, Scheme
from sidecar.ports import Authenticator
from sidecar.usecases.authenticate import Authenticate

SHOWN = Credentials(Scheme.BEARER, "x")
DAN = Principal("dan@acme.example", PrincipalKind.PERSON, credential="c-1")


class Answering:
    """An authenticator with one answer: a principal, None, or what it raises (a fake fault)."""

    def __init__(self, outcome: Principal | Exception | None) -> None:
        self.outcome = outcome
        self.asked = 0

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        self.asked += 1
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def ask(*authenticators: Authenticator) -> tuple[Principal, list[str]]:
    noted: list[str] = []
    return await Authenticate(authenticators, noted.append)(SHOWN), noted


async def test_the_first_that_knows_the_credentials_answers() -> None:
    """After one that says "not mine"; who comes later isn't asked."""
    later = Answering(InvalidCredentials())
    assert (await ask(Answering(None), Answering(DAN), later))[0] == DAN
    assert later.asked == 0


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
