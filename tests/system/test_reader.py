"""The sidecar's own reading of real registries: pages, emptied repositories, and names it was not asked about."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator

import pytest

from sidecar.adapters.registry.reader import HttpRegistryReader
from sidecar.adapters.registry.transport import Answer, RegistryTransport, registry_transport
from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.bootstrap.keys import token_signer
from sidecar.config import Config
from sidecar.domain.digests import Digest
from sidecar.domain.identity import SIDECAR
from sidecar.domain.names import RepositoryName
from sidecar.ports import AccessEntry, TokenSigner
from sidecar.ports.registry import Answer as Agrees
from sidecar.ports.registry import Checked, Served
from tests.system.stage import Stage

pytestmark = pytest.mark.system

INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
INDEX = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": []}).encode()


class Writer:
    """Fills a registry as the sidecar could, and deletes again."""

    def __init__(self, transport: RegistryTransport, signer: TokenSigner) -> None:
        self._transport = transport
        self._signer = signer

    async def put(self, repository: str) -> None:
        """The quickest repository with a tag: an index of nothing, and a blob, without which 2.8 doesn't list it."""
        started = await self._send("POST", f"v2/{repository}/blobs/uploads/")
        await self._send("PUT", f"{started.headers['Location']}&digest={_digest(b'')}")
        stored = await self._send("PUT", f"v2/{repository}/manifests/v1", INDEX)
        assert stored.status == 201

    async def delete(self, repository: str) -> None:
        deleted = await self._send("DELETE", f"v2/{repository}/manifests/{_digest(INDEX)}")
        assert deleted.status == 202

    async def _send(self, method: str, reference: str, body: bytes = b"") -> Answer:
        url = self._transport.follow(reference)
        repository = url.path.removeprefix("/v2/").partition("/manifests/")[0].partition("/blobs/")[0]
        token = self._signer.sign(SIDECAR, [AccessEntry("repository", repository, ("pull", "push", "delete"))], 60)
        headers = {"Authorization": f"Bearer {token.text}", "Content-Type": INDEX_TYPE}
        return await self._transport.send(method, url, headers=headers, limit=65536, body=body)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@pytest.fixture
def signer(stage: Stage) -> TokenSigner:
    return token_signer(Config.load(stage.installation.sidecar_yaml), SystemClock(), SystemRandomness())


@pytest.fixture
async def transport(stage: Stage) -> AsyncIterator[RegistryTransport]:
    async with registry_transport(stage.installation.registry_url) as opened:
        yield opened


@pytest.fixture
def writer(transport: RegistryTransport, signer: TokenSigner) -> Writer:
    return Writer(transport, signer)


@pytest.fixture
def reader(transport: RegistryTransport, signer: TokenSigner) -> HttpRegistryReader:
    return HttpRegistryReader(transport, signer, lambda: None)


async def test_more_than_a_page_of_repositories_is_read(reader: HttpRegistryReader, writer: Writer) -> None:
    """Both lines answer 100 names a page: the 120 here take two."""
    names = {f"paged/repository-{number:03}" for number in range(120)}
    await asyncio.gather(*(writer.put(name) for name in names))
    assert set(await reader.repositories_with_tags(["paged/*"])) == names


async def test_an_emptied_repository_holds_nothing(reader: HttpRegistryReader, writer: Writer) -> None:
    """A repository whose last tag is gone stays in the catalogue for ever, and must not keep its project alive."""
    await writer.put("emptied/web")
    await writer.delete("emptied/web")
    assert "emptied/web" in await reader.repositories()
    assert await reader.repositories_with_tags(["emptied/*"]) == []


async def test_exact_names_and_prefixes_are_told_apart(reader: HttpRegistryReader, writer: Writer) -> None:
    """`nginx` is one repository, `library/*` is all below it, and what begins alike belongs to neither."""
    for name in ("nginx", "nginx2", "library/redis", "library/deep/er", "library2/redis"):
        await writer.put(name)
    found = await reader.repositories_with_tags(["nginx", "library/*"])
    assert sorted(found) == ["library/deep/er", "library/redis", "nginx"]


async def test_an_unknown_repository_is_told_from_an_empty_one(reader: HttpRegistryReader) -> None:
    """A real registry's NAME_UNKNOWN is None."""
    assert await reader.tags(RepositoryName("no/such/thing")) is None


async def test_a_tag_is_checked_against_what_is_believed(reader: HttpRegistryReader, writer: Writer) -> None:
    """Both lines say whether they agree, show something else, or have nothing."""
    name, digest, other = RepositoryName("checked/web"), Digest(_digest(INDEX)), Digest(_digest(b"other"))
    await writer.put(name)
    answers = [
        await reader.check(name, *question)
        for question in (("v1", digest), ("v1", other), ("v1", None), ("v2", digest), (digest, digest), (other, other))
    ]
    shown = Checked(Agrees.OTHER, digest, INDEX_TYPE)
    same, absent = Checked(Agrees.SAME), Checked(Agrees.ABSENT)
    assert answers == [same, shown, shown, absent, same, absent]


async def test_a_manifest_and_a_blob_are_read_by_digest(reader: HttpRegistryReader, writer: Writer) -> None:
    """Bytes and type as they were pushed; None for what isn't there, of either kind."""
    name, digest, other = RepositoryName("read/web"), Digest(_digest(INDEX)), Digest(_digest(b"other"))
    await writer.put(name)
    assert await reader.manifest(name, digest) == Served(digest, INDEX_TYPE, INDEX)
    assert await reader.manifest(name, other) is None
    assert await reader.blob(name, Digest(_digest(b"")), 10) == b""
    assert await reader.blob(name, other, 10) is None
