"""Sweeps: what they find, what they follow, and what they never do."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sidecar.adapters.registry import transport
from sidecar.domain.names import ProjectId
from sidecar.domain.targets import Target
from sidecar.ports.sweeps import DriftKind, Sweep, SweepOrder, SweepReason, SweepStage
from sidecar.usecases import reconcile
from sidecar.usecases.reconcile import Reconcile
from tests.faulty_registry import OURS, Fault, always, hangs, hangs_up, lists, on_lists, on_manifests
from tests.usecases.sweeping import World, digest_of, world

PERSON = SweepOrder(SweepReason.PERSON)


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path) as made:
        yield made


async def drift_of(here: World, sweep: int) -> list[tuple[str, str]]:
    return [(item.key, item.kind) for item in await here.database.sweeps.drift(sweep, 1000)]


async def test_a_registry_without_events_is_adopted(here: World) -> None:
    """Repositories and tags that only the registry knows are in the index after one sweep."""
    for number in range(40):
        here.registry.push(f"acme/app{number % 20}", f"v{number}", digest_of(number))
    await here.sweep()
    assert len(await here.database.index.repositories()) == 20
    assert await here.tags("acme/app3") == {"v3": digest_of(3), "v23": digest_of(23)}


async def test_a_tag_that_moved_unheard_is_followed(here: World) -> None:
    """The lost event of a re-tag costs its author, not the truth."""
    await here.push("acme/web", "v1", 1)
    here.registry.manifests["acme/web"] = {digest_of(1)}
    here.registry.push("acme/web", "v1", digest_of(2))
    sweep = await here.sweep()
    assert await here.tags() == {"v1": digest_of(2)}
    assert await drift_of(here, sweep.id) == [("v1", "changed")]


async def test_what_went_unheard_goes_after_two_answers(here: World) -> None:
    """A tag that was deleted, and its manifest with it, are gone after the second clear answer."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v2", 2)
    del here.registry.tags["acme/web"]["v1"]
    sweep = await here.sweep()
    assert await here.tags() == {"v2": digest_of(2)}
    assert await here.manifests() == {digest_of(2)}
    assert ("v1", "removed") in await drift_of(here, sweep.id)


async def test_one_answer_removes_nothing(here: World) -> None:
    """S28: what the registry has when it is asked again stays, and is no drift."""
    await here.push("acme/web", "v1", 1)
    once: list[str] = []

    async def denies_once(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/manifests/v1") and not once:
            once.append("denied")
            return web.Response(status=404, headers={"Docker-Distribution-Api-Version": "registry/2.0"})
        return None

    here.registry.fault = denies_once
    sweep = await here.sweep()
    assert await here.tags() == {"v1": digest_of(1)}
    assert await drift_of(here, sweep.id) == []


@pytest.mark.parametrize("reason", sorted(set(SweepReason) - {SweepReason.INTERVAL}))
async def test_a_tag_that_outlived_its_manifest_goes(here: World, reason: SweepReason) -> None:
    """A push overlapped a delete that nobody heard of: the registry says 304 to a condition, and 404 to everybody else."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v2", 2)
    here.registry.lost = {digest_of(1)}
    sweep = await here.sweep(reason=reason)
    assert await here.tags() == {"v2": digest_of(2)}
    assert await here.manifests() == {digest_of(2)}
    assert await drift_of(here, sweep.id) == [("v1", "removed")]


async def test_a_sweep_at_its_interval_makes_no_events_of_tags(here: World) -> None:
    """Registry fact 3: 304 makes none. One that an event or a person asks for meanwhile asks without a condition."""
    await here.push("acme/web", "v1", 1)
    conditions: list[str | None] = []

    async def listens(request: web.Request) -> web.StreamResponse | None:
        if request.path.endswith("/manifests/v1"):
            conditions.append(request.headers.get("If-None-Match"))
        return None

    here.registry.fault = listens
    await here.sweep(reason=SweepReason.INTERVAL)
    await here.database.sweeps.request(SweepOrder(SweepReason.INTERVAL), here.clock.now())
    await here.sweep(reason=SweepReason.INSTANCE)
    assert conditions == [f'"{digest_of(1)}"', None]


async def test_an_untagged_manifest_that_is_served_stays(here: World) -> None:
    """No list names it, and yet it is there."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v1", 2)
    here.registry.manifests["acme/web"] = {digest_of(1)}
    await here.sweep()
    assert await here.manifests() == {digest_of(1), digest_of(2)}


async def test_an_untagged_manifest_that_is_not_served_goes(here: World) -> None:
    """Its delete was lost; a conditional question would have said that it is there."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v1", 2)
    await here.sweep()
    assert await here.manifests() == {digest_of(2)}


async def test_what_only_sweeps_knew_is_found_again(here: World) -> None:
    """Pushed, deleted and pushed again by digest without one event that was heard: it is served, so it is listed."""
    here.registry.push("acme/web", "v1", digest_of(1))
    here.registry.push("acme/web", "v2", digest_of(2))
    await here.sweep()
    del here.registry.tags["acme/web"]["v1"]
    await here.sweep()
    assert await here.manifests() == {digest_of(2)}
    here.registry.manifests["acme/web"] = {digest_of(1)}
    await here.sweep()
    assert await here.manifests() == {digest_of(1), digest_of(2)}


async def test_a_dry_run_changes_nothing(here: World) -> None:
    """It tells what would be, by the same questions."""
    await here.push("acme/web", "old", 1)
    here.registry.tags["acme/web"] = {"new": digest_of(2)}
    sweep = await here.sweep(dry_run=True)
    assert await here.tags() == {"old": digest_of(1)}
    assert await drift_of(here, sweep.id) == [("new", "added"), ("old", "missing")]


async def test_what_an_event_touched_is_left_to_its_own_verification(here: World) -> None:
    """Registry fact 1: just after a push the registry still shows the old tag; a sweep must not turn the index back."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v1", 2)
    here.registry.push("acme/web", "v1", digest_of(1))
    repository = (await here.database.index.repositories())[0]
    async with here.database.index.applying() as tables:
        await tables.suspect(repository, Target.TAG, "v1", here.clock.now())
    await here.database.sweeps.request(PERSON, here.clock.now())
    while await here.reconcile.run_once():
        pass
    assert await here.tags() == {"v1": digest_of(2)}


async def test_a_project_is_swept_alone(here: World) -> None:
    """`--project` asks for nothing outside of it."""
    here.registry.push("acme/web", "v1", digest_of(1))
    here.registry.push("other/web", "v1", digest_of(2))
    await here.add_project("acme")
    await here.sweep(project="acme")
    assert await here.database.index.repositories() == ["acme/web"]


async def test_a_sweep_resumes_where_it_was(here: World) -> None:
    """After a crash nothing is asked again of repositories that were done."""
    for number in range(40):
        here.registry.push(f"acme/app{number:02}", "v1", digest_of(number))
    await here.database.sweeps.request(PERSON, here.clock.now())
    await here.reconcile.run_once()
    here.registry.asked.clear()
    here.reconcile = here.again()
    while await here.reconcile.run_once():
        pass
    assert not any("app00" in path for path in here.registry.asked)
    assert len(await here.database.index.repositories()) == 40


async def test_a_sweep_asks_on_while_it_writes(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry isn't kept waiting by the index: the second portion is asked about before the first is written."""
    monkeypatch.setattr(reconcile, "_ASKED_TOGETHER", 2)
    for number in range(6):
        here.registry.push("acme/web", f"v{number}", digest_of(number))
    look, written = Reconcile._look, 0

    async def look_when_asked_on(reconcile: Reconcile, *portion: Any) -> Sweep:
        nonlocal written
        async with asyncio.timeout(60):
            while not written and sum(path.startswith("HEAD") for path in here.registry.asked) <= 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        written += 1
        return await look(reconcile, *portion)

    monkeypatch.setattr(Reconcile, "_look", look_when_asked_on)
    await here.sweep()
    assert written == 3
    assert len(await here.tags()) == 6


async def test_each_is_asked_about_once(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pages of the index a repository fills: what both know, what one alone knows, what has no tag."""
    monkeypatch.setattr(reconcile, "_PAGE", 2)
    for number in range(5):
        await here.push("acme/web", f"v{number}", number)
    for number in (3, 7):
        here.registry.push("acme/web", f"w{number}", digest_of(number))
    del here.registry.tags["acme/web"]["v4"]
    here.registry.asked.clear()
    await here.database.sweeps.request(SweepOrder(SweepReason.PERSON, dry_run=True), here.clock.now())
    while await here.reconcile.run_once():
        pass
    asked = [path.rpartition("/")[2] for path in here.registry.asked if "/manifests/" in path]
    assert sorted(asked) == ["v0", "v1", "v2", "v3", "v4", "w3", "w7"]


async def test_suspects_are_looked_at_first(here: World) -> None:
    """A repository with a push token is asked about before all others, whether the catalogue names it or not."""
    for number in range(40):
        here.registry.push(f"acme/app{number:02}", "v1", digest_of(number))
    here.registry.push("zoo/last", "v1", digest_of(99))
    here.registry.catalogue.remove("zoo/last")
    here.pushes.note("zoo/last")
    here.pushes.note("not a name")
    await here.database.sweeps.request(PERSON, here.clock.now())
    await here.reconcile.run_once()
    assert [path for path in here.registry.asked if "/tags/list" in path] == ["GET /v2/zoo/last/tags/list"]


async def test_history_and_authors_outlive_a_removal(here: World) -> None:
    """A tag that went and came back still has its history."""
    await here.push("acme/web", "v1", 1)
    await here.push("acme/web", "v2", 2)
    del here.registry.tags["acme/web"]["v1"]
    await here.sweep()
    here.registry.push("acme/web", "v1", digest_of(1))
    await here.sweep()
    async with here.database.index.applying() as tables:
        row = await tables._session.fetch_one("SELECT pushed_by FROM tag WHERE name = 'v1'")
    assert row == ("ci@acme.example",)


MORE = {"Link": '</v2/_catalog?last=x>; rel="next"'}
PROXY_404 = always(404, {"error": "no such host"})
FAULTS: dict[str, Fault] = {
    "500": always(500, {}),
    "401": always(401, {"errors": [{"code": "UNAUTHORIZED"}]}),
    "a proxy's 404": PROXY_404,
    "a proxy's 200": always(200, {}),
    "redirects": always(307, {}),
    "empty lists": lists({"repositories": [], "tags": []}),
    "null lists": lists({"repositories": None, "tags": None}),
    "truncated lists": lists({"repositories": ["acme/app00"], "tags": ["t00"]}),
    "its own 503": on_lists((b'{"errors": [{"code": "UNAVAILABLE"}]}', 503, {})),
    "too many requests": always(429, {"errors": [{"code": "TOOMANYREQUESTS"}]}),
    "knows no repository": on_lists((b'{"errors": [{"code": "NAME_UNKNOWN"}]}', 404, {})),
    "half a list": on_lists((b'{"repositories": ["acme/app00"], "tags": ["t0', 200, {})),
    "a list that breaks off": on_lists((b'{"repositories": [], "tags": []}', 200, MORE), (b"", 500, {})),
    "a list that leads to itself": on_lists((b'{"repositories": [], "tags": []}', 200, MORE)),
    "a list of something else": on_lists((b'{"repositories": {"a": 1}, "tags": 7}', 200, {})),
    "304 to everybody": on_manifests(304, OURS),
    "a proxy's 404 for manifests": on_manifests(404, {}),
    "403 for manifests": on_manifests(403, OURS),
    "no digest": on_manifests(200, OURS),
    "no digest that is one": on_manifests(200, OURS | {"Docker-Content-Digest": "sha256:0"}),
    "hangs": hangs,
    "hangs up": hangs_up,
}


async def populate(here: World, repositories: int, tags: int) -> None:
    for number in range(repositories * tags):
        await here.push(f"acme/app{number % repositories:02}", f"t{number // repositories:02}", number)


async def everything(here: World) -> dict[str, dict[str, str]]:
    names = await here.database.index.repositories()
    return {name: {str(tag): str(digest) for tag, digest in (await here.tags(name)).items()} for name in names}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_no_fault_removes_anything(here: World, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors, time-outs and lists that say nothing take nothing away and move nothing, in however many sweeps."""
    monkeypatch.setattr(transport, "_TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    await populate(here, 3, 4)
    before = await everything(here)
    here.registry.fault = fault
    await here.sweeps_under_fault(5)
    assert await everything(here) == before


async def test_an_empty_folder_removes_nothing(here: World) -> None:
    """A registry on the wrong storage answers honest 404s; it also lists nothing, which no registry in use does."""
    await populate(here, 2, 5)
    before = await everything(here)
    here.registry.start_on_an_empty_folder()
    stages = [(await here.sweep()).stage for _ in range(5)]
    assert stages == [SweepStage.STOPPED] * 5
    assert await everything(here) == before


async def test_a_catalogue_that_leaves_repositories_out_stops_nothing(here: World) -> None:
    """2.8 names none that never held a blob; asked for by name, it knows them."""
    await populate(here, 2, 5)
    here.registry.fault = catalogue_of_nothing
    assert (await here.sweep()).stage is SweepStage.DONE
    assert len(await here.tags("acme/app00")) == 5


async def catalogue_of_nothing(request: web.Request) -> web.StreamResponse | None:
    return web.json_response({"repositories": []}) if request.path == "/v2/_catalog" else None


async def test_another_registrys_storage_removes_nothing(here: World) -> None:
    """More than one tag in twenty missing, and at least fifty: the sweep stops and waits for a person."""
    await populate(here, 4, 25)
    before = await everything(here)
    here.registry.start_on_an_empty_folder()
    here.registry.catalogue = ["elsewhere/app"]
    stages = [(await here.sweep()).stage for _ in range(5)]
    assert stages == [SweepStage.STOPPED] * 5
    assert await everything(here) == before
    assert here.noted.missing is not None
    assert here.noted.missing >= 50


async def test_a_small_registry_that_was_pushed_to_on_the_wrong_storage_loses_nothing(here: World) -> None:
    """Less than fifty tags, and the catalogue isn't empty any more: it doesn't know most of what holds tags."""
    await populate(here, 5, 2)
    before = await everything(here)
    here.registry.start_on_an_empty_folder()
    here.registry.push("acme/app00", "t00", digest_of(0))
    here.registry.push("acme/app00", "t01", digest_of(5))
    assert (await here.sweep()).stage is SweepStage.STOPPED
    assert await everything(here) == before
    assert here.noted.missing == 8
    assert (await here.sweep(accepted=True)).stage is SweepStage.DONE
    assert [name for name, tags in (await everything(here)).items() if tags] == ["acme/app00"]


async def test_a_projects_sweep_looks_at_what_the_project_holds(here: World) -> None:
    """That the registry knows the others' repositories says nothing of this one's."""
    await here.add_project("acme")
    await populate(here, 1, 2)
    await here.push("beta/web", "v1", 99)
    del here.registry.tags["acme/app00"]
    here.registry.catalogue.remove("acme/app00")
    assert (await here.sweep(project=ProjectId("acme"))).stage is SweepStage.STOPPED
    assert len(await here.tags("acme/app00")) == 2


async def test_a_repository_that_the_registry_forgot_goes(here: World) -> None:
    """Somebody took its folder away; most of what the index holds is known, so that no person is asked."""
    await populate(here, 3, 2)
    del here.registry.tags["acme/app01"]
    here.registry.catalogue.remove("acme/app01")
    assert (await here.sweep()).stage is SweepStage.DONE
    assert await here.tags("acme/app01") == {}


async def test_one_projects_sweep_neither_lifts_nor_accepts_a_stop_of_all(here: World) -> None:
    """Whoever sees to one project has not seen to the others."""
    await here.add_project("beta")
    await populate(here, 2, 5)
    await here.push("beta/web", "v1", 99)
    before = await everything(here)
    here.registry.start_on_an_empty_folder()
    here.registry.push("beta/web", "v1", digest_of(99))
    stopped = await here.sweep()
    assert (await here.sweep(project=ProjectId("beta"))).stage is SweepStage.DONE
    assert await here.database.sweeps.stopped() == stopped
    assert (await here.sweep(project=ProjectId("beta"), accepted=True)).id != stopped.id
    assert await everything(here) == before
    assert (await here.sweep(accepted=True)).id == stopped.id
    assert not await here.tags("acme/app00")


async def test_what_would_go_is_counted_where_something_is_denied(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And at the end, before anything goes; not after every portion of what is learnt, of which there may be very much."""
    monkeypatch.setattr(reconcile, "_ASKED_TOGETHER", 2)
    for number in range(20):
        here.registry.push("acme/web", f"v{number}", digest_of(number))
    counts, counted = here.database.sweeps.counts, 0

    async def counting(sweep: int) -> Mapping[tuple[DriftKind, Target], int]:
        nonlocal counted
        counted += 1
        return await counts(sweep)

    monkeypatch.setattr(here.database.sweeps, "counts", counting)
    await here.sweep()
    assert counted == 1
    del here.registry.tags["acme/web"]["v7"]
    await here.sweep()
    assert counted == 3


async def test_a_few_missing_tags_stop_nothing(here: World) -> None:
    """Below fifty a sweep goes on by itself."""
    await populate(here, 1, 60)
    for number in range(49):
        del here.registry.tags["acme/app00"][f"t{number:02}"]
    assert (await here.sweep()).stage is SweepStage.DONE
    assert len(await here.tags("acme/app00")) == 11


async def test_a_person_accepts_what_goes(here: World) -> None:
    """`--accept` is for the sweep that stopped; every answer is still asked for twice."""
    await populate(here, 2, 40)
    here.registry.start_on_an_empty_folder()
    stopped = await here.sweep()
    accepted = await here.sweep(accepted=True)
    assert (accepted.id, accepted.stage) == (stopped.id, SweepStage.DONE)
    assert await everything(here) == {"acme/app00": {}, "acme/app01": {}}


async def test_an_accepted_sweep_looks_at_everything_anew(here: World) -> None:
    """While it was stopped, verifications held back what would have gone, and left it to this sweep."""
    for number in range(reconcile._AT_A_TIME):
        await here.push(f"acme/a{number:02}", "v1", 1000 + number)
    await populate(here, 1, 60)
    here.registry.tags["acme/app00"].clear()
    stopped = await here.sweep()
    assert (stopped.stage, stopped.position) == (SweepStage.STOPPED, "acme/a15")
    here.registry.tags["acme/a03"].clear()
    accepted = await here.sweep(accepted=True)
    assert (accepted.id, accepted.stage, accepted.swept) == (stopped.id, SweepStage.DONE, accepted.repositories)
    assert (await here.tags("acme/a03"), await here.tags("acme/app00")) == ({}, {})


async def test_acceptance_does_not_outlive_the_mistake(here: World) -> None:
    """If the registry is right again when a person accepts, everything stays."""
    await populate(here, 2, 40)
    before, tags, catalogue = await everything(here), here.registry.tags, here.registry.catalogue
    here.registry.start_on_an_empty_folder()
    here.registry.catalogue = ["elsewhere/app"]
    await here.sweep()
    here.registry.tags, here.registry.catalogue = tags, catalogue
    await here.sweep(accepted=True)
    assert await everything(here) == before
