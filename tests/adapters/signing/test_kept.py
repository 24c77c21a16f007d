"""Tokens for ourselves: signed once for many questions, and never given again near their end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sidecar.adapters.signing import KeptTokens
from sidecar.ports import AccessEntry, Clock, RegistryToken
from tests.fakes import HeldClock

WEB = (AccessEntry("repository", "acme/web", ("pull",)),)
API = (AccessEntry("repository", "acme/api", ("pull",)),)


@dataclass
class Counting:
    """ports.TokenSigner whose tokens are numbered."""

    clock: Clock
    signed: list[str] = field(default_factory=list)

    def ready(self) -> bool:
        return True

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        self.signed.append(f"{len(self.signed)}")
        return RegistryToken(self.signed[-1], self.clock.now(), lifetime)


def test_the_same_question_is_signed_once_in_half_a_life(clock: HeldClock) -> None:
    """A token of a minute is given again for half of it: a request that is slow must not outlive it."""
    kept = KeptTokens(Counting(clock), clock)
    given = []
    for seconds in (0, 29, 1, 29):
        clock.advance(seconds=seconds)
        given.append(kept.sign("sidecar", WEB, 60).text)
    assert given == ["0", "0", "1", "1"]


@pytest.mark.parametrize(
    "other", [("sidecar", API, 60), ("somebody", WEB, 60), ("sidecar", WEB, 61), ("sidecar", (*WEB, *API), 60)]
)
def test_another_question_has_a_token_of_its_own(
    clock: HeldClock, other: tuple[str, tuple[AccessEntry, ...], int]
) -> None:
    """Another subject, resource or lifetime: a token never serves for what it wasn't signed for."""
    kept = KeptTokens(Counting(clock), clock)
    assert [kept.sign("sidecar", WEB, 60).text, kept.sign(*other).text] == ["0", "1"]


def test_a_clock_that_was_set_back_is_not_believed(clock: HeldClock) -> None:
    """A token from the future would be refused by the registry."""
    kept = KeptTokens(Counting(clock), clock)
    kept.sign("sidecar", WEB, 60)
    clock.advance(seconds=-1)
    assert kept.sign("sidecar", WEB, 60).text == "1"


def test_memory_is_bounded(clock: HeldClock) -> None:
    """However many repositories a sweep walks through: the oldest are forgotten, the newest are there."""
    counting = Counting(clock)
    kept = KeptTokens(counting, clock)
    for number in range(3000):
        kept.sign("sidecar", (AccessEntry("repository", f"acme/r{number}", ("pull",)),), 60)
    kept.sign("sidecar", (AccessEntry("repository", "acme/r2999", ("pull",)),), 60)
    assert (len(kept._kept), len(counting.signed)) == (1024, 3000)
