"""Lists: orders, filters, limits and cursors."""

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.domain.errors import Invalid
from sidecar.web.api.bodies import read_body_as
from sidecar.web.api.paging import UNLIMITED, Listing, Orders

Item = tuple[str, str]
ORDERS: Orders[Item] = Orders(
    name=lambda item: item[0],
    also=lambda item: item[1],
    keys={"name": lambda item: item[0], "kind": lambda item: item[1]},
)


class ListItems(Listing):
    sort: Literal["name", "-name", "kind", "-kind"] = "name"


def page(items: list[Item], **asked: object) -> tuple[list[Item], str | None]:
    return ORDERS.page(items, read_body_as(ListItems, asked))


def walk(items: list[Item], limit: int, sort: str) -> list[Item]:
    shown, cursor = page(items, limit=limit, sort=sort)
    while cursor is not None:
        more, cursor = page(items, limit=limit, sort=sort, cursor=cursor)
        assert more
        shown += more
    return shown


_ITEMS = st.lists(st.tuples(st.text(max_size=3), st.sampled_from("ab")), max_size=20, unique_by=lambda item: item[0])


@given(_ITEMS, st.integers(1, 7), st.sampled_from(["name", "-name", "kind", "-kind"]))
def test_pages_together_are_the_list(items: list[Item], limit: int, sort: str) -> None:
    """Every item once, in the asked order, whatever the size of a page and however many keys are equal."""
    key = 0 if sort.endswith("name") else 1
    assert walk(items, limit, sort) == sorted(items, key=lambda item: (item[key], item[0]), reverse=sort[0] == "-")


def test_what_comes_and_goes_between_pages_moves_nothing() -> None:
    """A cursor is a place in the order, not a number: others' changes neither repeat nor hide an item."""
    items = [(name, "") for name in "bdfh"]
    shown, cursor = page(items, limit=2)
    changed = [item for item in items if item[0] != "d"] + [("a", ""), ("c", ""), ("e", "")]
    assert shown + page(changed, cursor=cursor)[0] == [(name, "") for name in "bdefh"]


def test_without_a_limit_a_list_is_whole_up_to_its_bound() -> None:
    """Existing clients don't page; S30: still no answer is without bound."""
    items = [(f"{number:06}", "") for number in range(UNLIMITED + 1)]
    shown, cursor = page(items)
    assert len(shown) == UNLIMITED
    assert page(items, cursor=cursor) == (items[-1:], None)
    assert page(items[:-1])[1] is None


@pytest.mark.parametrize("limit", [-1, 1001, "many"])
def test_a_limit_is_1_to_1000(limit: object) -> None:
    """S30: pages are bounded."""
    with pytest.raises(Invalid) as refused:
        page([], limit=limit)
    assert refused.value.items[0].startswith("limit: ")


def test_only_the_named_orders_are_taken() -> None:
    """S4: a sort is one of a fixed set, and never text that is passed on."""
    with pytest.raises(Invalid) as refused:
        page([], sort="name; DROP TABLE project")
    assert refused.value.items[0].startswith("sort: ")


@pytest.mark.parametrize(
    ("glob", "fits"),
    [
        ("web", ["web"]),
        ("w*", ["web", "wob"]),
        ("*b", ["web", "wob"]),
        ("w_b", []),
        ("w%", []),
        ("*kind*", ["api"]),
        ("W*", []),
    ],
)
def test_a_filter_fits_whole_names(glob: str, fits: list[str]) -> None:
    """S14: only `*` is special; `_` and `%` never widen a match."""
    items = [("api", "a kind of"), ("web", ""), ("wob", "")]
    assert [name for name, _ in page(items, filter=glob)[0]] == fits


@pytest.mark.parametrize(
    "cursor", ["x", "????", "W10", "WzEsMiwzXQ", "WyJuYW1lIl0", "bnVsbA", "é", "a" * 4000, "eyJhIjoxfQ"]
)
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    """A cursor is checked like any other input."""
    with pytest.raises(Invalid) as refused:
        page([], cursor=cursor)
    assert refused.value.items == ("cursor: is not one that a list gave",)


def test_a_cursor_belongs_to_its_order() -> None:
    """A place in one order means nothing in another."""
    _, cursor = page([("a", ""), ("b", "")], limit=1)
    with pytest.raises(Invalid) as refused:
        page([], cursor=cursor, sort="kind")
    assert refused.value.items == ("cursor: belongs to another list, or to another sort",)
