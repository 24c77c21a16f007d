"""The part of docs/benchmarks.md about tokens, made of what was measured."""

import math
import statistics
from collections.abc import Iterable, Mapping
from typing import Final

from tests.bench.load import CONNECTIONS
from tests.bench.population import ACCOUNTS_PER_PROJECT, BINDINGS_PER_ACCOUNT
from tests.bench.token_findings import Findings, Process
from tests.bench.verdicts import at_least, at_most

_SECTION: Final = """
## Tokens

A sidecar as `sidecar init` makes it, one process pinned to one core; wrk with {connections} connections on the other.
Beside it, on the same core and taking turns with it ({rounds} rounds of {seconds} s each), a bare aiohttp handler that
answers {answer_bytes} fixed bytes, which is what a token's answer has. Every request proves a service account by its key,
and asks to pull and push. An answer that isn't 200 ends the run.

- *different*: each request asks for another repository, as one of many accounts in turn: each token is decided and signed.
- *same*: one account asks the same thing again and again, as a stampede of nodes does: within `tokens.reuse_seconds` the
  same answer is given again while nothing could answer otherwise (decision 24).

### Throughput and latency

| | requests/s | of the bare handler | aim | processor time | of the bare handler | median | 99th percentile | p99 / median (at most 2) | waited |
|---|---|---|---|---|---|---|---|---|---|
{throughput}

While one is under load, the others stand still. *Waited* is the part of the time in which the server was ready to work
and its core did something else, as the kernel tells it; latencies are those of the round with the least of that. Each
such wait holds up all {connections} connections at once, so 1 % of it is enough to make the 99th percentile the machine's.

### Size

| | {small.projects} projects | {large.projects:,} projects |
|---|---|---|
| service accounts, each with a key | {small_accounts:,} | {large_accounts:,} |
| bindings | {small_bindings:,} | {large_bindings:,} |
| requests/s, different | {small_different:.0f} | {large_different:.0f} |
| requests/s, same | {small_same:.0f} | {large_same:.0f} |
| memory after the load | {small.memory:.0f} MiB | {large.memory:.0f} MiB |
| from start to ready | {small.ready_after:.1f} s | {large.ready_after:.1f} s |

The large installation answers {ratio_different} (different) and {ratio_same} (same) times as fast as the small one;
the aim is 0.90.

### Revocation

From the answer to `serviceAccount.deleteKey` to the first refusal at `/token` for that key, with {large.projects:,} projects,
{revocations} times: median {revoked_median:.1f} ms, longest {revoked_longest:.1f} ms. It is the time of the next request: the change is visible before it is answered.
At the registry a token that was signed before lives on for `tokens.lifetime_seconds`.

### Where the time goes

Shares of the processor's time under the same load, by Python's profiler, which makes calls of Python dearer than they are.

| | different | same |
|---|---|---|
{shares}
"""


def section(findings: Findings) -> str:
    """The part of docs/benchmarks.md about tokens."""
    small, large = findings.small, findings.large
    return _SECTION.format(
        connections=CONNECTIONS,
        rounds=len(findings.runs["bare"]),
        seconds=findings.seconds,
        answer_bytes=findings.answer_bytes,
        throughput=_rows(_throughput(findings)),
        small=small,
        large=large,
        small_accounts=_accounts(small),
        large_accounts=_accounts(large),
        small_bindings=_accounts(small) * BINDINGS_PER_ACCOUNT,
        large_bindings=_accounts(large) * BINDINGS_PER_ACCOUNT,
        small_different=findings.rate("different"),
        large_different=findings.rate("different, large"),
        small_same=findings.rate("same"),
        large_same=findings.rate("same, large"),
        ratio_different=at_least(findings.ratio("different, large", "different"), 0.0, 0.9),
        ratio_same=at_least(findings.ratio("same, large", "same"), 0.0, 0.9),
        revocations=len(findings.revoked),
        revoked_median=1000 * statistics.median(findings.revoked),
        revoked_longest=1000 * max(findings.revoked),
        shares=_rows(_shares(findings.shares)),
    )


def _accounts(process: Process) -> int:
    return process.projects * ACCOUNTS_PER_PROJECT


def _throughput(findings: Findings) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for name, least, aim in (("bare", 0.0, 0.0), ("different", 0.2, 0.3), ("same", 0.35, 0.5)):
        latency, waited = findings.calmest(name)
        rows.append(
            (
                name,
                f"{findings.rate(name):.0f}",
                at_least(findings.ratio(name, "bare"), least, aim),
                f"{aim:.2f}, at least {least:.2f}" if aim else "",
                f"{findings.work_per_request(name):.0f} µs",
                f"{findings.work_ratio(name, 'bare'):.2f}",
                f"{latency.median:.1f} ms",
                f"{latency.p99:.1f} ms",
                at_most(latency.p99 / latency.median, 2 if aim else math.inf),
                f"{100 * waited:.1f} %",
            )
        )
    return rows


def _shares(shares: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ...]]:
    owners = sorted(shares["different"], key=lambda owner: -shares["different"][owner])
    return [(owner, *(f"{shares[name].get(owner, 0):.0f} %" for name in ("different", "same"))) for owner in owners]


def _rows(cells: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in cells)
