"""Reading tags, manifests and blobs: only the registry's own clear word counts, whatever else comes back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sidecar.adapters.registry.reader import HttpRegistryReader
from sidecar.domain.digests import Digest
from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.manifests import MANIFEST_TYPES, MAX_MANIFEST_BYTES, OCI_MANIFEST
from sidecar.domain.names import RepositoryName
from sidecar.ports.registry import Answer, Checked, Served
from tests.fakes import digest_of
from tests.faulty_registry import OURS, Fault, FaultyRegistry, hangs_up, reading

WEB = RepositoryName("acme/web")
CONTENT = b'{"schemaVersion":2}'
DIGEST = digest_of(CONTENT)
OTHER = digest_of(b"other")


def answers(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Every question is answered so; header names are written with `_`."""

    async def fault(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, body=body, headers=named)

    return fault


NOT_CLEAR = [
    answers(404),
    answers(404, b"<html>no such page</html>", Content_Type="text/html"),
    answers(401, Docker_Distribution_Api_Version="registry/2.0"),
    answers(403),
    answers(429),
    answers(500),
    answers(503),
    answers(204),
    answers(307, Location="https://elsewhere.example/"),
    answers(200, b"<html>sign in</html>", Content_Type="text/html"),
    answers(200, Docker_Content_Digest="sha256:short"),
    hangs_up,
]
"""What a proxy, a sick registry or a lost connection answers."""


@asynccontextmanager
async def faulty(fault: Fault | None) -> AsyncIterator[HttpRegistryReader]:
    registry = FaultyRegistry()
    registry.push(WEB, "v1", DIGEST)
    registry.fault = fault
    async with reading(registry) as reader:
        yield reader


@pytest.mark.parametrize("believed", [DIGEST, None])
@pytest.mark.parametrize("fault", NOT_CLEAR)
async def test_a_check_believes_nobody_but_the_registry(fault: Fault, believed: Digest | None) -> None:
    """Deletions follow from an absence, so a 404 of a proxy isn't one."""
    async with faulty(fault) as reader:
        with pytest.raises(RegistryUnavailable):
            await reader.check(WEB, "v1", believed)


async def test_an_unasked_304_is_no_answer() -> None:
    """Without a condition there is nothing that it could confirm."""
    async with faulty(answers(304)) as reader:
        with pytest.raises(RegistryUnavailable):
            await reader.check(WEB, "v1", None)


async def test_a_registry_that_ignores_the_condition_is_understood() -> None:
    """200 with the same digest says the same as 304."""
    async with faulty(answers(200, Docker_Content_Digest=DIGEST, Content_Type=OCI_MANIFEST)) as reader:
        assert await reader.check(WEB, "v1", DIGEST) == Checked(Answer.SAME)


async def test_another_digest_comes_with_its_type() -> None:
    """What the index follows: digest and media type, without parameters."""
    fault = answers(200, Docker_Content_Digest=OTHER, Content_Type=f"{OCI_MANIFEST}; charset=utf-8")
    async with faulty(fault) as reader:
        assert await reader.check(WEB, "v1", DIGEST) == Checked(Answer.OTHER, OTHER, OCI_MANIFEST)


@pytest.mark.parametrize(
    "fault",
    [*NOT_CLEAR, answers(200, b"other", Content_Type=OCI_MANIFEST), answers(200, b"x" * (MAX_MANIFEST_BYTES + 1))],
)
async def test_a_manifest_is_what_its_digest_says(fault: Fault) -> None:
    """Other bytes under it, too many, or no clear answer: none of them is kept, and none means "gone"."""
    async with faulty(fault) as reader:
        with pytest.raises(RegistryUnavailable):
            await reader.manifest(WEB, DIGEST)


async def test_a_manifest_is_read_with_its_type() -> None:
    """The bytes, and the Content-Type that decides how they are read (S31)."""
    async with faulty(answers(200, CONTENT, Content_Type=OCI_MANIFEST)) as reader:
        assert await reader.manifest(WEB, DIGEST) == Served(DIGEST, OCI_MANIFEST, CONTENT)


async def test_a_manifest_that_is_not_there() -> None:
    """The registry's own 404 is an answer."""
    async with faulty(answers(404, Docker_Distribution_Api_Version="registry/2.0")) as reader:
        assert await reader.manifest(WEB, DIGEST) is None


async def test_every_type_of_manifest_is_accepted() -> None:
    """Else a registry answers 404, or converts."""
    accepted: list[str] = []

    async def fault(request: web.Request) -> web.StreamResponse:
        accepted.extend(request.headers["Accept"].split(", "))
        return web.Response(status=404, headers=OURS)

    async with faulty(fault) as reader:
        await reader.manifest(WEB, DIGEST)
    assert accepted == list(MANIFEST_TYPES)


@pytest.mark.parametrize(
    "fault",
    [
        answers(404, Docker_Distribution_Api_Version="registry/2.0"),
        answers(307, Location="https://bucket.example/blob?signature=x"),
        answers(200, b"x" * 101),
    ],
)
async def test_a_blob_that_cannot_be_had_is_done_without(fault: Fault) -> None:
    """Gone, kept elsewhere, or too large: no later question would be answered otherwise, so the image counts as is."""
    async with faulty(fault) as reader:
        assert await reader.blob(WEB, DIGEST, 100) is None


@pytest.mark.parametrize("fault", [answers(404), answers(500), answers(200, b"other"), hangs_up])
async def test_a_blob_without_a_clear_answer_is_asked_for_again(fault: Fault) -> None:
    """An image isn't left without its platform because a proxy was down."""
    async with faulty(fault) as reader:
        with pytest.raises(RegistryUnavailable):
            await reader.blob(WEB, DIGEST, 100)


async def test_no_credential_follows_a_redirect() -> None:
    """S27: what a Location names is never asked."""
    asked: list[web.Request] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request)
        return web.Response()

    other = web.Application()
    other.router.add_get("/{path:.*}", elsewhere)
    async with TestServer(other) as server:
        async with faulty(answers(307, Location=str(server.make_url("/blob")))) as reader:
            await reader.blob(WEB, DIGEST, 100)
        assert asked == []
