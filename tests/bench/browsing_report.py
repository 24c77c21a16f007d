"""The part of docs/benchmarks.md about the API's lists, and what a million tags cost."""

from typing import Final

from tests.bench.browsing import LARGE, LARGEST_TAGS, PAGE, REPOSITORIES, SMALL, Browsed
from tests.bench.load import CONNECTIONS, Measured
from tests.bench.verdicts import at_least, at_most

_SECTION: Final = """
## The API's lists

{large:,} tags in {repositories:,} repositories of one project, one of which has {largest:,}, and two tags an image; beside it an
installation with {small:,}. Databases are filled by rows, through the real schema (tests/bench/contents.py, held to the
index by a test). wrk with {connections} connections on one core, on the other one process each: the sidecar; the same with the small
installation; and a bare aiohttp application that runs the same statements by sqlite3 on its loop and answers the same bytes by the same
encoder, but asks nobody who they are, checks nothing and logs nothing. {rounds} rounds of {seconds} s each. Pages have {page} items; those of
tags and manifests are the largest repository's. *Flat* is how many times as long a request takes with {large:,} tags as with {small:,}.

| | requests/s | of the bare application (0.80, at least 0.50) | by processor time | median | flat (at most 1.5) | by processor time |
|---|---|---|---|---|---|---|
{rows}
{registries}
| with {large:,} tags | |
|---|---|
| the database on the disk | {database:.1f} GB |
| from start to ready | {found.large.ready_after:.1f} s |
| memory at the start | {found.large.at_start:.0f} MiB |
| memory after the load | {found.large.after_load:.0f} MiB |
| filled in (not the sidecar's doing) | {found.large.filled_in:.0f} s |
"""

_REGISTRIES: Final = """
The registry's own `tags/list` of a repository with {largest:,} tags, on a filesystem whose folders are written directly, without
authentication, with {connections} connections; beside the sidecar's `registry.getTags`, which tells digests, sizes, times and pulls, too:

| | requests/s | median | the sidecar's page |
|---|---|---|---|
{rows}
"""


def section(found: Browsed) -> str:
    some = next(iter(found.runs.values()))["sidecar"]
    return _SECTION.format(
        found=found,
        large=LARGE,
        small=SMALL,
        repositories=REPOSITORIES,
        largest=LARGEST_TAGS,
        connections=CONNECTIONS,
        rounds=len(some),
        seconds=found.seconds,
        page=PAGE,
        rows="\n".join(_row(found, question) for question in found.runs),
        registries=_registries(found),
        database=found.large.database_bytes / 1e9,
    )


def _row(found: Browsed, question: str) -> str:
    flat, flat_work = (1 / ratio(question, "small") for ratio in (found.ratio, found.work_ratio))
    cells = (
        question,
        f"{found.rate(question, 'sidecar'):.0f}",
        at_least(found.ratio(question, "bare"), 0.5, 0.8),
        f"{found.work_ratio(question, 'bare'):.2f}",
        f"{found.latency(question, 'sidecar'):.1f} ms",
        at_most(flat, 1.5),
        f"{flat_work:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def _registries(found: Browsed) -> str:
    own = found.rate("registry.getTags first page", "sidecar")
    rows = [_beside(name, run, own) for name, run in found.registries.items()]
    return _REGISTRIES.format(largest=LARGEST_TAGS, connections=CONNECTIONS, rows="\n".join(rows)) if rows else ""


def _beside(name: str, run: Measured, own: float) -> str:
    """A registry of many tags may end no request at all in its time."""
    if not run.requests:
        return f"| {name} | none ended in its time | | |"
    return f"| {name} | {run.rate:.1f} | {run.median:.0f} ms | {own / run.rate:,.0f} times as many |"
