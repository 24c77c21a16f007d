"""The API's yardstick: aiohttp with the same statements by sqlite3 and the same JSON encoder, and nothing else.

It proves no caller, decides nothing, checks no body and logs nothing; it answers the same bytes. Its statements, and how
much SQLite keeps in memory, are the sidecar's own. `python -m tests.bench.bare_api PORT DATABASE`.
"""

import base64
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiohttp import web

from sidecar.adapters.database import browsing
from sidecar.adapters.database.driver import Value
from sidecar.adapters.database.pages import PagedStatement
from sidecar.adapters.database.sqlite.driver import CACHE
from sidecar.ports.browsing import Place, Slice

Row = tuple[Any, ...]


class Bare:
    """Answers from one connection, on the loop."""

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
        self._connection.execute(CACHE)

    def routes(self) -> list[web.RouteDef]:
        methods: Mapping[str, Callable[[Any], object]] = {
            "registry.list": self.repositories,
            "registry.get": self.repository,
            "registry.getTags": self.tags,
            "registry.getManifests": self.manifests,
        }
        return [web.post(f"/{name}", _handler(method)) for name, method in methods.items()]

    def repositories(self, body: Any) -> object:
        rows = self._page(browsing._REPOSITORIES, body["project"], "name", body)
        items = [_repository(row) for row in rows[:_LIMIT]]
        return _cut(rows, {"items": items}, REPOSITORIES_IN_ORDER, lambda row: (row[0], row[0]))

    def repository(self, body: Any) -> object:
        return _repository(self._rows(browsing._REPOSITORY, [body["repository"]])[0])

    def tags(self, body: Any) -> object:
        rows = self._page(browsing._TAGS, self._id(body), "-createdAt", body)
        answer = {"name": body["repository"], "items": [_tag(row) for row in rows[:_LIMIT]]}
        return _cut(rows, answer, TAGS_IN_ORDER, lambda row: (str(row[3]), row[0]))

    def manifests(self, body: Any) -> object:
        asked = self._paged(browsing._MANIFESTS, self._id(body), "-createdAt", body)
        sql, parameters = asked
        digests, _ = self._paged(browsing._DIGESTS, self._id(body), "-createdAt", body)
        rows = self._rows(sql, parameters)
        tags, children = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
        for digest, tag in self._rows(browsing._TAGS_OF.format(page=digests), parameters):
            tags[digest].append(tag)
        for digest, child in self._rows(browsing._CHILDREN_OF.format(page=digests), parameters):
            children[digest].append(child)
        items = [_manifest(row, sorted(tags[row[0]]), children[row[0]]) for row in rows[:_LIMIT]]
        answer = {"name": body["repository"], "items": items}
        return _cut(rows, answer, MANIFESTS_IN_ORDER, lambda row: (str(row[2]), row[0]))

    def _id(self, body: Any) -> int:
        return int(self._rows(browsing._REPOSITORY, [body["repository"]])[0][-1])

    def _page(self, statement: PagedStatement, scope: Value, sort: str, body: Any) -> list[Row]:
        return self._rows(*self._paged(statement, scope, sort, body))

    def _paged(self, statement: PagedStatement, scope: Value, sort: str, body: Any) -> tuple[str, list[Value]]:
        asked = Slice(sort.removeprefix("-"), sort.startswith("-"), _LIMIT)
        return statement.page(scope, asked, _after(body.get("cursor"), sort), _LIMIT + 1)

    def _rows(self, sql: str, parameters: list[Value]) -> list[Row]:
        return self._connection.execute(sql, {str(at): value for at, value in enumerate(parameters, 1)}).fetchall()


_LIMIT: Final = 100
REPOSITORIES_IN_ORDER: Final = "ListRepositories name"
TAGS_IN_ORDER: Final = "ListTags -createdAt"
MANIFESTS_IN_ORDER: Final = "ListManifests -createdAt"
"""How cursors name their list and its order (`sidecar.web.api.paging`)."""


def _handler(method: Callable[[Any], object]) -> Callable[[web.Request], Any]:
    async def answer(request: web.Request) -> web.Response:
        result = method(orjson.loads(await request.read()))
        body = orjson.dumps({"ok": True, "result": result}, option=orjson.OPT_UTC_Z)
        return web.Response(body=body, content_type="application/json")

    return answer


def _after(cursor: str | None, sort: str) -> Place | None:
    if cursor is None:
        return None
    _, key, name = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return (key if sort == "name" else int(key), name)


def _cut(rows: list[Row], answer: dict[str, object], sort: str, place: Callable[[Row], tuple[str, str]]) -> object:
    if len(rows) > _LIMIT:
        last = orjson.dumps((sort, *place(rows[_LIMIT - 1])))
        answer["nextCursor"] = base64.urlsafe_b64encode(last).decode().rstrip("=")
    return answer


def _repository(row: Row) -> dict[str, object]:
    name, size, manifests, tags, created_at, pushed_at, pulled_at, _ = row
    counts = {"name": name, "size": size, "manifests": manifests, "tags": tags}
    return _without_none(
        {**counts, "createdAt": _time(created_at), "pushedAt": _time(pushed_at), "pulledAt": _time(pulled_at)}
    )


def _tag(row: Row) -> dict[str, object]:
    name, digest, size, moved_at, media_type, pushed_by, pulled_at, pulled_by, pulls = row
    return _without_none(
        {
            "tag": name,
            "digest": digest,
            "size": size,
            "createdAt": _time(moved_at),
            "mediaType": media_type,
            "pushedBy": pushed_by or None,
            "pulledAt": _time(pulled_at),
            "pulledBy": pulled_by or None,
            "pulls": pulls,
        }
    )


def _manifest(row: Row, tags: list[str], children: list[str]) -> dict[str, object]:
    digest, size, created_at, media_type, artifact_type, platform, subject, by, *told = row
    pulled_at, pulled_by, pulls = told
    return _without_none(
        {
            "digest": digest,
            "size": size,
            "createdAt": _time(created_at),
            "mediaType": media_type,
            "artifactType": artifact_type,
            "platform": platform,
            "tags": tags,
            "children": children,
            "subject": subject,
            "pushedBy": by or None,
            "pulledAt": _time(pulled_at),
            "pulledBy": pulled_by or None,
            "pulls": pulls,
        }
    )


def _without_none(fields: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _time(nanoseconds: int | None) -> datetime | None:
    return None if nanoseconds is None else datetime.fromtimestamp(nanoseconds // 1000 / 1_000_000, UTC)


async def _ready(_: web.Request) -> web.Response:
    return web.Response()


if __name__ == "__main__":
    application = web.Application()
    application.add_routes([*Bare(sys.argv[2]).routes(), web.get("/readyz", _ready)])
    web.run_app(application, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
