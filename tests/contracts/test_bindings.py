"""ports.Bindings."""

import pytest

from sidecar.domain.names import PrincipalName
from sidecar.domain.tenancy import Binding
from sidecar.ports import Store
from tests import samples

ANN = PrincipalName("ann@example.com")


@pytest.mark.parametrize(
    "put",
    [
        samples.binding("acme", "ann@example.com", "viewer", "own-role"),
        samples.binding("acme", "group:Ops %_* 東京", "viewer", on=["acme/web", "acme/team-*"]),
        samples.binding("*", "allAuthenticatedUsers", "viewer", on=[]),
    ],
    ids=str,
)
async def test_a_binding_comes_back_as_it_was_put(store: Store, put: Binding) -> None:
    """Roles keep their order; no narrowing, narrowing to nothing and narrowing to globs stay apart."""
    async with store.writing() as tables:
        await tables.bindings.put(put)
    async with store.reading() as tables:
        assert await tables.bindings.get(put.project, put.principal) == put


async def test_putting_again_replaces_the_binding(store: Store) -> None:
    """One binding per project and principal: the last one, whole."""
    again = samples.binding("acme", ANN, "developer", on=["acme/web"])
    async with store.writing() as tables:
        await tables.bindings.put(samples.binding("acme", ANN, "owner"))
        await tables.bindings.put(again)
        assert await tables.bindings.list("acme") == [again]


async def test_bindings_are_listed_by_principal_on_one_project(store: Store) -> None:
    """Those on `*` are listed for `*` alone."""
    async with store.writing() as tables:
        for project, principal in (("acme", "b@x.org"), ("*", "c@x.org"), ("acme", "a@x.org"), ("acme-2", "d@x.org")):
            await tables.bindings.put(samples.binding(project, principal))
        listed = [[binding.principal for binding in await tables.bindings.list(on)] for on in ("acme", "*")]
        assert listed == [["a@x.org", "b@x.org"], ["c@x.org"]]


@pytest.mark.parametrize("wide", ["%@example.com", "_nn@example.com", "*@example.com"])
async def test_no_character_of_a_name_matches_others(store: Store, wide: str) -> None:
    """S14: `%`, `_` and `*` are characters like any other, in looking up and in removing."""
    async with store.writing() as tables:
        await tables.bindings.put(samples.binding("acme", ANN))
        await tables.bindings.remove("acme", PrincipalName(wide))
        found = await tables.bindings.get("acme", PrincipalName(wide))
        assert (found, len(await tables.bindings.list("acme"))) == (None, 1)


async def test_every_project_is_a_project_of_its_own(store: Store) -> None:
    """S14: removing a binding on `*` removes no binding on a project, nor the other way round."""
    async with store.writing() as tables:
        for project in ("*", "acme", "other"):
            await tables.bindings.put(samples.binding(project, ANN))
        await tables.bindings.remove("*", ANN)
        await tables.bindings.remove("other", ANN)
        left = [await tables.bindings.list(project) for project in ("*", "acme", "other")]
        assert left == [[], [samples.binding("acme", ANN)], []]
