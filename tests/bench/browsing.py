"""What the API's lists cost, with a million tags and with ten thousand, beside a bare application with the same SQL.

`python -m tests.bench api` measures this part by itself.
"""

import asyncio
import sqlite3
import statistics
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from sidecar.cli.rendering import Installation
from sidecar.web.api.paging import Cursor
from tests.bench import contents, listing, load, population, servers
from tests.bench.bare_api import MANIFESTS_IN_ORDER, REPOSITORIES_IN_ORDER, TAGS_IN_ORDER
from tests.bench.load import Measured
from tests.bench.servers import Server
from tests.ports import free_port

REPOSITORIES: Final = 1000
SMALL: Final = 10_000
LARGE: Final = 1_000_000
PAGE: Final = 100
PROJECT: Final = "project-00000"
LARGEST_TAGS: Final = LARGE // 10
LARGEST: Final = contents.repository_name(PROJECT, 0)
_PROJECTS: Final = 10
_PATIENCE: Final = 30
"""Seconds that a page may take where other things keep the machine busy."""

_SCRIPT: Final = """
wrk.method = "POST"
wrk.path = "/%s"
wrk.body = [[%s]]
wrk.headers["Authorization"] = "%s"
wrk.headers["Content-Type"] = "application/json"
"""

_LAST_PAGE: Final = """
SELECT {key}, {name}
  FROM {table}
  JOIN repository ON repository.id = {table}.repository
 WHERE repository.name = ?
 ORDER BY {key}, {name}
 LIMIT 1 OFFSET ?
"""


@dataclass(frozen=True, slots=True)
class Question:
    """How the report names it, the method and its body."""

    name: str
    method: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Filled:
    """An installation whose index holds so many tags, and the header that proves who asks there."""

    installation: Installation
    tags: int
    authorization: str
    seconds: float
    """How long it took to fill it."""

    @property
    def database(self) -> Path:
        return self.installation.folder / "sidecar.db"


@dataclass(frozen=True, slots=True)
class Run:
    """One load of one question: what was measured, and the processor's microseconds for each request."""

    measured: Measured
    work: float


@dataclass(frozen=True, slots=True)
class Large:
    """What a million tags cost beside time: bytes, seconds until ready, and MiB of memory before and after the load."""

    filled_in: float
    database_bytes: int
    ready_after: float
    at_start: float
    after_load: float


@dataclass(frozen=True, slots=True)
class Browsed:
    """`runs` are by question, then by target (sidecar, bare, small), one a round."""

    runs: Mapping[str, Mapping[str, list[Run]]]
    seconds: int
    large: Large
    registries: Mapping[str, Measured]
    """The registry's own lists of tags, by what was asked of which."""

    def rate(self, question: str, target: str) -> float:
        return statistics.median(run.measured.rate for run in self.runs[question][target])

    def latency(self, question: str, target: str) -> float:
        """The median of the rounds' medians, in milliseconds."""
        return statistics.median(run.measured.median for run in self.runs[question][target])

    def ratio(self, question: str, to: str) -> float:
        """The sidecar's rate by that of another target: the median of the rounds' own ratios."""
        pairs = zip(self.runs[question]["sidecar"], self.runs[question][to], strict=True)
        return statistics.median(own.measured.rate / other.measured.rate for own, other in pairs)

    def work_ratio(self, question: str, to: str) -> float:
        """How much less the processor does for `to`: the same ratio, whatever else runs on the core meanwhile."""
        pairs = zip(self.runs[question]["sidecar"], self.runs[question][to], strict=True)
        return statistics.median(other.work / own.work for own, other in pairs)


def measure(folder: Path, rounds: int, seconds: int) -> Browsed:
    """Fills both databases and compares."""
    folder.mkdir()
    small, large = filled(folder / "small", SMALL), filled(folder / "large", LARGE)
    return compare(small, large, listing.measure(folder / "registry", LARGEST, LARGEST_TAGS, seconds), rounds, seconds)


def filled(folder: Path, tags: int) -> Filled:
    print(f"filling a database: {tags:,} tags …", flush=True)
    began = time.monotonic()
    installation = population.install(folder, free_port())
    account = asyncio.run(population.populate(installation, _PROJECTS))[0]
    contents.fill(folder / "sidecar.db", PROJECT, REPOSITORIES, tags)
    return Filled(installation, tags, load.authorization(account), time.monotonic() - began)


def compare(small: Filled, large: Filled, registries: Mapping[str, Measured], rounds: int, seconds: int) -> Browsed:
    """Takes turns, so that whatever else the machine does hits all alike."""
    questions = {filled.tags: _questions(filled.database) for filled in (small, large)}
    with (
        servers.sidecar(large.installation) as sidecar,
        servers.sidecar(small.installation) as other,
        servers.bare_api(large.database) as bare,
    ):
        at_start = sidecar.memory()
        _check_same(sidecar, bare, large, questions[large.tags])
        runs: dict[str, dict[str, list[Run]]] = {}
        for number in range(rounds):
            for name in questions[large.tags]:
                for target, server, filled in (
                    ("sidecar", sidecar, large),
                    ("bare", bare, large),
                    ("small", other, small),
                ):
                    run = _run(server, filled, questions[filled.tags][name], seconds)
                    runs.setdefault(name, {}).setdefault(target, []).append(run)
            print(f"API, round {number + 1} of {rounds}", flush=True)
        size = large.database.stat().st_size
        costs = Large(large.seconds, size, sidecar.ready_after, at_start, sidecar.memory())
        return Browsed(runs, seconds, costs, registries)


def _questions(database: Path) -> dict[str, Question]:
    tags = _last_page(database, TAGS_IN_ORDER, "tag", "moved_at", "tag.name")
    manifests = _last_page(database, MANIFESTS_IN_ORDER, "manifest", "manifest.created_at", "digest")
    last_repository = contents.repository_name(PROJECT, REPOSITORIES - PAGE - 1)
    asked: tuple[tuple[str, str, dict[str, object]], ...] = (
        ("registry.list", "first page", {}),
        (
            "registry.list",
            "last page",
            {"cursor": str(Cursor(REPOSITORIES_IN_ORDER, (last_repository, last_repository)))},
        ),
        ("registry.get", "", {"repository": LARGEST}),
        ("registry.getTags", "first page", {"repository": LARGEST}),
        ("registry.getTags", "last page", {"repository": LARGEST, "cursor": tags}),
        ("registry.getManifests", "first page", {"repository": LARGEST}),
        ("registry.getManifests", "last page", {"repository": LARGEST, "cursor": manifests}),
    )
    return {f"{method} {page}".strip(): _question(method, page, body) for method, page, body in asked}


def _question(method: str, page: str, body: Mapping[str, object]) -> Question:
    whole = {"project": PROJECT, **body, **({"limit": PAGE} if page else {})}
    return Question(f"{method} {page}".strip(), method, orjson.dumps(whole))


def _last_page(database: Path, order: str, table: str, key: str, name: str) -> str:
    """The cursor behind which the oldest hundred stand."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        sql = _LAST_PAGE.format(table=table, key=key, name=name)
        row = connection.execute(sql, (LARGEST, PAGE)).fetchone()
    connection.close()
    return str(Cursor(order, (str(row[0]), row[1])))


def _check_same(one: Server, other: Server, filled: Filled, questions: Mapping[str, Question]) -> None:
    """Both answer the same, or their speeds say nothing."""
    for question in questions.values():
        answers = [orjson.loads(_answer(server, filled, question)) for server in (one, other)]
        if answers[0] != answers[1] or not answers[0]["ok"]:
            raise RuntimeError(f"{question.name}: the sidecar and the bare application answer differently")


def _answer(server: Server, filled: Filled, question: Question) -> bytes:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/{question.method}",
        data=question.body,
        headers={"Authorization": filled.authorization},
    )
    with urllib.request.urlopen(request) as response:
        answer: bytes = response.read()
    return answer


def _run(server: Server, filled: Filled, question: Question, seconds: int) -> Run:
    script = filled.installation.folder / "question.lua"
    load.script(script, _SCRIPT % (question.method, question.body.decode(), filled.authorization))
    before = server.processor_seconds()
    measured = load.run(server.port, script, seconds, path=f"/{question.method}", patience=_PATIENCE)
    return Run(measured, 1_000_000 * (server.processor_seconds() - before) / measured.requests)
