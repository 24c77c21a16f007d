"""How a sweep notices that its own reads fill the registry's queue."""

from sidecar.domain.echoes import ALLOWED, SILENCE, Echoes
from tests.fakes import HeldClock


def behind(clock: HeldClock) -> Echoes:
    echoes = Echoes()
    for _ in range(ALLOWED):
        echoes.asked(clock.now())
    return echoes


def test_reads_may_go_on_while_their_events_come_back() -> None:
    """Only what is still on its way counts."""
    clock = HeldClock()
    echoes = behind(clock)
    echoes.heard(1, clock.now())
    assert not echoes.lag(clock.now())


def test_a_full_queue_holds_reads_back() -> None:
    """A push that is announced meanwhile must not wait behind hundreds of our own events."""
    clock = HeldClock()
    assert behind(clock).lag(clock.now())


def test_a_registry_that_sends_no_pulls_holds_nothing_for_ever() -> None:
    """Nothing heard for a while means that nothing will be: twice as much is allowed."""
    clock = HeldClock()
    echoes = behind(clock)
    clock.advance(seconds=SILENCE.total_seconds())
    assert not echoes.lag(clock.now())
    assert (echoes.on_their_way, echoes.allowed) == (0, 2 * ALLOWED)


def test_events_heard_twice_owe_nothing() -> None:
    """A slow answer brings the same event again."""
    clock = HeldClock()
    echoes = behind(clock)
    echoes.heard(3 * ALLOWED, clock.now())
    assert echoes.on_their_way == 0
