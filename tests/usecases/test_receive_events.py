"""What becomes of a delivery: durable, counted in memory, quarantined, or ignored. Nothing is refused."""

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.echoes import ALLOWED, Echoes
from sidecar.domain.errors import Unavailable
from sidecar.domain.identity import SIDECAR
from sidecar.domain.pulls import PullLedger
from sidecar.ports.inbox import InboxEvent, Quarantined
from sidecar.usecases.receive_events import Delivery, Receipt, ReceiveEvents
from tests import samples
from tests.fakes import HeldClock
from tests.notifications import CONTENT_TYPES, envelope, event


@pytest.fixture
def pulls() -> PullLedger:
    return PullLedger()


@pytest.fixture
def receive(database: Database, pulls: PullLedger, clock: HeldClock) -> ReceiveEvents:
    return ReceiveEvents(database.inbox, pulls, clock, quarantine_bytes=1_000_000)


def delivery(content: bytes, whole: bool = True) -> Delivery:
    return Delivery(content, CONTENT_TYPES[0], "10.0.0.9", whole)


async def waiting(database: Database) -> list[InboxEvent]:
    return await database.inbox.claim(10)


@pytest.mark.parametrize(
    "write",
    [
        event("e1", tag="v1"),
        event("e1"),
        event("e1", "delete", mediaType="", size=0),
        event("e1", "delete", tag="v1", digest="", mediaType="", size=0),
    ],
)
async def test_writes_are_durable_when_it_returns(receive: ReceiveEvents, database: Database, write: dict) -> None:  # type: ignore[type-arg]
    """Pushes with a tag and without, deletes of digests and of tags: all wait in the inbox."""
    assert await receive(delivery(envelope(write))) == Receipt(stored=1)
    assert [(item.event, item.repository, item.instance) for item in await waiting(database)] == [
        ("e1", "acme/web", "i1")
    ]


async def test_events_of_one_envelope_wait_each_alone(receive: ReceiveEvents, database: Database) -> None:
    """One that could not be applied later must not take its neighbours along."""
    await receive(delivery(envelope(event("e1", tag="v1"), event("e2", tag="v2"))))
    assert [item.event for item in await waiting(database)] == ["e1", "e2"]


async def test_a_doubled_event_is_free(receive: ReceiveEvents, database: Database) -> None:
    """Registry fact 2: a slow answer brings the same id again."""
    for _ in range(2):
        await receive(delivery(envelope(event("e1", tag="v1"))))
    assert len(await waiting(database)) == 1


async def test_pulls_stay_in_memory(receive: ReceiveEvents, database: Database, pulls: PullLedger) -> None:
    """Decision 11: pulls outnumber pushes by far and cost no commit."""
    receipt = await receive(delivery(envelope(event("e1", "pull", method="GET", tag="v1"))))
    assert receipt == Receipt(pulls=1)
    assert await waiting(database) == []
    assert sorted(item.key for item in pulls.take()) == sorted(["v1", event("e1")["target"]["digest"]])


async def test_who_waits_for_the_registrys_queue_hears_of_its_end(database: Database, clock: HeldClock) -> None:
    """Once, when as many of the sidecar's own reads have come back as have to: fetching goes on at once."""
    told: list[int] = []
    echoes = Echoes()
    for _ in range(ALLOWED + 2):
        echoes.asked(clock.now())
    receive = ReceiveEvents(
        database.inbox, PullLedger(), clock, 1_000_000, echoes, caught_up=lambda: told.append(echoes.on_their_way)
    )
    for number in range(5):
        own = event(f"e{number}", "pull", method="GET", actor=SIDECAR)
        await receive(delivery(envelope(own)))
    assert told == [ALLOWED - 1]


@pytest.mark.parametrize("actor", ["ci@acme.example", "sidecar"])
async def test_a_pull_tells_of_a_new_process(
    receive: ReceiveEvents, database: Database, clock: HeldClock, actor: str
) -> None:
    """Decision 2: a registry that is only pulled from has lost its queue all the same; it has sent no write yet."""
    first = clock.now()
    for identifier in ("e1", "e2"):
        await receive(delivery(envelope(event(identifier, "pull", method="GET", actor=actor))))
        clock.advance(seconds=1)
    assert await database.sweeps.newest_instance_at() == first
    assert (await database.inbox.state()).last_event == {}


async def test_own_pulls_are_dropped(receive: ReceiveEvents, pulls: PullLedger) -> None:
    """Decision 10: what the sidecar reads isn't usage."""
    receipt = await receive(delivery(envelope(event("e1", "pull", method="GET", actor="sidecar"))))
    assert receipt == Receipt(ignored=1)
    assert pulls.take() == []


async def test_blobs_are_ignored(receive: ReceiveEvents, database: Database) -> None:
    """A manifest says all that a blob's event does."""
    blob = event("e1", mediaType="application/octet-stream", url="http://r/v2/acme/web/blobs/x")
    assert await receive(delivery(envelope(blob))) == Receipt(ignored=1)
    assert await waiting(database) == []


async def test_the_unreadable_is_quarantined_beside_the_readable(receive: ReceiveEvents, database: Database) -> None:
    """A broken event of an envelope is kept with its reason, and the others count."""
    receipt = await receive(delivery(envelope(event("e1", tag="v1"), event("e2", repository="ACME//web"))))
    assert receipt == Receipt(stored=1, quarantined=1)
    (kept,) = await database.inbox.quarantined(10)
    assert kept.reason.startswith("repository")
    assert (kept.content_type, kept.address) == (CONTENT_TYPES[0], "10.0.0.9")
    assert b'"e2"' in kept.content


async def test_the_head_of_what_is_over_the_cap_is_quarantined(receive: ReceiveEvents, database: Database) -> None:
    """Nothing of it is read, even where the head happens to be a whole envelope."""
    receipt = await receive(delivery(envelope(event("e1", tag="v1")), whole=False))
    assert receipt == Receipt(quarantined=1)
    assert await waiting(database) == []
    assert [item.reason for item in await database.inbox.quarantined(10)] == ["larger than the cap"]


async def test_what_is_below_the_cap_is_quarantined_whole(receive: ReceiveEvents, database: Database) -> None:
    """A later release may read it; a head could never be."""
    content = b"x" * 200_000
    await receive(delivery(content))
    assert [item.content for item in await database.inbox.quarantined(10)] == [content]


async def test_a_delivery_that_fails_leaves_nothing_counted_twice(
    receive: ReceiveEvents, database: Database, pulls: PullLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The registry sends it again, whole: until the writes are durable, its pulls and rubbish are nowhere."""

    async def full_disk(_: object) -> None:
        raise Unavailable("the database")

    monkeypatch.setattr(database.inbox, "put", full_disk)
    mixed = envelope(event("e1", tag="v1"), event("e2", "pull", method="GET"), {})
    with pytest.raises(Unavailable):
        await receive(delivery(mixed))
    assert (pulls.take(), await database.inbox.quarantined(10)) == ([], [])


async def test_a_full_quarantine_drops_and_tells(receive: ReceiveEvents, database: Database) -> None:
    """Its total is capped, what it holds stays, and good events go on."""
    receipts = [await receive(delivery(b"x" * 65_536)) for _ in range(17)]
    assert [receipt.dropped for receipt in receipts] == [0] * 15 + [1] * 2
    assert len(await database.inbox.quarantined(100)) == 15
    assert (await receive(delivery(envelope(event("e1", tag="v1"))))).stored == 1


async def test_what_can_be_read_now_leaves_the_quarantine(receive: ReceiveEvents, database: Database) -> None:
    """An event that a newer release understands, or that a poisoned index gave back, is taken as if it came now."""
    await database.inbox.quarantine(
        [Quarantined("could not be applied", "", "", HeldClock().now(), envelope(event("e1", tag="v1")))], 10_000
    )
    (item,) = await database.inbox.quarantined(10)
    assert await receive.again(item, samples.audit_entry()) == ()
    assert [item.event for item in await waiting(database)] == ["e1"]
    assert await database.inbox.get_quarantined(item.id) is None


async def test_what_still_cannot_be_read_stays(receive: ReceiveEvents, database: Database) -> None:
    """All of it or nothing: the reason is told again."""
    await receive(delivery(b"rubbish"))
    (item,) = await database.inbox.quarantined(10)
    assert [fault.partition(":")[0] for fault in await receive.again(item, samples.audit_entry())] == [
        "not a JSON document"
    ]
    assert await database.inbox.quarantined(10) == [item]
