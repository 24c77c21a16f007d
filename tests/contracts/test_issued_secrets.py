"""ports.IssuedSecrets."""

import dataclasses
from datetime import timedelta

import pytest

from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import Email, Glob, ProjectId
from sidecar.ports import Store
from tests import samples
from tests.fakes import HeldClock

ANN = Email("ann@example.com")
PULL = frozenset(("registry.pull", "registry.get"))


@pytest.mark.parametrize(
    "limit",
    [
        None,
        Limit(ProjectId("acme"), PULL),
        Limit(ProjectId("acme"), frozenset(), ()),
        Limit(ProjectId("acme"), PULL, (Glob("acme/web"), Glob("acme/team-*"))),
    ],
    ids=["unlimited", "project", "nothing", "repositories"],
)
async def test_a_secret_comes_back_as_it_was_added(store: Store, clock: HeldClock, limit: Limit | None) -> None:
    """Every field survives; no limit, an empty one and a narrowed one stay apart."""
    added = dataclasses.replace(
        samples.secret("one", kind=CredentialKind.SCOPED_TOKEN, expires_at=clock.now(), limit=limit),
        last_used_at=clock.now(),
    )
    async with store.writing() as tables:
        await tables.secrets.add(added)
    async with store.reading() as tables:
        assert await tables.secrets.get("one") == added


async def test_secrets_of_a_principal_are_listed_by_age_and_kind(store: Store, clock: HeldClock) -> None:
    """The oldest first, expired ones included, other kinds and other people left out."""
    kinds = (CredentialKind.PERSONAL_TOKEN, CredentialKind.SCOPED_TOKEN)
    expired = clock.now() - timedelta(days=1)
    made = [
        samples.secret("late", expires_at=expired),
        samples.secret("early", kind=CredentialKind.SCOPED_TOKEN),
        samples.secret("refresh", kind=CredentialKind.REFRESH_TOKEN),
        samples.secret("bob", "bob@example.com"),
    ]
    async with store.writing() as tables:
        for age, secret in enumerate(made):
            await tables.secrets.add(dataclasses.replace(secret, created_at=clock.now() - timedelta(days=age)))
        listed = await tables.secrets.of_principal(ANN, kinds)
        assert [secret.credential.id for secret in listed] == ["early", "late"]


async def test_a_secret_takes_what_came_from_it_along_at_any_depth(store: Store) -> None:
    """S20: a token, the token made with it, and that one's refresh token; their elder and their brother stay."""
    family = [
        ("elder", None),
        ("removed", "elder"),
        ("child", "removed"),
        ("grandchild", "child"),
        ("brother", "elder"),
    ]
    async with store.writing() as tables:
        for key, parent in family:
            await tables.secrets.add(samples.secret(key, parent=parent))
        await tables.secrets.remove("removed")
        assert [key for key, _ in family if await tables.secrets.get(key)] == ["elder", "brother"]


async def test_old_refresh_tokens_are_those_behind_the_newest(store: Store, clock: HeldClock) -> None:
    """Newest by time, then by id; of one principal or of one credential, and never anything but refresh tokens."""
    async with store.writing() as tables:
        for parent in ("one", "two"):
            await tables.secrets.add(samples.secret(parent))
        for number, parent in enumerate(("one", "two", "one", "one")):
            made = samples.secret(f"r{number}", kind=CredentialKind.REFRESH_TOKEN, parent=parent)
            await tables.secrets.add(dataclasses.replace(made, created_at=clock.now() + timedelta(seconds=number // 2)))
        assert await tables.secrets.old_refresh_tokens(ANN, 1) == ["r2", "r1", "r0"]
        assert await tables.secrets.old_refresh_tokens_from("one", 1) == ["r2", "r0"]
        assert await tables.secrets.old_refresh_tokens_from("one", 3) == []
        assert await tables.secrets.old_refresh_tokens(Email("eve@example.com"), 0) == []


async def test_removing_what_is_not_there_changes_nothing(store: Store) -> None:
    """Whoever revokes twice gets no error."""
    async with store.writing() as tables:
        await tables.secrets.add(samples.secret("one"))
        await tables.secrets.remove("%")
        assert await tables.secrets.get("one") is not None


async def test_only_what_expired_before_is_forgotten(store: Store, clock: HeldClock) -> None:
    """Before that time, not at it; what never expires stays, and the number says how many went."""
    times = {"before": clock.now() - timedelta(microseconds=1), "at": clock.now(), "never": None}
    async with store.writing() as tables:
        for key, expires_at in times.items():
            await tables.secrets.add(samples.secret(key, expires_at=expires_at))
        count = await tables.secrets.remove_expired(clock.now())
        assert (count, [key for key in times if await tables.secrets.get(key)]) == (1, ["at", "never"])


async def test_last_use_only_moves_forward(store: Store, clock: HeldClock) -> None:
    """The newest time stays whichever is written last; an id that is gone is skipped."""
    now = clock.now()
    async with store.writing() as tables:
        for key in ("one", "two"):
            await tables.secrets.add(samples.secret(key))
        await tables.secrets.mark_used({"one": now, "gone": now})
        await tables.secrets.mark_used({"one": now - timedelta(hours=1), "two": now})
        secrets = [await tables.secrets.get(key) for key in ("one", "two")]
        assert [secret and secret.last_used_at for secret in secrets] == [now, now]
