"""The inbox and its quarantine, as administrators see them."""

from typing import Any

import pytest

from sidecar.domain.names import RepositoryName
from sidecar.ports.inbox import Inbox, Quarantined
from tests.notifications import DIGEST, envelope, event
from tests.web.api.calling import Api

METHODS: dict[str, Any] = {
    "installation.inboxList": {},
    "installation.inboxGet": {"id": 1},
    "installation.inboxRetry": {"id": 1},
    "installation.inboxDrop": {"id": 1},
}


def inbox_of(api: Api) -> Inbox:
    return api.sidecar.application.core.inbox


async def quarantine(api: Api, *contents: bytes, reason: str = "unreadable") -> list[int]:
    """Their ids."""
    items = [Quarantined(reason, "text/plain", "10.0.0.9", api.clock.now(), content) for content in contents]
    await inbox_of(api).quarantine(items, 10_000_000)
    return [item.id for item in await inbox_of(api).quarantined(1000)][-len(contents) :]


@pytest.mark.parametrize("method", METHODS)
async def test_only_administrators_of_the_installation_may(api: Api, method: str) -> None:
    """S20: events tell of every project, so owning one isn't enough."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "eve@example.com", "owner")
    error = await api.error(method, await api.tenants.secret("eve@example.com"), **METHODS[method])
    assert (error["code"], error["items"]) == ("forbidden", ["installation.operate"])


async def test_a_list_tells_what_is_in_quarantine_and_why(api: Api) -> None:
    """Reason, sender, time and size; not the content."""
    (identifier,) = await quarantine(api, b"rubbish")
    result = await api.result("installation.inboxList", api.root)
    assert (result["waiting"], result["quarantined"]) == (0, 1)
    assert result["items"] == [
        {
            "id": identifier,
            "reason": "unreadable",
            "receivedAt": "2026-11-23T12:00:00Z",
            "bytes": 7,
            "contentType": "text/plain",
            "address": "10.0.0.9",
        }
    ]


async def test_a_list_is_paged(api: Api) -> None:
    """Every item once, page after page."""
    identifiers = await quarantine(api, *(b"x" for _ in range(5)))
    seen: list[int] = []
    cursor = None
    while True:
        page = await api.result("installation.inboxList", api.root, limit=2, cursor=cursor)
        seen += [item["id"] for item in page["items"]]
        cursor = page.get("nextCursor")
        if cursor is None:
            break
    assert seen == identifiers


async def test_an_item_shows_what_was_sent(api: Api) -> None:
    """Bytes that are no text are shown as such."""
    (identifier,) = await quarantine(api, b'{"a":"\xff"}')
    item = await api.result("installation.inboxGet", api.root, id=identifier)
    assert item["content"] == '{"a":"\\xff"}'


async def test_what_can_be_read_now_is_applied(api: Api) -> None:
    """It leaves the quarantine, and its tag is listed."""
    (identifier,) = await quarantine(api, envelope(event("e1", tag="v1")))
    assert await api.result("installation.inboxRetry", api.root, id=identifier) == {"taken": True, "faults": []}
    index = api.sidecar.application.core.index
    while (await inbox_of(api).state()).depth:
        pass
    assert await index.tags(RepositoryName("acme/web")) == {"v1": DIGEST}
    assert (await inbox_of(api).state()).quarantined == 0


async def test_what_still_cannot_be_read_stays(api: Api) -> None:
    """With the reason of this time."""
    (identifier,) = await quarantine(api, envelope(event("e1", tag="-v1")))
    result = await api.result("installation.inboxRetry", api.root, id=identifier)
    assert not result["taken"]
    assert [fault.partition(":")[0] for fault in result["faults"]] == ["tag"]
    assert (await inbox_of(api).state()).quarantined == 1


async def test_a_dropped_item_is_gone(api: Api) -> None:
    """And so is only that one."""
    first, second = await quarantine(api, b"one", b"two")
    assert await api.result("installation.inboxDrop", api.root, id=first) == {}
    assert [item.id for item in await inbox_of(api).quarantined(10)] == [second]


@pytest.mark.parametrize("method", [name for name in METHODS if name != "installation.inboxList"])
async def test_an_unknown_item_is_not_found(api: Api, method: str) -> None:
    """Dropped meanwhile, or never there."""
    assert (await api.error(method, api.root, id=99))["code"] == "quarantined_event_not_found"
