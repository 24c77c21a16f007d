"""Reading the catalogue and tags: the quirks of registries, and faults that must not look like "nothing there"."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sidecar.adapters.registry.reader import HttpRegistryReader
from sidecar.adapters.registry.transport import registry_transport
from sidecar.domain.digests import Digest
from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.names import RepositoryName
from sidecar.ports import AccessEntry, RegistryToken
from sidecar.ports.registry import Answer

UNKNOWN = (404, {"errors": [{"code": "NAME_UNKNOWN", "message": "repository name not known to registry"}]}, None)
Page = tuple[int, Any, str | None]


class ReadableTokens:
    """Signs with the asked access in clear text, so that a test sees what a request was allowed to do."""

    def sign(self, subject: str, access: Sequence[AccessEntry], lifetime: int) -> RegistryToken:
        text = " ".join([subject, *(f"{entry.type}:{entry.name}:{','.join(entry.actions)}" for entry in access)])
        return RegistryToken(text, datetime(2026, 11, 23, tzinfo=UTC), lifetime)

    def ready(self) -> bool:
        return True


class ScriptedRegistry:
    """Answers each path and query with a page that was set for it, and keeps the tokens that it was shown."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {"/v2/_catalog": (200, {"repositories": []}, None)}
        self.tokens: list[str] = []
        self.manifests: dict[str, str] = {}

    def holds(self, **tags: Any) -> None:
        """A catalogue of `project__name` repositories with these tags, as one page."""
        names = [name.replace("__", "/") for name in tags]
        self.pages["/v2/_catalog"] = (200, {"repositories": names}, None)
        for name, found in zip(names, tags.values(), strict=True):
            self.pages[f"/v2/{name}/tags/list"] = (200, {"name": name, "tags": found}, None)

    async def answer(self, request: web.Request) -> web.Response:
        if "/manifests/" in request.path:
            return _as_distribution_does(request, self.manifests)
        self.tokens.append(request.headers["Authorization"].removeprefix("Bearer "))
        status, document, link = self.pages[request.path_qs]
        text = document if isinstance(document, str) else json.dumps(document)
        return web.Response(status=status, text=text, headers={"Link": link} if link else {})


def _as_distribution_does(request: web.Request, manifests: dict[str, str]) -> web.Response:
    """A tag is looked up before If-None-Match is compared, a digest after it (distribution, GetManifest)."""
    reference = request.path.rpartition("/")[2]
    headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
    digest = reference if ":" in reference else manifests.get(reference)
    if digest is not None and request.headers.get("If-None-Match") == f'"{digest}"':
        return web.Response(status=304, headers=headers)
    if digest is None or digest not in manifests.values():
        return web.Response(status=404, headers=headers)
    return web.Response(headers=headers | {"Docker-Content-Digest": digest, "Content-Type": "application/x"})


def _unheard() -> None:
    """Nobody listens to what events the reading makes."""


@pytest.fixture
def registry() -> ScriptedRegistry:
    return ScriptedRegistry()


@pytest.fixture
async def reader(registry: ScriptedRegistry) -> AsyncIterator[HttpRegistryReader]:
    app = web.Application()
    app.router.add_get("/{path:.*}", registry.answer)
    async with TestServer(app) as server, registry_transport(str(server.make_url("/"))) as transport:
        yield HttpRegistryReader(transport, ReadableTokens(), _unheard)


async def test_only_owned_repositories_with_tags_are_named(
    reader: HttpRegistryReader, registry: ScriptedRegistry
) -> None:
    """Prefixes and exact names select; other projects' repositories and those without tags are left out."""
    registry.holds(acme__web=["v1"], acme__empty=None, acmes__web=["v1"], nginx=["1"], nginx__more=["1"])
    assert await reader.repositories_with_tags(["acme/*", "nginx"]) == ["acme/web", "nginx"]


async def test_tags_of_others_are_not_asked_for(reader: HttpRegistryReader, registry: ScriptedRegistry) -> None:
    """The sidecar asks for the catalogue and for pull on the owned names, and for nothing else."""
    registry.holds(acme__web=["v1"], other__web=["v1"])
    await reader.repositories_with_tags(["acme/*"])
    assert registry.tokens == ["sidecar registry:catalog:*", "sidecar repository:acme/web:pull"]


async def test_pages_are_followed_to_the_end(reader: HttpRegistryReader, registry: ScriptedRegistry) -> None:
    """Link is path-only and may lead to an empty page, which ends the catalogue."""
    link = '</v2/_catalog?last=acme%2Fb&n=1>; rel="next"'
    registry.pages["/v2/_catalog"] = (200, {"repositories": ["acme/a", "acme/b"]}, link)
    registry.pages["/v2/_catalog?last=acme%2Fb&n=1"] = (200, {"repositories": None}, None)
    assert await reader.repositories() == ["acme/a", "acme/b"]


async def test_a_catalogue_that_runs_in_a_circle_is_no_answer(
    reader: HttpRegistryReader, registry: ScriptedRegistry
) -> None:
    """A Link that leads back would never end (S30)."""
    registry.pages["/v2/_catalog"] = (200, {"repositories": ["acme/a"]}, "</v2/_catalog?n=1>; rel=next")
    registry.pages["/v2/_catalog?n=1"] = (200, {"repositories": ["acme/b"]}, "</v2/_catalog?n=1>; rel=next")
    with pytest.raises(RegistryUnavailable):
        await reader.repositories()


async def test_a_stray_folder_in_the_catalogue_is_left_out(
    reader: HttpRegistryReader, registry: ScriptedRegistry
) -> None:
    """A name that no client could ask for doesn't hide the others."""
    registry.pages["/v2/_catalog"] = (200, {"repositories": ["acme/a", "lost+found"]}, None)
    assert await reader.repositories() == ["acme/a"]


async def test_an_unknown_repository_has_no_tags(reader: HttpRegistryReader, registry: ScriptedRegistry) -> None:
    """The registry's own NAME_UNKNOWN is an answer: None, which is not the same as no tags."""
    registry.pages["/v2/acme/web/tags/list"] = UNKNOWN
    registry.pages["/v2/acme/api/tags/list"] = (200, {"name": "acme/api", "tags": None}, None)
    answers = [await reader.tags(RepositoryName(name)) for name in ("acme/web", "acme/api")]
    assert answers == [None, []]


@pytest.mark.parametrize(
    "page",
    [
        (404, "<html>no such page</html>", None),
        (404, {"errors": [{"code": "UNSUPPORTED"}]}, None),
        (401, {"errors": [{"code": "UNAUTHORIZED"}]}, None),
        (500, {"repositories": []}, None),
        (307, {"repositories": []}, None),
        (200, "<html>maintenance</html>", None),
        (200, [], None),
        (200, {}, None),
        (200, {"repositories": "acme/a"}, None),
        (200, {"repositories": [1]}, None),
        (200, {"repositories": []}, '<//other.example/v2/_catalog>; rel="next"'),
    ],
)
async def test_what_is_no_clear_answer_is_unavailable(
    reader: HttpRegistryReader, registry: ScriptedRegistry, page: Page
) -> None:
    """Lessons of others: an error that reads as an empty list makes things disappear."""
    registry.pages["/v2/_catalog"] = page
    with pytest.raises(RegistryUnavailable):
        await reader.repositories_with_tags(["acme/*"])


async def test_a_failure_of_one_repository_fails_the_whole(
    reader: HttpRegistryReader, registry: ScriptedRegistry
) -> None:
    """A repository whose tags can't be read doesn't pass for an empty one."""
    registry.holds(acme__a=["v1"], acme__b=["v1"])
    registry.pages["/v2/acme/b/tags/list"] = (503, {"errors": []}, None)
    with pytest.raises(RegistryUnavailable):
        await reader.repositories_with_tags(["acme/*"])


ONE, TWO = (Digest(f"sha256:{number:064x}") for number in (1, 2))


@pytest.mark.parametrize(
    ("reference", "believed", "answer"),
    [
        ("v1", ONE, Answer.SAME),
        ("v1", TWO, Answer.OTHER),
        ("v1", None, Answer.OTHER),
        ("v2", ONE, Answer.ABSENT),
        (ONE, ONE, Answer.SAME),
        (TWO, TWO, Answer.ABSENT),
    ],
)
async def test_a_check_says_whether_the_registry_agrees(
    reader: HttpRegistryReader, registry: ScriptedRegistry, reference: str, believed: Digest | None, answer: Answer
) -> None:
    """A digest is asked for without a condition: with one, the registry says 304 of what it never had."""
    registry.manifests["v1"] = ONE
    assert (await reader.check(RepositoryName("acme/web"), reference, believed)).answer is answer
