"""ForgetExpired on a real database."""

from datetime import timedelta
from pathlib import Path

from sidecar.adapters.database import open_database
from sidecar.domain.identity import CredentialKind
from sidecar.domain.names import Email
from sidecar.usecases.forget_expired import ForgetExpired
from tests.fakes import HeldClock, RepeatableRandomness
from tests.tenants import Tenants

DAN = Email("dan@acme.example")


async def test_what_expired_is_forgotten_after_a_month(tmp_path: Path) -> None:
    """Until then its owner still sees it in the list; what lives, or never ends, stays."""
    clock = HeldClock()
    async with open_database(tmp_path / "sidecar.db", clock) as database:
        tenants = Tenants(database.store, clock, RepeatableRandomness())
        for days in (1, 2, 365):
            await tenants.secret(DAN, expires_at=clock.now() + timedelta(days=days))
        await tenants.secret(DAN)
        left = []
        for _ in range(2):
            clock.advance(days=15, hours=18)
            await ForgetExpired(database.store, clock)()
            async with database.store.reading() as tables:
                left.append(len(await tables.secrets.of_principal(DAN, [CredentialKind.PERSONAL_TOKEN])))
    assert left == [4, 3]
