"""An OIDC provider of a test's own, and the people that authenticators make."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from sidecar.adapters.sign_in.people import People
from sidecar.domain.names import Email
from sidecar.domain.outsiders import Reserved, ToldGroups
from tests.fakes import HeldClock
from tests.outside import OidcProvider, oidc_provider

ACCOUNTS = "serviceaccount.auth.example.com"


@pytest.fixture
async def provider(clock: HeldClock) -> AsyncIterator[OidcProvider]:
    async with oidc_provider(clock) as running:
        yield running


@dataclass
class Groups:
    """What was told of whom and when, and what counts."""

    told: dict[str, frozenset[str]] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)

    def people(self) -> People:
        reserved = Reserved(Email("root@acme.example"), (ACCOUNTS, "old.example"))
        return People(reserved, ACCOUNTS, lambda email: self.told.get(email, frozenset()), self._tell)

    def _tell(self, email: Email, told: ToldGroups) -> None:
        self.told[email] = told.groups
        self.at[email] = told.at


@pytest.fixture
def groups() -> Groups:
    return Groups()
