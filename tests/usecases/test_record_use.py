"""When credentials were last used."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.errors import Unavailable
from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import Email
from sidecar.ports import Store, Tables
from sidecar.usecases.record_use import RecordUse
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

EMAIL = Email("dan@acme.example")


@pytest.fixture
async def credential(database: Database, clock: HeldClock) -> str:
    """The id of one personal token."""
    await Tenants(database.store, clock, RepeatableRandomness()).secret(EMAIL)
    return (await _kept(database))[0]


async def _kept(database: Database) -> tuple[str, datetime | None]:
    async with database.store.reading() as tables:
        (secret,) = await tables.secrets.of_principal(EMAIL, [CredentialKind.PERSONAL_TOKEN])
    return secret.credential.id, secret.last_used_at


async def test_the_last_use_is_written_when_flushed(database: Database, clock: HeldClock, credential: str) -> None:
    """Of several uses, the last."""
    used = RecordUse(database.store, clock)
    used.note(credential)
    clock.advance(seconds=5)
    used.note(credential)
    last = clock.now()
    clock.advance(seconds=5)
    await used.flush()
    assert (await _kept(database))[1] == last


async def test_noting_writes_nothing(database: Database, clock: HeldClock, credential: str) -> None:
    """The token path never waits for the disk."""
    RecordUse(database.store, clock).note(credential)
    assert (await _kept(database))[1] is None


async def test_a_use_is_no_change_of_access(database: Database, clock: HeldClock, credential: str) -> None:
    """Caches keep what they know."""
    before = database.access.generation
    used = RecordUse(database.store, clock)
    used.note(credential)
    await used.flush()
    await database.access.refresh()
    assert database.access.generation == before


async def test_a_credential_that_is_gone_is_forgotten(database: Database, clock: HeldClock, credential: str) -> None:
    """One that was revoked a moment after its use doesn't keep the others from being written."""
    used = RecordUse(database.store, clock)
    used.note("gone")
    used.note(credential)
    await used.flush()
    assert (await _kept(database))[1] == clock.now()


class FailsOnce:
    """A store that is away the first time (a fake fault)."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._failed = False

    def reading(self) -> AbstractAsyncContextManager[Tables]:
        return self._store.reading()

    def writing(self) -> AbstractAsyncContextManager[Tables]:
        if not self._failed:
            self._failed = True
            raise Unavailable("the database")
        return self._store.writing()


async def test_a_flush_that_fails_is_made_up_for(database: Database, clock: HeldClock, credential: str) -> None:
    """Nothing that was noted is lost while the database is away."""
    used = RecordUse(FailsOnce(database.store), clock)
    used.note(credential)
    used_at = clock.now()
    with pytest.raises(Unavailable):
        await used.flush()
    clock.advance(seconds=10)
    await used.flush()
    assert (await _kept(database))[1] == used_at
