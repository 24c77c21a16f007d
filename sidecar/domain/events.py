"""What the registry's notifications say, for the few of them that an index needs.

An envelope is read event by event: one that can't be read is Unreadable and stands beside the others. Blobs' events say
nothing that a manifest doesn't, and are Ignored. Source: distribution, docs/content/about/notifications.md; registry
facts 1 to 4 of docs/registry.md.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.documents import Ambiguous, read_json
from sidecar.domain.errors import Invalid
from sidecar.domain.identity import SIDECAR
from sidecar.domain.names import RepositoryName
from sidecar.domain.secrets import without_whole_secrets

_TIME: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_BLOB_TYPE: Final = "application/octet-stream"
_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_MAX_TEXT: Final = 512


class Unreadable(ValueError):
    """An envelope or an event that can't be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an event came from. `time` is the registry's, in nanoseconds since 1970.

    `address` may be a client's own claim (X-Forwarded-For), so it is shown and never trusted. Nothing of it holds a
    secret: a client may have written one where its name belongs (S12).
    """

    event: str
    time: int
    actor: str
    address: str
    client: str
    request: str
    instance: str

    @property
    def order(self) -> tuple[int, str]:
        """What decides between two events of one key: the greater is the later."""
        return (self.time, self.event)


@dataclass(frozen=True, slots=True)
class ManifestPushed:
    """A manifest was stored; with `tag`, the tag is about to point at it (fact 1: the event comes first)."""

    repository: RepositoryName
    digest: Digest
    tag: Tag | None
    media_type: str
    size: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class TagDeleted:
    """A tag is gone; its manifest may live on."""

    repository: RepositoryName
    tag: Tag
    origin: Origin


@dataclass(frozen=True, slots=True)
class DigestDeleted:
    """A manifest is gone, or a blob: the two look alike (fact 4), so only a known manifest is one."""

    repository: RepositoryName
    digest: Digest
    origin: Origin


@dataclass(frozen=True, slots=True)
class ManifestPulled:
    """A manifest was asked for: by `tag` or by digest, with GET or with HEAD (fact 3)."""

    repository: RepositoryName
    digest: Digest
    tag: Tag | None
    by_head: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that no index needs: a blob's, an unknown action's, or one that the sidecar's own reading caused."""

    why: str


OWN: Final = Ignored("own")

WriteEvent = ManifestPushed | TagDeleted | DigestDeleted
Event = WriteEvent | ManifestPulled | Ignored


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of an envelope: what it says, and an envelope of its own that says just that.

    `instance` is the id of the registry's process that sent it, empty where that can't be read.
    """

    event: Event | Unreadable
    document: bytes
    instance: str = ""


def read_envelope(content: bytes, latest: int | None = None) -> list[Entry]:
    """The events of one POST, in their order; whatever can't be read is an Unreadable in its place.

    So is an event from after `latest`, in nanoseconds since 1970: nothing could ever be newer (decision 1).
    """
    try:
        envelope = read_json(content)
    except Ambiguous as error:
        return [Entry(Unreadable(f"not a JSON document: {error}"), content)]
    events = envelope.get("events") if isinstance(envelope, dict) else None
    if not isinstance(events, list) or not events:
        return [Entry(Unreadable("not an envelope: it has no list of events"), content)]
    if len(events) == 1:
        return [_entry(events[0], content, latest)]
    return [_entry(event, json.dumps({"events": [event]}).encode(), latest) for event in events]


def _entry(event: Any, document: bytes, latest: int | None) -> Entry:
    return Entry(_read(event, latest), document, _instance(event))


def _instance(event: Any) -> str:
    match event:
        case {"source": {"instanceID": str() as instance}}:
            return instance[:_MAX_TEXT]
    return ""


def _read(event: Any, latest: int | None) -> Event | Unreadable:
    try:
        read = _classify(_mapping(event, "event"))
    except (Unreadable, Invalid) as error:
        return Unreadable(str(error) if isinstance(error, Unreadable) else error.items[0])
    if latest is not None and not isinstance(read, Ignored) and read.origin.time > latest:
        return Unreadable("timestamp is ahead of this machine's clock: compare it with the registry's")
    return read


def _classify(event: Mapping[str, Any]) -> Event:
    target, request = _mapping(event.get("target"), "target"), _mapping(event.get("request"), "request")
    origin = _origin(event, request)
    match event.get("action"):
        case "push" if _is_manifest(target):
            return _pushed(target, origin)
        case "pull" if _is_manifest(target):
            return _pulled(target, request, origin)
        case "delete":
            return _deleted(target, origin)
        case "push" | "pull" | "mount":
            return Ignored("blob")
        case str():
            return Ignored("action")
    raise Unreadable("action is missing")


def _pushed(target: Mapping[str, Any], origin: Origin) -> ManifestPushed:
    return ManifestPushed(
        repository=_repository(target),
        digest=Digest(_text(target, "digest")),
        tag=_tag(target),
        media_type=_text(target, "mediaType"),
        size=_size(target),
        origin=origin,
    )


def _pulled(target: Mapping[str, Any], request: Mapping[str, Any], origin: Origin) -> Event:
    """The sidecar's own reading is dropped; nobody else can have its name (decision 10)."""
    if origin.actor == SIDECAR:
        return OWN
    by_head = _text(request, "method") == "HEAD"
    return ManifestPulled(_repository(target), Digest(_text(target, "digest")), _tag(target), by_head, origin)


def _deleted(target: Mapping[str, Any], origin: Origin) -> Event:
    tag = _tag(target)
    if tag is not None:
        return TagDeleted(_repository(target), tag, origin)
    return DigestDeleted(_repository(target), Digest(_text(target, "digest")), origin)


def _is_manifest(target: Mapping[str, Any]) -> bool:
    """By its URL where it has one, else by its type: blobs are always `application/octet-stream`."""
    url = _text(target, "url")
    return "/manifests/" in url if "/v2/" in url else _text(target, "mediaType") not in ("", _BLOB_TYPE)


def _origin(event: Mapping[str, Any], request: Mapping[str, Any]) -> Origin:
    actor = event.get("actor") or {}
    source = event.get("source") or {}
    identifier = _text(event, "id")
    if not _ID.fullmatch(identifier):
        raise Unreadable("id is missing or is no identifier")
    return Origin(
        event=identifier,
        time=nanoseconds(_text(event, "timestamp")),
        actor=without_whole_secrets(_text(_mapping(actor, "actor"), "name")),
        address=without_whole_secrets(_text(request, "addr")),
        client=without_whole_secrets(_text(request, "useragent")),
        request=_text(request, "id"),
        instance=_text(_mapping(source, "source"), "instanceID"),
    )


def nanoseconds(timestamp: str) -> int:
    """Nanoseconds since 1970 of an RFC 3339 time, which Go writes with up to nine digits and any offset.

    Raises Unreadable for what isn't one, and for times before 1970: Go's zero time is the year 1.
    """
    match = _TIME.fullmatch(timestamp)
    if match is None:
        raise Unreadable("timestamp is missing or is no RFC 3339 time")
    whole, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(whole + zone.replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("timestamp is no time") from None
    if moment.year < 1970:
        raise Unreadable("timestamp is before 1970")
    return int(moment.timestamp()) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is missing or is no object")
    return value


def _text(document: Mapping[str, Any], key: str) -> str:
    """The text of a key, `""` where it is missing: 2.8 leaves empty fields out, 3.x writes them (fact 4)."""
    value = document.get(key, "")
    if not isinstance(value, str):
        raise Unreadable(f"{key} is no text")
    return value[:_MAX_TEXT]


def _repository(target: Mapping[str, Any]) -> RepositoryName:
    return RepositoryName(_text(target, "repository"))


def _tag(target: Mapping[str, Any]) -> Tag | None:
    text = _text(target, "tag")
    return Tag(text) if text else None


def _size(target: Mapping[str, Any]) -> int:
    size = target.get("size", target.get("length", 0))
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise Unreadable("size is no number of bytes")
    return size
