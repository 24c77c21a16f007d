"""What clients ask for, as they write it."""

import json
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import Invalid
from sidecar.domain.names import RepositoryName
from sidecar.domain.scopes import MAX_SCOPE_BYTES, CatalogScope, RepositoryScope, parse_scopes

RECORDED = Path(__file__).parent.parent / "data" / "token-requests.jsonl"


def asked(*texts: str) -> dict[str, set[str]]:
    """Name → actions of what was understood, the catalogue as `catalog`."""
    return {
        scope.repository if isinstance(scope, RepositoryScope) else "catalog": set(getattr(scope, "actions", "*"))
        for scope in parse_scopes(texts)
    }


def test_repeated_scopes_count() -> None:
    """TS-10: each `scope` parameter counts."""
    assert asked("repository:a/b:pull", "repository:c/d:push") == {"a/b": {"pull"}, "c/d": {"push"}}


def test_joined_scopes_count() -> None:
    """TS-11: several in one parameter, separated by spaces, all count."""
    assert asked("repository:a/b:pull  repository:c/d:push ") == {"a/b": {"pull"}, "c/d": {"push"}}


def test_repeated_and_joined_scopes_count() -> None:
    """TS-12: both at once."""
    assert asked("repository:a:pull repository:b:pull", "repository:c:pull").keys() == {"a", "b", "c"}


@pytest.mark.parametrize("texts", [(), ("",), (" ",), ("", "")])
def test_no_scope_asks_nothing(texts: tuple[str, ...]) -> None:
    """TS-13: none, or an empty one, asks for nothing and is no fault."""
    assert asked(*texts) == {}


def test_a_name_may_hold_a_port() -> None:
    """TS-14: a scope is split at its first and its last colon."""
    assert asked("repository:host:5000/a/b:pull,push") == {"host:5000/a/b": {"pull", "push"}}


def test_the_same_resource_twice_is_one() -> None:
    """TS-15: actions unite, in any order."""
    assert asked("repository:a:push", "repository:a:pull,push") == {"a": {"pull", "push"}}


@settings(max_examples=300)
@given(st.permutations(["repository:a:pull", "repository:b:pull", "repository:a:push", "registry:catalog:*"]))
def test_order_is_irrelevant(texts: list[str]) -> None:
    """TS-15: the same scopes in any order ask for the same."""
    assert asked(*texts) == {"a": {"pull", "push"}, "b": {"pull"}, "catalog": {"*"}}


def test_a_class_is_dropped() -> None:
    """TS-16: `repository(plugin)` is decided as `repository`."""
    assert asked("repository(plugin):a/b:pull") == {"a/b": {"pull"}}


@pytest.mark.parametrize(
    "text",
    [
        "*", "foo", ":", "::", ":::", "repository", "repository:", "repository::pull", "repository:a", "repository:a:",
        "repository:A:pull", "repository:a/:pull", "repository:a/../b:pull", "repository:*:pull", "repository():a:pull",
        "repository(plugin:a:pull", "Repository:a:pull", "user:a:pull", "registry:catalog:", "registry:catalog:pull",
        "registry:other:*", "registry:catalog", "repository:a:pull\trepository:b:pull", "repository:é:pull",
        "repository:" + "a" * 256 + ":pull", "repository:\ud800:pull",
    ],
)  # fmt: skip
def test_the_unknown_adds_nothing(text: str) -> None:
    """TS-17: malformed scopes and other types add nothing, and what stands beside them still counts."""
    assert asked(text, "repository:b:pull") == {"b": {"pull"}}


def test_unknown_actions_are_dropped_one_by_one() -> None:
    """TS-18: what is known of a scope still counts."""
    assert asked("repository:a:metadata_read,pull,,PUSH") == {"a": {"pull"}}


def test_everything_is_an_action() -> None:
    """TS-19: skopeo asks only `*`."""
    assert asked("repository:a:*") == {"a": {"*"}}


def test_the_catalogue() -> None:
    """TS-20: `registry:catalog:*` asks for the list of all repositories."""
    assert parse_scopes(["registry:catalog:*"]) == (CatalogScope(),)


def test_a_hundred_scopes_work() -> None:
    """TS-22: as many as a big build asks for."""
    assert len(parse_scopes([f"repository:team/app-{number}:pull,push" for number in range(100)])) == 100


def test_sheer_size_is_refused() -> None:
    """TS-22: above 16 KiB of scope text the request is refused, however it is cut up."""
    assert parse_scopes(["x" * (MAX_SCOPE_BYTES // 2)] * 2) == ()
    with pytest.raises(Invalid):
        parse_scopes(["x" * (MAX_SCOPE_BYTES // 2), "x" * (MAX_SCOPE_BYTES // 2 + 1)])


@given(st.lists(st.text(max_size=40) | st.text(alphabet="repository:a,pul* ()", max_size=40), max_size=5))
def test_no_text_is_a_fault(texts: list[str]) -> None:
    """TS-17: whatever is sent is parsed without an error, into known actions alone."""
    for scope in parse_scopes(texts):
        assert isinstance(scope, CatalogScope) or scope.actions <= {"pull", "push", "delete", "*"}


@pytest.mark.parametrize("line", RECORDED.read_text().splitlines())
def test_recorded_requests_are_understood(line: str) -> None:
    """What docker and skopeo were seen to send is understood whole."""
    request = json.loads(line)
    expected = {RepositoryName(name): set(actions) for name, actions in request["asked"].items()}
    assert asked(*parse_qs(request["query"]).get("scope", [])) == expected
