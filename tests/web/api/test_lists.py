"""Every list over HTTP: its orders, its pages, its cursors, its limits."""

import base64
import json
from typing import Any

import pytest
import pytest_asyncio

from tests.tenants import ROOT
from tests.web.api.calling import Api
from tests.web.api.lists import LISTS, TITLES, Item, List, filled

in_one_loop = pytest.mark.asyncio(loop_scope="module")

CUTTING = ("auditLog.list", "registry.denials", "installation.inboxList")
"""Lists in the order of time alone, without a filter."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(shared: Api) -> Api:
    """Every list has items."""
    await filled(shared)
    return shared


async def walked(listing: List, api: Api, limit: int, cursor: str = "", **asked: Any) -> list[Item]:
    """The pages put together, from this cursor on."""
    found: list[Item] = []
    while True:
        page = await listing.page(api, limit=limit, cursor=cursor, **asked)
        assert 0 < len(page["items"]) <= limit
        found += page["items"]
        cursor = page.get("nextCursor", "")
        if not cursor:
            return found


def in_order(listing: List, items: list[Item], sort: str) -> list[Item]:
    """As the sort's name says: by that field, then by the unique one; what has no such time comes last."""
    field = sort.removeprefix("-")

    def key(item: Item) -> tuple[Any, str]:
        return item.get(field, "9999" if field.endswith("At") else ""), item[listing.name]

    return sorted(items, key=key, reverse=sort.startswith("-"))


@in_one_loop
@pytest.mark.parametrize("method", LISTS)
async def test_pages_tell_each_item_once_in_the_lists_order(full: Api, method: str) -> None:
    """S4, S30: each order that a list knows, cut into pages of any size, equal keys included."""
    listing = LISTS[method]
    for sort in listing.sorts(full):
        whole = await listing.items(full, sort=sort)
        assert whole == in_order(listing, whole, sort), sort
        assert len(whole) > 6
        for limit in (1, 2, len(whole) - 1, len(whole), 1000):
            assert await walked(listing, full, limit, sort=sort) == whole, (sort, limit)


@in_one_loop
@pytest.mark.parametrize("method", LISTS)
async def test_pages_of_a_filtered_list(full: Api, method: str) -> None:
    """A filter is matched before a page is cut."""
    listing = LISTS[method]
    for text in ("*a*", "*b*", "*c*"):
        fitting = await listing.items(full, filter=text)
        assert (await walked(listing, full, 1, filter=text) if fitting else []) == fitting


@pytest.mark.parametrize("method", LISTS)
async def test_what_is_deleted_between_pages_hides_nothing_else(api: Api, method: str) -> None:
    """The cursor's own item may go, one before it and one behind it: all others are told, once."""
    listing = LISTS[method]
    await filled(api, method)
    for sort in listing.sorts(api)[:2]:
        before = await listing.items(api, sort=sort)
        own = [item for item in before if _removable(item)]
        first = await listing.page(api, sort=sort, limit=before.index(own[2]) + 1)
        for item in (own[0], own[2], own[3]):
            await listing.remove(api, item)
        rest = await walked(listing, api, 2, first["nextCursor"], sort=sort)
        told = [item[listing.name] for item in (*first["items"], *rest)]
        assert told == [item[listing.name] for item in before if item is not own[3]]


def _removable(item: Item) -> bool:
    """Neither a built-in role, nor the owner, nor the project of all, nor the token that calls."""
    labelled = item.get("label", TITLES[0]) in TITLES
    return labelled and not item.get("builtIn") and item.get("email") != ROOT and item.get("sid") != "acme"


def _tampered(cursor: str) -> list[str]:
    """The cursor with its text or its parts changed in ways that leave it no cursor."""
    sort, key, name = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    changed: list[Any] = [
        [sort, key],
        [sort, key, name, name],
        [sort, key, 7],
        [sort, None, name],
        [f"-{sort}", key, name],
        ["", key, name],
        {"sort": sort},
        f"{sort}{key}{name}",
    ]
    made = [base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in changed]
    return [*made, cursor[:-4], cursor[4:], cursor[::-1], f"{cursor}!", f" {cursor}", cursor.swapcase(), "x" * 5000]


@in_one_loop
@pytest.mark.parametrize("method", LISTS)
async def test_a_cursor_that_this_list_never_gave_is_refused(full: Api, method: str) -> None:
    """S4: one that was changed, one of another sort, one of any other list: a fault of that field."""
    listing = LISTS[method]
    default, other, *_ = listing.sorts(full)
    own = (await listing.page(full, limit=1, sort=default))["nextCursor"]
    foreign = [
        (await each.page(full, limit=1, sort=sort))["nextCursor"]
        for each in LISTS.values()
        if each is not listing
        for sort in each.sorts(full)
    ]
    asked = [(default, cursor) for cursor in (*_tampered(own), *foreign)]
    for sort, cursor in (*asked, (other, own)):
        error = await full.error(method, full.root, **listing.body, sort=sort, cursor=cursor)
        assert error["code"] == "validate", cursor
        assert [item.partition(":")[0] for item in error["items"]] == ["cursor"]


@in_one_loop
@pytest.mark.parametrize("method", CUTTING)
async def test_a_foreign_cursor_cuts_no_list_of_time(full: Api, method: str) -> None:
    """The same for lists that know one order."""
    foreign = [(await each.page(full, limit=1))["nextCursor"] for each in LISTS.values()]
    for cursor in (*foreign, "x", "-1", "WyItYXQiXQ", "x" * 5000):
        error = await full.error(method, full.root, cursor=cursor)
        assert [item.partition(":")[0] for item in error["items"]] == ["cursor"], cursor


@in_one_loop
@pytest.mark.parametrize("method", [*LISTS, *CUTTING])
async def test_a_limit_is_a_whole_number_from_1_to_1000(full: Api, method: str) -> None:
    """S30: anything else is a fault; a zero value is none, and asks for all."""
    body = LISTS[method].body if method in LISTS else {}
    faulty: list[Any] = [-1, 1001, 10**15, "many", 1.5, True, [], "-1", "1e1"]
    for limit in faulty:
        error = await full.error(method, full.root, **body, limit=limit)
        assert [item.partition(":")[0] for item in error["items"]] == ["limit"], limit
    whole = (await full.result(method, full.root, **body))["items"]
    for limit in (None, 0, "0", "", 1000, "1000"):
        assert (await full.result(method, full.root, **body, limit=limit))["items"] == whole
    for limit in (1, "1", 1.0):
        assert (await full.result(method, full.root, **body, limit=limit))["items"] == whole[:1]
