"""The part of the namespace `installation` behind `sidecar explain image`: why an image is listed, or isn't."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Self

from sidecar.domain.policy import Caller
from sidecar.domain.roles import OPERATE
from sidecar.ports.explaining import DueVerification, ManifestState, PastEvent, WaitingEvents
from sidecar.ports.registry import Answer
from sidecar.usecases.explain_image import ExplainImage, ImageExplanation
from sidecar.web.api.bodies import Body, Result
from sidecar.web.api.fields import ImageField
from sidecar.web.api.methods import AnyMethod, Method

RegistrySays = Literal["agrees", "shows another", "has none", "no answer"]


class ExplainImageBody(Body):
    image: ImageField
    """`acme/web:v1` or `acme/web@sha256:…`, without the registry's host."""


class EventResult(Result):
    action: str
    digest: str | None = None
    at: datetime
    """By the registry's own clock."""
    by: str

    @classmethod
    def of(cls, event: PastEvent | None) -> Self | None:
        return None if event is None else cls(action=event.action, digest=event.digest, at=event.at, by=event.by)


class WaitingResult(Result):
    count: int
    """Events of the repository that are not applied yet."""
    position: int
    """The first one's in the whole inbox, from 1."""
    since: datetime

    @classmethod
    def of(cls, events: WaitingEvents | None) -> Self | None:
        return None if events is None else cls(count=events.count, position=events.position, since=events.since)


class FetchResult(Result):
    again: datetime
    """When the manifest is asked for next."""
    attempts: int
    failure: str | None = None

    @classmethod
    def of(cls, manifest: ManifestState | None) -> Self | None:
        if manifest is None or manifest.again is None:
            return None
        return cls(again=manifest.again, attempts=manifest.attempts, failure=manifest.failure)


class VerificationResult(Result):
    due: datetime
    """When the registry is asked whether it is true."""
    missing_since: datetime | None = None
    """When it said once that it isn't there; it takes two."""

    @classmethod
    def of(cls, verification: DueVerification | None) -> Self | None:
        return None if verification is None else cls(due=verification.due, missing_since=verification.missing_since)


class ExplainedImage(Result):
    listed: bool
    because: tuple[str, ...]
    """Sentences, the one that decides first."""
    project: str | None = None
    """The project that owns the repository; absent where none does."""
    digest: str | None = None
    """What is listed."""
    registry: RegistrySays
    """What the registry says at this moment."""
    registry_digest: str | None = None
    """What it shows instead."""
    last_event: EventResult | None = None
    """The newest fact of the tag's history."""
    waiting: WaitingResult | None = None
    fetch: FetchResult | None = None
    """Absent where the manifest is read."""
    verification: VerificationResult | None = None
    quarantined: tuple[int, ...]
    """Ids of items in quarantine that name the repository."""

    @classmethod
    def of(cls, explanation: ImageExplanation) -> Self:
        facts, answer = explanation.facts, explanation.answer
        return cls(
            listed=explanation.digest is not None,
            because=explanation.because,
            project=explanation.owner,
            digest=explanation.digest,
            registry="no answer" if answer is None else _SAYS[answer.answer],
            registry_digest=None if answer is None else answer.digest,
            last_event=EventResult.of(facts.last_event),
            waiting=WaitingResult.of(facts.waiting),
            fetch=FetchResult.of(facts.manifest),
            verification=VerificationResult.of(facts.verification),
            quarantined=facts.mentions,
        )


_SAYS: Final[Mapping[Answer, RegistrySays]] = {
    Answer.SAME: "agrees",
    Answer.OTHER: "shows another",
    Answer.ABSENT: "has none",
}


@dataclass(frozen=True, slots=True)
class ImageNamespace:
    explain: ExplainImage

    def methods(self) -> Sequence[AnyMethod]:
        example = {"image": "acme/web:v1"}
        return (
            Method("installation.explainImage", OPERATE, ExplainImageBody, ExplainedImage, self.explain_image, example),
        )

    async def explain_image(self, _: Caller, body: ExplainImageBody) -> ExplainedImage:
        """Says why an image is listed or isn't: what events told of it, what waits, and what the registry says now."""
        return ExplainedImage.of(await self.explain(body.image))
