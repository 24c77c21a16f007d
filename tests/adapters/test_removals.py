"""What the log tells of the deletion of a repository."""

from structlog.testing import capture_logs

from sidecar.adapters.removals import LoggedRemovals
from sidecar.domain.names import RepositoryName
from tests.fakes import HeldClock

WEB, API = RepositoryName("acme/web"), RepositoryName("acme/api")


def test_a_large_one_is_followed() -> None:
    """A line every few seconds with all that is gone so far, and one at the end."""
    clock = HeldClock()
    removals = LoggedRemovals(clock)
    with capture_logs() as lines:
        for _ in range(4):
            removals.removed(WEB, tags=10, manifests=1)
            clock.advance(seconds=3)
        removals.ended(WEB)
    told = [(line["event"], line["tags"], line["manifests"]) for line in lines]
    assert told == [("a repository is being deleted", 30, 3), ("a repository was deleted", 40, 4)]


def test_two_are_counted_apart() -> None:
    """And a repository that is deleted again begins anew."""
    removals = LoggedRemovals(HeldClock())
    with capture_logs() as lines:
        removals.removed(WEB, tags=1, manifests=0)
        removals.removed(API, tags=2, manifests=0)
        removals.ended(WEB)
        removals.ended(WEB)
    assert [(line["repository"], line["tags"]) for line in lines] == [("acme/web", 1), ("acme/web", 0)]
