"""Why an image is listed or not: what events told, what waits, and what the registry answers now."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sidecar.domain.digests import Digest
from sidecar.domain.errors import RegistryUnavailable
from sidecar.domain.names import ProjectId
from sidecar.domain.references import ImageReference
from sidecar.domain.targets import Target
from sidecar.ports.explaining import Explanations, ImageFacts
from sidecar.ports.registry import Answer, Checked, RegistryReader


@dataclass(frozen=True, slots=True)
class ImageExplanation:
    """`digest` is what the index lists. `answer` is the registry's own at this moment, None where it gave none."""

    owner: ProjectId | None
    facts: ImageFacts
    digest: Digest | None
    answer: Checked | None
    because: tuple[str, ...]
    """Sentences, the one that decides first."""


@dataclass(frozen=True)
class ExplainImage:
    explanations: Explanations
    registry: RegistryReader
    owner_of: Callable[[str], ProjectId | None]

    async def __call__(self, image: ImageReference) -> ImageExplanation:
        """Changes nothing. Never raises for a registry that doesn't answer: that is a finding, too."""
        facts = await self.explanations.image(image)
        digest = _listed(image, facts)
        answer = await self._ask(image, digest)
        owner = self.owner_of(image.repository)
        because = (
            _decision(image, facts, digest),
            *_waiting(facts),
            *_ownership(owner),
            *_registry(digest, answer),
        )
        return ImageExplanation(owner, facts, digest, answer, because)

    async def _ask(self, image: ImageReference, believed: Digest | None) -> Checked | None:
        try:
            return await self.registry.check(image.repository, image.key, believed)
        except RegistryUnavailable:
            return None


def _listed(image: ImageReference, facts: ImageFacts) -> Digest | None:
    if image.target is Target.TAG:
        return None if facts.tag is None else facts.tag.digest
    return None if facts.manifest is None or facts.manifest.gone else facts.manifest.digest


def _decision(image: ImageReference, facts: ImageFacts, digest: Digest | None) -> str:
    """What decides whether it is listed."""
    if not facts.repository_known:
        return f"no event ever told of a push to {image.repository}"
    if image.target is Target.MANIFEST:
        return _manifest_decision(facts, digest)
    if facts.tag is None:
        return "no event ever told of this tag"
    last = facts.last_event
    if digest is not None:
        return f"pushed by {facts.tag.by}" if facts.tag.by else "the registry shows it; no event told of it"
    if last is not None and last.action == "delete":
        return f"deleted by {last.by or 'somebody without a name'}"
    return "the registry said twice that it is not there"


def _manifest_decision(facts: ImageFacts, digest: Digest | None) -> str:
    if digest is not None:
        return "an event, an index or the registry told of it"
    if facts.manifest is None:
        return "nothing ever told of this manifest"
    return "it was deleted, or the registry said twice that it is not there"


def _waiting(facts: ImageFacts) -> Iterator[str]:
    """What may change it yet."""
    if facts.waiting is not None:
        yield (
            f"{facts.waiting.count} events of the repository wait to be applied, the first at position "
            f"{facts.waiting.position} of the inbox"
        )
    if facts.manifest is not None and facts.manifest.unparsed is not None:
        yield f"its manifest can't be understood, so that only its own bytes count: {facts.manifest.unparsed}"
    if facts.manifest is not None and facts.manifest.again is not None and not facts.manifest.gone:
        failure = f": {facts.manifest.failure}" if facts.manifest.failure else ""
        yield f"its manifest is not read yet, so its size is not known ({facts.manifest.attempts} attempts{failure})"
    if facts.verification is not None:
        once = " for the second time, after it was missing once" if facts.verification.missing_since else ""
        yield f"the registry is about to be asked{once}"
    if facts.mentions:
        count = len(facts.mentions)
        named = "1 item in quarantine names" if count == 1 else f"{count} items in quarantine name"
        yield f"{named} the repository: see `sidecar inbox show`"


def _ownership(owner: ProjectId | None) -> Iterator[str]:
    if owner is None:
        yield "no project owns the repository: only administrators see it"


def _registry(digest: Digest | None, answer: Checked | None) -> Iterator[str]:
    """Whether the registry agrees, now."""
    if answer is None:
        yield "the registry gives no clear answer now"
    elif answer.answer is Answer.ABSENT:
        yield (
            "the registry agrees: it has no such image" if digest is None else "the registry says it has no such image"
        )
    elif answer.answer is Answer.SAME:
        yield "the registry agrees"
    else:
        yield f"the registry shows {answer.digest}: `sidecar reconcile` makes the index follow"
