"""Entries of the audit log: who did what to what, from where, and what it was before and after.

What is remembered of a thing is what its owners may read of it: never a secret, its hash, or how it begins (S12).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sidecar.domain.actors import ITSELF, Actor
from sidecar.domain.digests import Digest
from sidecar.domain.identity import CredentialKind
from sidecar.domain.intents import Change, Intent
from sidecar.domain.names import EVERY_PROJECT
from sidecar.domain.policy import Caller
from sidecar.domain.pull_secrets import PullSecret
from sidecar.domain.secrets import without_secrets, without_whole_secrets
from sidecar.domain.tally import window_of
from sidecar.domain.tenancy import Binding, IssuedSecret, Project, Role, ServiceAccount

PUT_BACK: Final = "sidecar.putBack"
READ_OUT: Final = "pullSecret.get"

Snapshot = Mapping[str, object]
"""What is remembered of a thing, as JSON would say it."""

Thing = Project | Role | Binding | ServiceAccount | IssuedSecret | PullSecret


class Outcome(StrEnum):
    DONE = "done"
    DENIED = "denied"
    """A permission was missing, and nothing was changed."""
    REFUSED = "refused"
    """A sign-in with credentials that don't count."""


@dataclass(frozen=True, slots=True)
class Resource:
    """`project` is None for what is the installation's; `id` is empty where there is but one."""

    type: str
    id: str
    project: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`action` is the name of a method, or says what the sidecar did.

    With `gathered`, a text of its own for what is one thing within one window of `tally`, it is added to the entry of
    that text: `count` grows, `last_at` moves, and the rest stays as it was first. `id` is given when it is kept.
    """

    at: datetime
    actor: Actor
    action: str
    resource: Resource
    outcome: Outcome = Outcome.DONE
    before: Snapshot | None = None
    after: Snapshot | None = None
    count: int = 1
    last_at: datetime | None = None
    gathered: str | None = None
    id: int = 0


def done(
    caller: Caller, at: datetime, before: Thing | None, after: Thing | None, project: str | None = None
) -> AuditEntry:
    """What the caller's request changed. `project` is that of a service account's key, which doesn't tell itself."""
    return changed(caller.actor, caller.asking.method, at, before, after, project)


def changed(
    actor: Actor, action: str, at: datetime, before: Thing | None, after: Thing | None, project: str | None = None
) -> AuditEntry:
    """A thing was added, where `before` is None, taken away, where `after` is, or changed."""
    thing = before if after is None else after
    if thing is None:
        raise ValueError("nothing was changed")
    return AuditEntry(at, actor, action, _resource(thing, project), before=_shown(before), after=_shown(after))


def read_out(caller: Caller, at: datetime, secret: PullSecret) -> AuditEntry:
    """The caller was given the password that is kept, by whatever method; nothing changed (decision 32)."""
    return AuditEntry(at, caller.actor, READ_OUT, _resource(secret, None))


_METHODS: Final[Mapping[Change, str]] = {
    Change.UNTAG: "registry.untag",
    Change.DELETE_MANIFEST: "registry.deleteManifest",
    Change.DELETE_REPOSITORY: "registry.delete",
}


def concluded(intent: Intent, at: datetime, project: str | None, overtaken: Digest | None = None) -> AuditEntry:
    """A change at the registry was made, for whoever asked for it; `overtaken` is what was pushed there since."""
    before = None if intent.digest is None else {"digest": str(intent.digest)}
    after = None if overtaken is None else {"digest": str(overtaken)}
    return AuditEntry(
        at, intent.actor, _METHODS[intent.change], _of_intent(intent, project), before=before, after=after
    )


def put_back(intent: Intent, pushed: Digest, at: datetime, project: str | None) -> AuditEntry:
    """The sidecar gave back what was pushed under a tag while somebody's change took it away, and it stands now."""
    return AuditEntry(at, ITSELF, PUT_BACK, _of_intent(intent, project), after={"digest": str(pushed)})


def _of_intent(intent: Intent, project: str | None) -> Resource:
    """The tag, manifest or repository that it is about."""
    if intent.tag is not None:
        return Resource("tag", f"{intent.repository}:{without_whole_secrets(intent.tag)}", project)
    if intent.digest is not None:
        return Resource("manifest", f"{intent.repository}@{intent.digest}", project)
    return Resource("repository", intent.repository, project)


def gathered(entry: AuditEntry, *key: str | None) -> AuditEntry:
    """The entry as one of many: those of the same key within the same window are one."""
    text = json.dumps([window_of(entry.at).isoformat(), entry.action, entry.outcome, *key])
    return replace(entry, gathered=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


def _resource(thing: Thing, project: str | None) -> Resource:
    match thing:
        case Project():
            return Resource("project", thing.sid, thing.sid)
        case Role():
            return Resource("role", thing.name, thing.project)
        case ServiceAccount():
            return Resource("serviceAccount", thing.email, thing.project)
        case Binding():
            return Resource("binding", thing.principal, None if thing.project == EVERY_PROJECT else thing.project)
        case PullSecret():
            return Resource("pullSecret", thing.name, thing.project)
        case IssuedSecret():
            credential = thing.credential
            is_key = credential.kind is CredentialKind.SERVICE_ACCOUNT_KEY
            limited_to = credential.limit.project if credential.limit else None
            return Resource("key" if is_key else "token", credential.id, project or limited_to)


def _shown(thing: Thing | None) -> Snapshot | None:
    match thing:
        case None:
            return None
        case Project():
            return {"name": without_secrets(thing.name), "owns": list(thing.owns)}
        case Role():
            return {"name": without_secrets(thing.title), "permissions": list(thing.permissions)}
        case ServiceAccount():
            return {"name": without_secrets(thing.name), "description": without_secrets(thing.description)}
        case Binding():
            narrowed = {} if thing.repositories is None else {"repositories": list(thing.repositories)}
            return {"roles": list(thing.roles), **narrowed}
        case IssuedSecret() | PullSecret():
            return _shown_secret(thing) if isinstance(thing, IssuedSecret) else _shown_pull_secret(thing)


def _shown_secret(secret: IssuedSecret) -> Snapshot:
    credential, limit = secret.credential, secret.credential.limit
    shown: dict[str, object] = {
        "kind": str(credential.kind),
        "email": credential.principal,
        "label": without_secrets(secret.label),
    }
    if credential.expires_at is not None:
        shown["expiresAt"] = credential.expires_at.isoformat()
    if limit is not None:
        shown["permissions"] = sorted(limit.permissions)
        if limit.repositories is not None:
            shown["repositories"] = list(limit.repositories)
    return shown


def _shown_pull_secret(secret: PullSecret) -> Snapshot:
    """`credential` is the id of its newest secret, where it is this registry's."""
    shown = {
        "username": without_secrets(secret.username),
        "server": secret.server,
        "credential": secret.credential,
        "repositories": None if secret.repositories is None else list(secret.repositories),
        "expiresAt": None if secret.expires_at is None else secret.expires_at.isoformat(),
    }
    return {name: value for name, value in shown.items() if value is not None}
