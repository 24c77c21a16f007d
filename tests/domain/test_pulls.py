"""Which request counts for what, and how pulls are merged."""

from itertools import count

import pytest

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.events import ManifestPulled, Origin
from sidecar.domain.names import RepositoryName
from sidecar.domain.pulls import PullLedger, Pulls
from sidecar.domain.targets import Target
from tests.notifications import DIGEST

EVENTS = count()
WEB = RepositoryName("acme/web")


def pull(
    tag: str | None = None, by_head: bool = False, time: int = 10, actor: str = "ann@acme.example"
) -> ManifestPulled:
    origin = Origin(f"e{next(EVENTS)}", time, actor, "10.0.0.1", "docker", "r", "i1")
    return ManifestPulled(WEB, Digest(DIGEST), None if tag is None else Tag(tag), by_head, origin)


def counted(*pulls: ManifestPulled, uncounted: frozenset[str] = frozenset()) -> dict[str, int]:
    """Key → count."""
    ledger = PullLedger(uncounted)
    for each in pulls:
        ledger.add(each)
    return {item.key: item.count for item in ledger.take()}


@pytest.mark.parametrize(
    ("requests", "expected"),
    [
        ([pull("v1", by_head=True), pull()], {"v1": 1, DIGEST: 1}),
        ([pull("v1")], {"v1": 1, DIGEST: 1}),
        ([pull()], {DIGEST: 1}),
        ([pull(by_head=True)], {}),
        ([pull("v1", by_head=True)], {"v1": 1}),
        ([pull("v1"), pull("v1"), pull("v2")], {"v1": 2, "v2": 1, DIGEST: 3}),
    ],
)
def test_a_manifest_counts_gets_and_a_tag_its_requests(
    requests: list[ManifestPulled], expected: dict[str, int]
) -> None:
    """docker's HEAD by tag and GET by digest are one pull of each (registry fact 3)."""
    assert counted(*requests) == expected


def test_scanners_can_be_left_out() -> None:
    """What is pulled by a named principal keeps no image alive."""
    requests = (pull("v1", actor="scanner@acme.example"), pull("v1"))
    assert counted(*requests, uncounted=frozenset(("scanner@acme.example",))) == {"v1": 1, DIGEST: 1}


@pytest.mark.parametrize("order", [(10, 20), (20, 10)])
def test_the_latest_pull_says_when_and_by_whom(order: tuple[int, int]) -> None:
    """Whatever the order in which they arrive."""
    ledger = PullLedger()
    for time in order:
        ledger.add(pull("v1", by_head=True, time=time, actor=f"by-{time}@acme.example"))
    assert ledger.take() == [Pulls(WEB, Target.TAG, "v1", 2, 20, "by-20@acme.example")]


def test_what_is_given_back_counts_with_what_came_since() -> None:
    """Nothing is lost by a flush that failed, and nothing doubled."""
    ledger = PullLedger()
    ledger.add(pull("v1", by_head=True))
    taken = ledger.take()
    ledger.add(pull("v1", by_head=True, time=20))
    ledger.give_back(taken)
    assert [(item.count, item.last_at) for item in ledger.take()] == [(2, 20)]
    assert ledger.take() == []


def test_a_pull_that_is_told_twice_is_one() -> None:
    """Registry fact 2: after a slow answer the same event comes again, before any other."""
    first, second = pull("v1"), pull("v1")
    assert counted(first, first, second, second, second) == {"v1": 2, DIGEST: 2}
