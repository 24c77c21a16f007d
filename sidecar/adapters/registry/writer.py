"""Changes at the registry as the principal `sidecar`: whether each was made, was surely not made, or nobody knows."""

from typing import Final

from sidecar.adapters.registry.reader import HttpRegistryReader
from sidecar.adapters.registry.transport import Answer
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import OutcomeUnknown, RegistryUnavailable
from sidecar.domain.identity import SIDECAR
from sidecar.domain.names import RepositoryName
from sidecar.ports import AccessEntry

_TOKEN_SECONDS: Final = 60
_ANSWER_BYTES: Final = 64 * 1024
_DONE: Final = frozenset((202, 404))
"""What was deleted, and what wasn't there."""


class HttpRegistryWriter(HttpRegistryReader):
    """ports.changing.RegistryWriter over HTTP."""

    async def delete_tag(self, repository: RepositoryName, tag: Tag) -> bool:
        """2.8 takes every reference for a digest and answers 400.

        405 is another thing, on every line: deleting is switched off, and a throw-away would be left there for good. So
        the registry is asked each time anew, and its answer never remembered.
        """
        answer = await self._write("DELETE", repository, tag, ("delete",))
        if answer.status == 400 and answer.is_the_registrys:
            return False
        _require(answer, _DONE)
        return True

    async def put_manifest(self, repository: RepositoryName, reference: str, media_type: str, content: bytes) -> None:
        answer = await self._write("PUT", repository, reference, ("pull", "push"), media_type, content)
        _require(answer, frozenset((201,)))

    async def delete_manifest(self, repository: RepositoryName, digest: Digest) -> None:
        _require(await self._write("DELETE", repository, digest, ("delete",)), _DONE)

    async def _write(
        self,
        method: str,
        repository: RepositoryName,
        reference: str,
        actions: tuple[str, ...],
        media_type: str | None = None,
        content: bytes | None = None,
    ) -> Answer:
        token = self._signer.sign(SIDECAR, [AccessEntry("repository", repository, actions)], _TOKEN_SECONDS)
        headers = {"Authorization": f"Bearer {token.text}"}
        if media_type is not None:
            headers["Content-Type"] = media_type
        url = self._transport.url(f"v2/{repository}/manifests/{reference}")
        return await self._transport.send(method, url, headers=headers, limit=_ANSWER_BYTES, body=content)


def _require(answer: Answer, wanted: frozenset[int]) -> None:
    """A refusal is clear; a failure, and whatever a proxy in between says, is not."""
    if answer.status in wanted and answer.is_the_registrys:
        return
    if 400 <= answer.status < 500 and answer.is_the_registrys:
        raise RegistryUnavailable
    raise OutcomeUnknown
