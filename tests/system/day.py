"""The day of one repository, as docs/api.md tells it: what somebody types, and what it really answers.

Commands name a registry and a sidecar as an operator would have them. They are typed at those of a stage, and what is
of that stage in their output is written back: its addresses, its token and its key.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sidecar.cli.quickstart.first_image import hello_image
from tests.parts import Part
from tests.system.layouts import hello_layout
from tests.system.stage import Account, Stage
from tests.web.api.pushing import digest_of

REGISTRY: Final = "registry.example.com"
SIDECAR: Final = "https://auth.example.com"
_SECONDS: Final = 20.0
_WEB: Final = digest_of(hello_image("amd64").manifest)
_OLD: Final = digest_of(hello_image("arm64").manifest)
_CALL: Final = "curl https://auth.example.com/{method:<23} -H \"Authorization: Bearer $TOKEN\" -d '{body}'"

DAY: Final = (
    (
        "An account of CI pushes two images with docker, podman or, here, skopeo.",
        'skopeo login registry.example.com -u "$ACCOUNT" -p "$KEY"',
        "skopeo copy -q oci:old docker://registry.example.com/acme/web:old-staging",
        "skopeo copy -q oci:web docker://registry.example.com/acme/web:v1",
    ),
    (
        "The project's repositories, and the tags of one. `web` is short for `acme/web`.",
        "sidecar call registry.list project=acme",
        _CALL.format(method="registry.getTags", body='{ "project": "acme", "repository": "acme/web" }'),
    ),
    (
        "Every manifest, whether a tag points at it or none does.",
        _CALL.format(method="registry.getManifests", body='{ "project": "acme", "repository": "acme/web" }'),
    ),
    (
        "A tag may move. Its digest is what to pin, and what deployments should pull.",
        f"skopeo copy -q docker://registry.example.com/acme/web@{_WEB} oci:pinned",
    ),
    (
        "A tag is taken away alone: its manifest stays. Then nothing needs the manifest, and it can go.",
        _CALL.format(
            method="registry.untag", body='{ "project": "acme", "repository": "acme/web", "tag": "old-staging" }'
        ),
        _CALL.format(
            method="registry.deleteManifest",
            body=f'{{ "project": "acme", "repository": "acme/web", "digest": "{_OLD}" }}',
        ),
    ),
    (
        "What a tag, an index or a referrer still needs is refused by name, and nothing is changed.",
        _CALL.format(
            method="registry.deleteManifest",
            body=f'{{ "project": "acme", "repository": "acme/web", "digest": "{_WEB}" }}',
        ),
    ),
    (
        "The whole repository goes with all that is in it.",
        "sidecar call registry.delete project=acme repository=web",
        "sidecar call registry.list project=acme",
    ),
)
"""Parts of the day: what to say, then what to type."""


@dataclass(frozen=True, slots=True)
class Shell:
    """Where the day is typed: a folder with the images, and an environment in which the page's words work."""

    stage: Stage
    folder: Path
    environment: Mapping[str, str]

    def output(self, command: str) -> str:
        """What the command prints, with the page's addresses; it must succeed."""
        typed = command.replace(REGISTRY, self.stage.host).replace(SIDECAR, self.stage.installation.public_url)
        ran = subprocess.run(
            ["sh", "-c", typed],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
        return self._told(ran.stdout)

    def _told(self, output: str) -> str:
        own, host = self.stage.installation.public_url, self.stage.host.partition(":")[0]
        told = output.replace(own, SIDECAR).replace(self.stage.host, REGISTRY)
        return told.replace(f"serviceaccount.{host}", "serviceaccount.auth.example.com").rstrip("\n")


def told_day(shell: Shell) -> str:
    """The section of docs/api.md: what was typed, and what came."""
    return "\n".join(_told(shell))


def _told(shell: Shell) -> Iterator[str]:
    for said, *commands in DAY:
        yield f"{said}\n"
        for command in commands:
            yield f"    $ {command}"
            yield from (f"    {line}" for line in shell.output(command).splitlines())
            if "docker://registry" in command.rpartition(" ")[2]:
                _wait_until_read(shell.stage, command.rpartition(":")[2])
        yield ""


def shell_of(stage: Stage, skopeo: Part, folder: Path) -> Shell:
    """A shell beside this stage, whose project is there and has an account that pushes; `folder` is new."""
    account = stage.account(stage.project("acme"), "ci", "developer")
    for name, architecture in (("web", "amd64"), ("old", "arm64")):
        (folder / name).mkdir(parents=True)
        hello_layout(folder / name, hello_image(architecture))
    return Shell(stage, folder, _environment(stage, skopeo, folder, account))


def _environment(stage: Stage, skopeo: Part, folder: Path, account: Account) -> dict[str, str]:
    """The page's variables, and what makes a registry without TLS and a `sidecar` that isn't installed usable."""
    settings, programs = folder / ".config/containers", folder / "bin"
    settings.mkdir(parents=True)
    programs.mkdir()
    (settings / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    (settings / "registries.conf").write_text(f'[[registry]]\nlocation = "{stage.host}"\ninsecure = true\n')
    (programs / "sidecar").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m sidecar "$@"\n')
    (programs / "sidecar").chmod(0o755)
    token = stage.administrator.secret
    path = (str(programs), str(skopeo.program.parent), os.environ.get("PATH", os.defpath))
    return {
        **os.environ,
        **skopeo.environment,
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": str(Path.cwd()),
        "HOME": str(folder),
        "CONTAINERS_REGISTRIES_CONF": str(settings / "registries.conf"),
        "REGISTRY_AUTH_FILE": str(folder / "auth.json"),
        "ACCOUNT": account.email,
        "KEY": account.secret,
        "TOKEN": token,
        "SIDECAR_TOKEN": token,
        "SIDECAR_URL": stage.installation.public_url,
    }


def _wait_until_read(stage: Stage, tag: str) -> None:
    """Until the index has heard of this tag's push and has read its manifest."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        answer = stage.answer("registry.getTags", project="acme", repository="web")
        items = answer["result"]["items"] if answer["ok"] else []
        if any(item["tag"] == tag and item["size"] and "pushedBy" in item for item in items):
            return
        time.sleep(0.05)
    raise AssertionError(f"{tag} is not in the index after {_SECONDS} s")


def without_times(text: str) -> str:
    """The same with every time taken out: no two days have the same."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>", text)
