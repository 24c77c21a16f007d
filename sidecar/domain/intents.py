"""Changes at the registry, written down before they begin, so that none is forgotten half-way."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sidecar.domain.actors import Actor
from sidecar.domain.digests import Digest, Tag
from sidecar.domain.identity import PrincipalKind
from sidecar.domain.manifests import OCI_INDEX
from sidecar.domain.names import RepositoryName


class Change(StrEnum):
    UNTAG = "untag"
    DELETE_MANIFEST = "deleteManifest"
    DELETE_REPOSITORY = "deleteRepository"


@dataclass(frozen=True, slots=True)
class Intent:
    """One change. `digest` is where the tag pointed when it was asked for, or the manifest to delete.

    `known` is the time of the newest event of the tag that the index knew then, in nanoseconds by the registry's clock.
    Who asked for it stays known, whoever concludes it.
    """

    id: str
    change: Change
    repository: RepositoryName
    principal: str
    begun_at: datetime
    tag: Tag | None = None
    digest: Digest | None = None
    known: int = 0
    principal_kind: str = PrincipalKind.PERSON
    credential: str | None = None
    address: str = ""
    request: str = ""

    @property
    def actor(self) -> Actor:
        return Actor(self.principal, self.principal_kind, self.credential, self.address, self.request)

    def asked_by(self, actor: Actor) -> "Intent":
        return replace(
            self,
            principal=actor.name,
            principal_kind=actor.kind,
            credential=actor.credential,
            address=actor.address,
            request=actor.request,
        )

    @property
    def throwaway(self) -> bytes:
        """A manifest that nobody else has: an empty index, which needs no blobs and which both lines take (fact 5)."""
        return json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI_INDEX,
                "manifests": [],
                "annotations": {"registry-sidecar.throwaway": self.id},
            }
        ).encode()

    @property
    def throwaway_digest(self) -> Digest:
        return Digest(f"sha256:{hashlib.sha256(self.throwaway).hexdigest()}")
