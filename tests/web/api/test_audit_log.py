"""The audit log over HTTP: what each method leaves in it, with the change or not at all, and who may read it.

`WRITES` says, by hand, what each method must leave that changes something, or reads a secret out. A method that is
neither there nor among `READS` fails.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest

from sidecar.adapters.database.audit import AuditTable
from sidecar.adapters.database.sqlite.driver import look_up
from sidecar.domain.audit import AuditEntry, Outcome
from sidecar.domain.errors import Unavailable
from sidecar.domain.identity import CredentialKind
from sidecar.domain.secrets import digest
from sidecar.ports.auditing import AuditQuery
from sidecar.ports.inbox import Quarantined
from sidecar.usecases import read_audit
from sidecar.web.api.paging import Cursor
from tests import samples
from tests.notifications import envelope, event
from tests.tenants import ACCOUNT_DOMAIN, ROOT
from tests.web.api.calling import Api
from tests.web.api.pushing import Pushing, digest_of, image

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS: Final = count(1)
V1: Final = digest_of(image(1))
UNTAGGED: Final = digest_of(image(2))


@dataclass(frozen=True, slots=True)
class Row:
    """What an entry must be. A project, and what is in it, is named with `{p}`; None as `resource` is any id."""

    resource_type: str
    resource: str | None
    before: Mapping[str, object] | None
    after: Mapping[str, object] | None
    project: str | None = "{p}"


@dataclass(frozen=True, slots=True)
class Write:
    """A call that leaves something, by the administrator, and what that is. `{p}` stands for the project."""

    body: Mapping[str, object]
    rows: Sequence[Row]


def one(resource_type: str, resource: str | None, before: Any, after: Any, project: str | None = "{p}") -> list[Row]:
    return [Row(resource_type, resource, before, after, project)]


P: Final = {"project": "{p}"}
ROBOT: Final = f"robot@{{p}}.{ACCOUNT_DOMAIN}"
NAMED: Final = {"name": "robot", "description": ""}
KEY: Final = {"kind": "key", "email": ROBOT, "label": "laptop"}
SCOPED: Final = {"kind": "scoped", "email": ROOT, "label": "", "permissions": ["registry.pull"]}
CLEANER: Final = {"name": "cleaner", "permissions": ["registry.delete"]}
IN_QUARANTINE: Final = {"receivedAt": "2026-11-23T12:00:00+00:00"}

WRITES: Final[Mapping[str, Write]] = {
    "project.create": Write(
        {"sid": "new-{p}", "name": "New"},
        [Row("project", "new-{p}", None, {"name": "New", "owns": []}, "new-{p}")],
    ),
    "project.update": Write(
        {**P, "name": "Other"},
        one("project", "{p}", {"name": "{P}", "owns": []}, {"name": "Other", "owns": []}),
    ),
    "project.delete": Write(P, one("project", "{p}", {"name": "{P}", "owns": []}, None)),
    "serviceAccount.create": Write(
        {**P, "sid": "another"}, one("serviceAccount", f"another@{{p}}.{ACCOUNT_DOMAIN}", None, {**NAMED, "name": "another"})
    ),
    "serviceAccount.update": Write(
        {**P, "id": "robot", "name": "Robot"}, one("serviceAccount", ROBOT, NAMED, {**NAMED, "name": "Robot"})
    ),
    "serviceAccount.delete": Write({**P, "id": "robot"}, one("serviceAccount", ROBOT, NAMED, None)),
    "serviceAccount.createKey": Write(
        {**P, "id": "robot", "description": "laptop"}, one("key", None, None, {**KEY, "label": "laptop"})
    ),
    "serviceAccount.deleteKey": Write(
        {**P, "id": "robot", "secret": "key-{p}"}, one("key", "key-{p}", {**KEY, "label": ""}, None)
    ),
    "pullSecret.create": Write(
        {**P, "name": "another", "server": "ghcr.io", "username": "bob", "password": "hunter22"},
        one("pullSecret", "another", None, {"username": "bob", "server": "ghcr.io"}),
    ),
    "pullSecret.renew": Write(
        {**P, "name": "nodes", "password": "hunter23", "ttlSeconds": 3600},
        one(
            "pullSecret",
            "nodes",
            {"username": "bob", "server": "ghcr.io"},
            {"username": "bob", "server": "ghcr.io", "expiresAt": "2026-11-23T13:00:00+00:00"},
        ),
    ),
    "pullSecret.get": Write({**P, "name": "nodes"}, one("pullSecret", "nodes", None, None)),
    "pullSecret.delete": Write(
        {**P, "name": "nodes"}, one("pullSecret", "nodes", {"username": "bob", "server": "ghcr.io"}, None)
    ),
    "role.create": Write({**P, "role": "cleaner", "permissions": ["registry.get"]},
        one("role", "cleaner", CLEANER, {**CLEANER, "permissions": ["registry.get"]})),
    "role.delete": Write({**P, "role": "cleaner"}, one("role", "cleaner", CLEANER, None)),
    "role.grant": Write(
        {**P, "email": "x@example.com", "role": "viewer"},
        one("binding", "x@example.com", None, {"roles": ["viewer"]}),
    ),
    "role.revoke": Write(
        {**P, "email": "group:all", "role": "viewer"}, one("binding", "group:all", {"roles": ["viewer"]}, None)
    ),
    "role.bind": Write(
        {**P, "email": "group:all", "roles": ["developer"], "repositories": ["{p}/web"]},
        one("binding", "group:all", {"roles": ["viewer"]}, {"roles": ["developer"], "repositories": ["{p}/web"]}),
    ),
    "me.generateToken": Write(
        {**P, "permissions": ["registry.pull"]},
        one("token", None, None, {**SCOPED, "expiresAt": "2026-11-23T12:15:00+00:00"}),
    ),
    "me.revokeToken": Write(
        {"id": "mine-{p}"},
        one("token", "mine-{p}", {"kind": "personal", "email": ROOT, "label": ""}, None, None),
    ),
    "registry.untag": Write(
        {**P, "repository": "web", "tag": "v1"}, one("tag", "{p}/web:v1", {"digest": V1}, None)
    ),
    "registry.deleteManifest": Write(
        {**P, "repository": "web", "digest": UNTAGGED},
        one("manifest", f"{{p}}/web@{UNTAGGED}", {"digest": UNTAGGED}, None),
    ),
    "registry.delete": Write({**P, "repository": "web"}, one("repository", "{p}/web", None, None)),
    "installation.applyPolicy": Write(
        {"declaration": {"projects": {"{p}": {"name": "Declared", "bindings": {"d@example.com": {"roles": ["viewer"]}}}}}},
        [
            *one("project", "{p}", {"name": "{P}", "owns": []}, {"name": "Declared", "owns": []}),
            *one("binding", "d@example.com", None, {"roles": ["viewer"]}),
        ],
    ),
    "installation.createToken": Write(
        {"email": "d@example.com", "label": "first"},
        one(
            "token",
            None,
            None,
            {"kind": "personal", "email": "d@example.com", "label": "first", "expiresAt": "2026-12-23T12:00:00+00:00"},
            None,
        ),
    ),
    "installation.inboxRetry": Write({"id": "{good}"}, one("quarantinedEvent", "{good}", IN_QUARANTINE, None, None)),
    "installation.inboxDrop": Write({"id": "{bad}"}, one("quarantinedEvent", "{bad}", IN_QUARANTINE, None, None)),
    "reconcile.begin": Write(
        {**P, "dryRun": True},
        one("sweep", None, None, {"dryRun": True, "accept": False, "stage": "waiting"}),
    ),
    "reconcile.recount": Write({}, one("index", "", None, {"mended": 0}, None)),
}  # fmt: skip

READS: Final = frozenset(
    (
        "project.list",
        "project.get",
        "serviceAccount.list",
        "serviceAccount.get",
        "pullSecret.list",
        "role.list",
        "role.get",
        "role.users",
        "role.permissions",
        "me.get",
        "me.permissions",
        "me.authorized",
        "me.listTokens",
        "registry.list",
        "registry.get",
        "registry.getTags",
        "registry.getManifests",
        "auditLog.list",
        "registry.denials",
        "installation.explainAccess",
        "installation.explainImage",
        "installation.inboxList",
        "installation.inboxGet",
        "reconcile.get",
        "reconcile.drift",
        "reconcile.getRecount",
    )
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A project of its own for one call, with one of each thing in it. `names` are what `{…}` stands for."""

    api: Api
    names: Mapping[str, str]

    def filled(self, value: Any) -> Any:
        if isinstance(value, str):
            for name, text in self.names.items():
                value = value.replace(f"{{{name}}}", text)
            return value
        if isinstance(value, Mapping):
            return {self.filled(key): self.filled(each) for key, each in value.items()}
        return [self.filled(each) for each in value] if isinstance(value, list | tuple) else value

    async def call(self, method: str) -> Any:
        answer = await self.api.post(
            method,
            json.dumps(self.filled(WRITES[method].body)).encode(),
            {"Authorization": f"Bearer {self.api.root}"},
        )
        return answer.status, answer.headers["X-Request-ID"], await answer.json()


async def staged(api: Api) -> Stage:
    project = f"p-{next(NUMBERS)}"
    await api.tenants.project(project)
    await api.tenants.role(project, "cleaner", "registry.delete")
    await api.tenants.bind(project, "group:all", "viewer")
    robot = await api.tenants.account(project, "robot")
    await api.tenants.secret(robot, CredentialKind.SERVICE_ACCOUNT_KEY, identifier=f"key-{project}")
    await api.tenants.secret(ROOT, identifier=f"mine-{project}")
    kept = {"name": "nodes", "server": "ghcr.io", "username": "bob", "password": "hunter21"}
    await api.result("pullSecret.create", api.root, project=project, **kept)
    core = api.sidecar.application.core
    pushing = Pushing(core.index)
    await pushing.push(f"{project}/web", image(1), "v1")
    await pushing.push(f"{project}/web", image(2))
    held = [
        Quarantined("unreadable", "", "10.0.0.9", api.clock.now(), content)
        for content in (envelope(event(f"e-{project}", repository=f"{project}/web", tag="v9")), b"rubbish")
    ]
    await core.inbox.quarantine(held, 10**7)
    good, bad = [str(item.id) for item in await core.inbox.quarantined(1000)][-2:]
    return Stage(api, {"p": project, "P": project.title(), "good": good, "bad": bad})


async def newest(api: Api, limit: int = 10) -> list[AuditEntry]:
    return await api.sidecar.application.core.audit.read(AuditQuery(limit))


def checked(entry: AuditEntry, row: Row, stage: Stage, method: str, request: str) -> None:
    assert entry.resource.type == row.resource_type
    assert row.resource is None or entry.resource.id == stage.filled(row.resource)
    assert entry.resource.project == (row.project and stage.filled(row.project))
    assert (entry.before, entry.after) == (stage.filled(row.before), stage.filled(row.after))
    assert (entry.action, entry.outcome, entry.count) == (method, "done", 1)
    actor = (ROOT, "person", "administrator-token-file", "127.0.0.1", request)
    assert tuple(getattr(entry.actor, name) for name in ("name", "kind", "credential", "address", "request")) == actor


async def test_every_method_is_in_the_table(shared: Api) -> None:
    """Nothing is added to the API without saying what it leaves in the audit log."""
    assert {*WRITES, *READS} == set(shared.methods())
    assert not READS & WRITES.keys()


@pytest.mark.parametrize("method", WRITES)
async def test_a_write_leaves_its_rows(shared: Api, method: str) -> None:
    """Exactly those, with who asked, from where, by which credential and request, and what was before and after."""
    stage = await staged(shared)
    last = (await newest(shared, 1))[0].id
    status, request, envelope = await stage.call(method)
    assert (status, envelope["ok"]) == (200, True), envelope
    entries = sorted((entry for entry in await newest(shared) if entry.id > last), key=lambda entry: entry.id)
    assert len(entries) == len(WRITES[method].rows)
    for entry, row in zip(entries, WRITES[method].rows, strict=True):
        checked(entry, row, stage, method, request)


KEPT: Final = (
    "SELECT * FROM project ORDER BY sid",
    "SELECT * FROM role ORDER BY project, name",
    "SELECT * FROM binding ORDER BY project, principal",
    "SELECT * FROM service_account ORDER BY email",
    "SELECT id, digest, label FROM issued_secret ORDER BY id",
    "SELECT project, name, sealed FROM pull_secret ORDER BY project, name",
    "SELECT id FROM quarantine ORDER BY id",
    "SELECT id FROM sweep WHERE reason = 'person' ORDER BY id",
    "SELECT * FROM audit ORDER BY id",
)
"""What a method changes in one transaction, but for what background work changes, too."""

TAGS: Final = "SELECT repository, name, digest FROM tag ORDER BY repository, name"
IN_STEPS: Final = frozenset(("registry.delete", "installation.inboxRetry"))
"""What goes on where it broke off, until its last transaction tells of it: tags may be other ones meanwhile."""


async def contents(api: Api, *statements: str) -> list[Any]:
    path = api.sidecar.application.core.config.database.path
    return [await look_up(path, sql) for sql in statements]


@pytest.mark.parametrize("method", WRITES)
async def test_a_row_and_its_change_are_one(shared: Api, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the transaction fails after both were written, neither stays."""
    stage = await staged(shared)
    record = AuditTable.record

    async def break_off(table: AuditTable, entry: AuditEntry) -> None:
        await record(table, entry)
        raise Unavailable("the database")

    kept = KEPT if method in IN_STEPS else (*KEPT, TAGS)
    before = await contents(shared, *kept)
    with monkeypatch.context() as patched:
        patched.setattr(AuditTable, "record", break_off)
        status, _, _ = await stage.call(method)
        after = await contents(shared, *kept)
    assert status == 503
    assert after == before


@pytest.mark.parametrize("method", [method for method in WRITES if method != "reconcile.recount"])
async def test_what_changes_nothing_leaves_nothing(shared: Api, method: str) -> None:
    """A call that is refused for what it asks has changed nothing, and says nothing."""
    before = (await newest(shared, 1))[0].id
    await shared.error(method, shared.root, project="no-such-project", id=10**6)
    assert (await newest(shared, 1))[0].id == before


async def test_a_dry_run_leaves_nothing(shared: Api) -> None:
    """It changes nothing; nor does a policy that is applied already."""
    declaration: dict[str, Any] = {"projects": {"dry": {}}}
    last = (await newest(shared, 1))[0].id
    await shared.result("installation.applyPolicy", shared.root, declaration=declaration, dryRun=True)
    assert (await newest(shared, 1))[0].id == last
    await shared.result("installation.applyPolicy", shared.root, declaration=declaration)
    made = (await newest(shared, 1))[0].id
    await shared.result("installation.applyPolicy", shared.root, declaration=declaration)
    assert (await newest(shared, 1))[0].id == made > last


async def record(api: Api, *entries: AuditEntry) -> None:
    await api.sidecar.application.core.audit.record(entries)


async def listed(api: Api, token: str, **body: Any) -> list[tuple[str, str]]:
    """Actor and type of each item."""
    items = (await api.result("auditLog.list", token, **body))["items"]
    return [(item["actor"], item["resourceType"]) for item in items]


async def test_each_filter_cuts(shared: Api) -> None:
    """By project, type, actor, outcome and time, alone and together; the newest first."""
    project = f"f-{next(NUMBERS)}"
    await shared.tenants.project(project)
    now = shared.clock.now()
    hour = [now + timedelta(hours=number) for number in range(3)]
    await record(
        shared,
        samples.audit_entry(project, "ann@example.com", at=hour[0], resource_type="role"),
        samples.audit_entry(project, "bob@example.com", at=hour[1], resource_type="role", outcome=Outcome.DENIED),
        samples.audit_entry(project, "ann@example.com", at=hour[2], resource_type="key"),
    )
    ann, bob, key = ("ann@example.com", "role"), ("bob@example.com", "role"), ("ann@example.com", "key")
    for filters, expected in (
        ({}, [key, bob, ann]),
        ({"resourceType": "role"}, [bob, ann]),
        ({"actor": "ann@example.com"}, [key, ann]),
        ({"outcome": "denied"}, [bob]),
        ({"after": hour[1].isoformat()}, [key, bob]),
        ({"before": hour[1].isoformat()}, [ann]),
        ({"resourceType": "role", "actor": "ann@example.com", "outcome": "done"}, [ann]),
        ({"actor": "%"}, []),
    ):
        assert await listed(shared, shared.root, project=project, **filters) == expected, filters


async def test_pages_follow_each_other(shared: Api) -> None:
    """By cursor, none twice and none left out, though newer entries come in meanwhile and all have one time."""
    project = f"f-{next(NUMBERS)}"
    await shared.tenants.project(project)
    await record(shared, *(samples.audit_entry(project, f"{n}@example.com", at=shared.clock.now()) for n in range(5)))
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = await shared.result("auditLog.list", shared.root, project=project, limit=2, cursor=cursor)
        seen += [item["actor"] for item in page["items"]]
        cursor = page.get("nextCursor")
        await record(shared, samples.audit_entry(project, "late@example.com", at=shared.clock.now()))
    assert seen == [f"{n}@example.com" for n in (4, 3, 2, 1, 0)]
    assert cursor is None


async def test_long_entries_make_short_pages(shared: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """S30: whoever may bind can make entries of 50,000 characters, and no list of them fills the memory."""
    project = f"f-{next(NUMBERS)}"
    await shared.tenants.project(project)
    monkeypatch.setattr(read_audit, "MOST_TEXT", 1000)
    monkeypatch.setattr(read_audit, "PORTION", 2)
    long = {"repositories": ["x" * 400]}
    await record(
        shared, *(replace(samples.audit_entry(project, f"{n}@example.com"), before=None, after=long) for n in range(9))
    )
    pages, cursor = list[list[str]](), None
    while cursor is not None or not pages:
        page = await shared.result("auditLog.list", shared.root, project=project, cursor=cursor)
        pages.append([item["actor"] for item in page["items"]])
        cursor = page.get("nextCursor")
    assert [len(page) for page in pages] == [4, 4, 1]
    assert [actor for page in pages for actor in page] == [f"{n}@example.com" for n in reversed(range(9))]


@pytest.mark.parametrize("cursor", ["x", "W10", str(Cursor("name", ("1", "2"))), str(Cursor("-at", ("1", "two")))])
async def test_a_foreign_cursor_is_refused(shared: Api, cursor: str) -> None:
    """S4: nothing but what the list itself gave."""
    error = await shared.error("auditLog.list", shared.root, cursor=cursor)
    assert error["code"] == "validate"


async def test_a_new_project_of_an_old_name_knows_nothing_of_the_old_one(shared: Api) -> None:
    """S3: its owner reads what happened since it was made; who may read every project's log reads all of it."""
    project = f"f-{next(NUMBERS)}"
    owner = await shared.tenants.secret("newcomer@example.com")
    await shared.result("project.create", shared.root, sid=project)
    await shared.result("project.delete", shared.root, project=project)
    gone = await listed(shared, shared.root, project=project)
    shared.clock.advance(seconds=1)
    await shared.result("project.create", shared.root, sid=project)
    await shared.result("role.bind", shared.root, project=project, email="newcomer@example.com", roles=["owner"])
    assert await listed(shared, owner, project=project) == [(ROOT, "binding"), (ROOT, "project")]
    assert await listed(shared, shared.root, project=project) == [
        (ROOT, "binding"),
        (ROOT, "project"),
        *gone,
    ]


async def test_what_is_the_installations_is_for_its_readers_alone(shared: Api) -> None:
    """A project's owner doesn't learn of administrators' tokens, or of other projects."""
    project = f"f-{next(NUMBERS)}"
    await shared.tenants.project(project)
    await shared.tenants.bind(project, "own@example.com", "owner")
    token = await shared.tenants.secret("own@example.com")
    await shared.result("installation.createToken", shared.root, email="d@example.com")
    assert await listed(shared, token, project=project) == []
    assert (await shared.error("auditLog.list", token))["code"] == "project_not_found"
    assert (ROOT, "token") in await listed(shared, shared.root, resourceType="token")


async def test_no_secret_is_kept(shared: Api) -> None:
    """S12: neither what was made, nor its hash, nor what somebody wrote into a description."""
    stage = await staged(shared)
    project = stage.names["p"]
    made = await shared.result("serviceAccount.createKey", shared.root, project=project, id="robot")
    cut = made["secret"][:-1]
    pasted = {"name": f"x {cut}", "description": f"{cut} eyJhbGciOi.eyJzdWIi.c2ln"}
    await shared.result("serviceAccount.update", shared.root, project=project, id="robot", **pasted)
    await shared.result("serviceAccount.deleteKey", shared.root, project=project, id="robot", secret=made["secret"])
    rows = str(await contents(shared, "SELECT * FROM audit"))
    assert made["id"] in rows
    for text in (made["secret"], made["secret"][4:12], "eyJhbGciOi", digest(made["secret"]).hex()):
        assert text not in rows
