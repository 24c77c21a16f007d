"""CreateToken: nobody gets more for somebody than they hold themselves."""

from datetime import timedelta

import pytest

from sidecar.adapters.database import Database
from sidecar.domain.errors import Forbidden
from sidecar.domain.names import Email
from sidecar.domain.policy import Access, Caller
from sidecar.usecases.create_token import CreateToken
from tests.fakes import HeldClock, RepeatableRandomness
from tests.samples import person
from tests.tenants import Tenants


@pytest.mark.parametrize("groups", [frozenset({"group:ops"}), frozenset()])
async def test_what_a_persons_groups_hold_counts_as_theirs(
    database: Database, clock: HeldClock, groups: frozenset[str]
) -> None:
    """S2: the token would hold it, by what a sign-in told."""
    randomness = RepeatableRandomness()
    tenants = Tenants(database.store, clock, randomness)
    await tenants.project("acme")
    await tenants.bind("acme", "group:ops", "viewer")
    make = CreateToken(database.store, database.access, clock, randomness, "accounts.example", lambda _: groups)
    caller, ann = Caller(person("junior@acme.example"), Access(())), Email("ann@acme.example")
    if not groups:
        assert (await make(caller, ann, "", timedelta(hours=1))).kept.credential.principal == ann
        return
    with pytest.raises(Forbidden):
        await make(caller, ann, "", timedelta(hours=1))
