"""The namespace `reconcile`: sweeps asked for by a person."""

import asyncio
from typing import Any

from tests.web.api.calling import Api
from tests.web.api.pushing import Pushing, image


async def ended(api: Api, sweep: dict[str, Any]) -> dict[str, Any]:
    for _ in range(100):
        if sweep["stage"] in ("done", "stopped"):
            return sweep
        await asyncio.sleep(0.1)
        sweep = await api.result("reconcile.get", api.root, id=sweep["id"])
    raise AssertionError(sweep)


async def test_a_sweep_is_begun_followed_and_read(api: Api) -> None:
    """It goes on by itself; what it finds is counted and listed."""
    begun = await api.result("reconcile.begin", api.root, dryRun=True)
    sweep = await ended(api, begun)
    assert (sweep["stage"], sweep["dryRun"], sweep["added"]) == ("done", True, 0)
    assert await api.result("reconcile.drift", api.root, id=sweep["id"]) == {"items": []}


async def test_two_who_ask_alike_share_a_sweep(api: Api) -> None:
    """What waits already is not asked for again."""
    api.registry.broken = True
    begun = [await api.result("reconcile.begin", api.root, dryRun=True) for _ in range(2)]
    assert begun[0]["id"] == begun[1]["id"]


async def test_an_unknown_sweep_is_not_found(api: Api) -> None:
    """Old sweeps are forgotten."""
    assert (await api.error("reconcile.get", api.root, id=4711))["code"] == "sweep_not_found"


async def test_sizes_that_are_right_need_no_mending(api: Api) -> None:
    """A recount of an index in order finds nothing."""
    assert await api.result("reconcile.recount", api.root) == {"items": []}


async def test_a_recount_may_be_followed(api: Api) -> None:
    """Nothing before the first; afterwards all of it is done: the repository and the project."""
    assert await api.result("reconcile.getRecount", api.root) == {"done": 0, "total": 0}
    await api.tenants.project("acme")
    await Pushing(api.sidecar.application.core.index).push("acme/web", image(1), "v1")
    await api.result("reconcile.recount", api.root)
    assert await api.result("reconcile.getRecount", api.root) == {"done": 2, "total": 2}


async def test_only_operators_may(api: Api) -> None:
    """An owner of a project doesn't set the whole registry in motion."""
    await api.tenants.project("acme")
    await api.tenants.bind("acme", "ann@example.com", "owner")
    token = await api.tenants.secret("ann@example.com")
    assert (await api.error("reconcile.begin", token, project="acme"))["code"] == "forbidden"
