"""What the registry says it holds: its catalogue and its tags, read as the principal `sidecar`.

Whatever is not a clear answer is RegistryUnavailable: an error, a proxy's page or a list that never ends must not look
like "nothing there", because deletions follow from that.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, TypeVar

from sidecar.adapters.registry.transport import Answer, AnswerTooLarge, RegistryTransport
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.documents import Ambiguous, read_json
from sidecar.domain.errors import Invalid, RegistryUnavailable
from sidecar.domain.identity import SIDECAR
from sidecar.domain.manifests import MANIFEST_TYPES, MAX_MANIFEST_BYTES
from sidecar.domain.names import RepositoryName
from sidecar.domain.ownership import OwnedName
from sidecar.ports import AccessEntry, TokenSigner
from sidecar.ports.registry import Answer as AnswerKind
from sidecar.ports.registry import Checked, Served

_LIST_BYTES: Final = 32 * 1024 * 1024
_MAX_NAMES: Final = 1_000_000
_TOKEN_SECONDS: Final = 60
_WHOLE_ANSWER_SECONDS: Final = 60
_NEXT: Final = re.compile(r'<([^<>]+)>; *rel="?next"?')
_ACCEPT: Final = ", ".join(MANIFEST_TYPES)
_ELSEWHERE: Final = frozenset((301, 302, 303, 307, 308))
_CATALOG: Final = AccessEntry("registry", "catalog", ("*",))


class HttpRegistryReader:
    """ports.RepositoryCatalog and ports.registry.RegistryReader over HTTP.

    `echo` is called for each answer about a manifest that makes the registry send an event.
    """

    def __init__(self, transport: RegistryTransport, signer: TokenSigner, echo: Callable[[], None]) -> None:
        self._transport = transport
        self._signer = signer
        self._echo = echo

    async def repositories_with_tags(self, owned_by: Sequence[str]) -> list[RepositoryName]:
        """The repositories with at least one tag among these names and prefixes, within a minute or not at all."""
        owned = [OwnedName(name) for name in owned_by]
        try:
            async with asyncio.timeout(_WHOLE_ANSWER_SECONDS):
                every = await self.repositories()
                names = [name for name in every if any(one.overlaps(OwnedName(name)) for one in owned)]
                tags = await asyncio.gather(*(self.tags(name) for name in names))
        except TimeoutError:
            raise RegistryUnavailable from None
        return [name for name, found in zip(names, tags, strict=True) if found]

    async def repositories(self) -> list[RepositoryName]:
        """The catalogue, all pages. Emptied repositories stay in it for ever.

        No page size is asked for: one above the registry's `catalog.maxentries` would be answered with 400.
        """
        names = [name async for name in self._names("v2/_catalog", "repositories", _CATALOG)]
        return list(_legal(RepositoryName, names))

    async def tags(self, repository: RepositoryName) -> list[Tag] | None:
        """All pages; None where the registry says that there is no such repository, and [] where it has no tags."""
        access = AccessEntry("repository", repository, ("pull",))
        try:
            names = [name async for name in self._names(f"v2/{repository}/tags/list", "tags", access)]
        except _UnknownName:
            return None
        return list(_legal(Tag, names))

    async def check(self, repository: RepositoryName, reference: str, digest: Digest | None) -> Checked:
        """HEAD, by tag with If-None-Match: 304 makes no event, a plain HEAD does (registry fact 3).

        By digest the condition proves nothing: both lines compare it before they look, and answer 304 even for what
        never was there.
        """
        conditional = digest is not None and reference != digest
        headers = {"Accept": _ACCEPT} | ({"If-None-Match": f'"{digest}"'} if conditional else {})
        answer = await self._get(repository, f"manifests/{reference}", headers, 0, "HEAD")
        match answer.status:
            case 304 if conditional:
                return Checked(AnswerKind.SAME)
            case 404 if answer.is_the_registrys:
                return Checked(AnswerKind.ABSENT)
            case 200:
                self._echo()
                return _shown(answer, digest)
        raise RegistryUnavailable

    async def manifest(self, repository: RepositoryName, digest: Digest) -> Served | None:
        """The bytes that the digest names. Other bytes under it are no clear answer, and so are refused."""
        answer = await self._get(repository, f"manifests/{digest}", {"Accept": _ACCEPT}, MAX_MANIFEST_BYTES)
        if answer.status == 404 and answer.is_the_registrys:
            return None
        self._echo()
        if answer.status != 200 or not digest.fits(answer.body):
            raise RegistryUnavailable
        return Served(digest, _media_type(answer), answer.body)

    async def blob(self, repository: RepositoryName, digest: Digest, limit: int) -> bytes | None:
        """A small blob. One that the registry keeps elsewhere (a redirect to object storage) is not followed (S27)."""
        try:
            answer = await self._get(repository, f"blobs/{digest}", {"Accept-Encoding": "identity"}, limit)
        except AnswerTooLarge:
            return None
        if answer.status in _ELSEWHERE or (answer.status == 404 and answer.is_the_registrys):
            return None
        if answer.status != 200 or not digest.fits(answer.body):
            raise RegistryUnavailable
        return answer.body

    async def _get(
        self, repository: RepositoryName, path: str, headers: dict[str, str], limit: int, method: str = "GET"
    ) -> Answer:
        access = AccessEntry("repository", repository, ("pull",))
        token = self._signer.sign(SIDECAR, [access], _TOKEN_SECONDS)
        return await self._transport.send(
            method,
            self._transport.url(f"v2/{repository}/{path}"),
            headers={"Authorization": f"Bearer {token.text}", **headers},
            limit=limit,
        )

    async def _names(self, path: str, key: str, access: AccessEntry) -> AsyncIterator[str]:
        """The names under `key` on each page, from `path` on. `Link` is path-only and may lead to an empty page."""
        url, seen, count = self._transport.url(path), set[str](), 0
        while str(url) not in seen and count <= _MAX_NAMES:
            seen.add(str(url))
            token = self._signer.sign(SIDECAR, [access], _TOKEN_SECONDS)
            answer = await self._transport.send(
                "GET", url, headers={"Authorization": f"Bearer {token.text}"}, limit=_LIST_BYTES
            )
            names = _names_in(answer, key)
            count += len(names)
            for name in names:
                yield name
            link = _NEXT.search(answer.headers.get("Link", ""))
            if link is None:
                return
            url = self._transport.follow(link[1])
        raise RegistryUnavailable


def _media_type(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip()


def _shown(answer: Answer, asked: Digest | None) -> Checked:
    """What a 200 shows. A registry that ignores If-None-Match answers so for the same digest, too."""
    try:
        digest = Digest(answer.headers.get("Docker-Content-Digest", ""))
    except Invalid:
        raise RegistryUnavailable from None
    if digest == asked:
        return Checked(AnswerKind.SAME)
    return Checked(AnswerKind.OTHER, digest, _media_type(answer))


class _UnknownName(RegistryUnavailable):
    """The registry itself says NAME_UNKNOWN: not just any 404, which a proxy in between may answer as well."""


def _names_in(answer: Answer, key: str) -> list[str]:
    """The list under `key`; null is empty (the tags of a repository without any)."""
    document = _document(answer.body)
    if answer.status == 404 and _says_unknown_name(document):
        raise _UnknownName
    names = document.get(key, 0) if answer.status == 200 else 0
    if not isinstance(names, list | None) or not all(isinstance(name, str) for name in names or ()):
        raise RegistryUnavailable
    return names or []


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = read_json(body)
    except Ambiguous:
        raise RegistryUnavailable from None
    if not isinstance(document, dict):
        raise RegistryUnavailable
    return document


def _says_unknown_name(document: dict[str, Any]) -> bool:
    match document:
        case {"errors": [{"code": "NAME_UNKNOWN"}, *_]}:
            return True
    return False


_Name = TypeVar("_Name")


def _legal(make: Callable[[str], _Name], names: Iterable[str]) -> Iterator[_Name]:
    """The names of legal form. No other can be asked for: it is a stray folder in the registry's storage."""
    for name in names:
        with suppress(Invalid):
            yield make(name)
