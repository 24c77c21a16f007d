"""docs/clients.md: what came of every action with every client, by the results of one whole run.

`make clients` runs every action, and then `python -m tests.system.client.page RESULTS`.
"""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.system.client.actions import ACTIONS
from tests.system.client.base import Client
from tests.system.client.roster import EVERY

PAGE: Final = Path(__file__).parents[3] / "docs" / "clients.md"
CANNOT: Final = "— "
"""What an outcome begins with where the client has no such verb."""

_HEAD: Final = """\
# Clients

What came of each action with each client, tried by the tests against real registries ({registries}). The table is
that of the last whole run: `make clients` runs all of it and writes this page. `make test` tries every cell, with the
versions that it finds.

The registry was `localhost` with a port, so each name of an image held a colon of its own. The accounts were service
accounts with keys; what docker keeps of a personal token, a refresh token, was tried by itself.

A cell says what came of it on both lines, or on each where they differ. *refused* is as it should be, with a message that
says that something is not allowed; *mounted* means that no layer was sent again; "—" that the client has no such command.

"""

_NOTES: Final = """\

- **crane** and whatever is made of go-containerregistry (ko, kaniko, cosign, Flux) asks for no token at a realm whose
  host is a private IP address written as a number, unless it is the registry's own host and port, nor at `http://` where
  the registry speaks HTTPS. So `public_url` must hold a name; `sidecar check` says so.
- **crane** stores what it is given at login and asks nobody; **containerd** has no login, and is given credentials with
  each command. A wrong secret is refused when it is first used, also where the image is public.
- **containerd** asks with POST first. It gives up a push of layers that it pulled from a repository which the pusher may
  not read: the registry refuses the mount, as it must. `ctr content label DIGEST containerd.io/distribution.source.HOST=`
  makes it forget where a layer came from.
- **BuildKit** keeps a token until it ends, so a key that was revoked still reads what that token is for, for
  `tokens.lifetime_seconds` at most.
- **regctl** deletes a tag by pushing a manifest of its own under it and deleting that. Who may push and not delete thereby
  moves the tag to that manifest, and has to push the old one again. `regctl manifest delete` has no such effect.
- **docker** 20.10 of Debian has only its classic store. The containerd image store of newer engines asks for tokens as
  containerd does; no such engine is tried here.
- podman, buildah, skopeo, crane, oras and regctl read docker's file of credentials, too, and use the refresh token in it.
"""


@dataclass(frozen=True, slots=True)
class _Table:
    """Outcomes by client, action and line; and of each client its version and its words of a refusal."""

    outcomes: dict[tuple[str, str], dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    versions: dict[str, str] = field(default_factory=dict)
    registries: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)

    def add(self, result: dict[str, Any]) -> None:
        client, action = result["client"], result["action"]
        self.outcomes[client, action][result["line"]] = result["outcome"]
        self.versions[client] = result["version"]
        self.registries[result["line"]] = result["registry"].partition("+")[0]
        if action == "foreign-pull" and result["words"]:
            self.refusals[client] = re.sub(r'^time="[^"]*" ', "", result["words"]).replace("`", "'")


def page(results: Iterable[dict[str, Any]]) -> str:
    """The whole page. Raises KeyError where a cell was not tried."""
    table = _Table()
    for result in results:
        table.add(result)
    registries = " and ".join(table.registries[line] for line in sorted(table.registries))
    return _HEAD.format(registries=registries) + "\n".join(
        (
            *_matrix(table),
            _NOTES,
            "## What to type\n",
            "`$USER` is a service account's e-mail and its key the password, or a person's e-mail and a personal token.\n",
            *(f"    {command}" for command in dict.fromkeys(kind.signing_in for kind in EVERY.values())),
            "\n## What a refusal reads like\n",
            "A pull from a project in which the caller holds nothing; one that doesn't exist reads the same.\n",
            *(f"- {kind.title}: `{table.refusals[kind.title]}`" for kind in EVERY.values()),
            "",
        )
    )


def _matrix(table: _Table) -> Iterator[str]:
    """A row for each action, a column for each client."""
    kinds = list(EVERY.values())
    yield "| | " + " | ".join(f"{kind.title} {table.versions[kind.title]}" for kind in kinds) + " |"
    yield "|---" * (len(kinds) + 1) + "|"
    for name, action in ACTIONS.items():
        yield f"| {action.title} | " + " | ".join(_cell(table, kind, name) for kind in kinds) + " |"


def _cell(table: _Table, kind: type[Client], action: str) -> str:
    by_line = table.outcomes[kind.title, action]
    told = {line: "—" if outcome.startswith(CANNOT) else outcome for line, outcome in by_line.items()}
    if sorted(told) != ["2", "3"]:
        raise KeyError(f"{kind.title}, {action}: tried on lines {sorted(told)}, not on both")
    if told["2"] == told["3"]:
        return told["2"]
    return f"2.8: {told['2']}; 3.x: {told['3']}"


if __name__ == "__main__":
    with Path(sys.argv[1]).open() as file:
        PAGE.write_text(page(json.loads(line) for line in file), encoding="utf-8")
