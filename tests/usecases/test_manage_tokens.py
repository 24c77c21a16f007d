"""Making tokens: what can't be reached over HTTP in order."""

from pathlib import Path

import pytest

from sidecar.adapters.database import open_database
from sidecar.domain.errors import InvalidCredentials
from sidecar.domain.identity import CredentialKind, Principal, PrincipalKind
from sidecar.domain.policy import Access, Caller
from sidecar.usecases.manage_tokens import ManageTokens
from tests.fakes import HeldClock, RepeatableRandomness


async def test_a_credential_that_is_revoked_meanwhile_makes_nothing(tmp_path: Path) -> None:
    """S20, S22: between proving a credential and making a token with it somebody may have taken it away."""
    clock = HeldClock()
    principal = Principal("ann@example.com", PrincipalKind.PERSON, "gone", CredentialKind.PERSONAL_TOKEN)
    async with open_database(tmp_path / "sidecar.db", clock) as database:
        tokens = ManageTokens(database.store, clock, RepeatableRandomness())
        with pytest.raises(InvalidCredentials):
            await tokens.make_personal(Caller(principal, Access()), "", None)
