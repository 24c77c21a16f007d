"""Whom a sign-in from elsewhere may prove."""

from datetime import timedelta

import pytest

from sidecar.domain.names import Email
from sidecar.domain.outsiders import GROUPS_KEPT, MOST_GROUPS, Reserved, ToldGroups, groups_from, in_domains, is_user
from tests.samples import LONG_AGO

RESERVED = Reserved(Email("root@corp.example"), ("serviceaccount.auth.example.com",))


@pytest.mark.parametrize(
    ("email", "held"),
    [
        ("ci@acme.serviceaccount.auth.example.com", True),
        ("ci@serviceaccount.auth.example.com", True),
        ("Root@Corp.Example", True),
        ("ci@xserviceaccount.auth.example.com", False),
        ("serviceaccount.auth.example.com@corp.example", False),
        ("root@corp.example.org", False),
    ],
)
def test_accounts_and_the_administrator_are_reserved(email: str, held: bool) -> None:
    """All below the domain, and that very e-mail; nothing that only looks like it."""
    assert RESERVED.holds(Email(email)) is held


@pytest.mark.parametrize(
    ("domains", "within"),
    [(["corp.example"], True), (["*"], True), (["example"], False), (["a.corp.example"], False), ([], False)],
)
def test_a_domain_is_meant_whole(domains: list[str], within: bool) -> None:
    """No suffix, no parent; nothing configured allows nobody."""
    assert in_domains(Email("ann@corp.example"), domains) is within


@pytest.mark.parametrize(
    ("user", "same"), [("ann@x.example", True), ("ANN@X.example", True), ("ann", False), ("", False)]
)
def test_a_user_name_means_an_email(user: str, same: bool) -> None:
    """TS-35: in whatever case."""
    assert is_user(user, "ann@x.example") is same


@pytest.mark.parametrize(
    ("told", "groups"),
    [
        (["a", "b", "a"], {"group:p:a", "group:p:b"}),
        ("a", {"group:p:a"}),
        ([["a"], None, 7, {"a": 1}, ""], set()),
        (None, set()),
        ({"a": 1}, set()),
        (["\N{ZERO WIDTH SPACE}", "x\0"], set()),
    ],
)
def test_groups_are_texts_of_a_list(told: object, groups: set[str]) -> None:
    """Whatever else a provider sends is nobody's group."""
    assert groups_from(told, "p:") == groups


def test_groups_are_bounded() -> None:
    """S30: and it is always the same ones that count."""
    names = [f"{number:05}" for number in range(MOST_GROUPS * 2)]
    assert groups_from(names, "") == groups_from(names[::-1], "")
    assert len(groups_from(names, "")) == MOST_GROUPS


def test_a_group_is_never_everybody() -> None:
    """S18: a group called `allUsers` is a group."""
    assert groups_from(["allUsers", "group:x"], "") == {"group:allUsers", "group:group:x"}


def test_groups_count_for_their_time() -> None:
    """Thirty days after they were told, to the second."""
    told = ToldGroups(frozenset({"group:ops"}), LONG_AGO)
    assert told.counting(LONG_AGO + GROUPS_KEPT - timedelta(seconds=1)) == {"group:ops"}
    assert told.counting(LONG_AGO + GROUPS_KEPT) == frozenset()
