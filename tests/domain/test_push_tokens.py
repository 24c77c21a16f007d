"""Which repositories a sweep suspects first."""

from sidecar.domain.push_tokens import PushTokens


def test_the_newest_come_first_and_once() -> None:
    """A repository that was asked for twice is one suspect."""
    pushes = PushTokens()
    for name in ("acme/a", "acme/b", "acme/a"):
        pushes.note(name)
    assert (pushes.take(), pushes.take()) == (["acme/a", "acme/b"], [])


def test_the_memory_is_bounded() -> None:
    """Tokens for a million names cost no more than those for so many."""
    pushes = PushTokens(capacity=2)
    for name in ("acme/a", "acme/b", "acme/c"):
        pushes.note(name)
    assert pushes.take() == ["acme/c", "acme/b"]
