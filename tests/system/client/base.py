"""What is asked of a client: the verbs that people use, each of which a client may not have."""

import base64
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from tests.parts import Part
from tests.system.stage import Account

Ran = subprocess.CompletedProcess[str]


class Cannot(Exception):
    """The client has no such verb; the message says what it lacks."""


@dataclass
class Client:
    """One client in a folder of its own, which begins empty: nobody has signed in. Images are named without the host.

    A verb gives what the client's last command did; a failure is no exception, because many are wanted.
    """

    part: Part
    folder: Path
    host: str

    title = ""
    signing_in = ""
    """What to type to sign in, with $HOST, $USER and $SECRET."""
    checks_login = True
    """Whether a login asks the registry at all."""
    keeps_images = False
    """Whether it has a store of its own, from which a pushed image may come that the pusher could not pull."""
    keeps_tokens = False
    """Whether it uses a token again until that ends, so that a revoked key still counts for what it was asked for."""
    gives_up_unmounted = False
    """Whether it fails where a mount is refused, in place of uploading (TS-24)."""

    @property
    def version(self) -> str:
        """As it tells it."""
        return self.part.version

    def begin(self) -> None:
        """Raises Missing where this machine doesn't let it do anything."""

    def login(self, account: Account) -> Ran:
        raise NotImplementedError

    def logout(self) -> None:
        """Forgets whoever signed in."""
        self.credentials.write_text('{"auths": {}}')

    @property
    def credentials(self) -> Path:
        """Where it keeps what was typed at login, in docker's format."""
        return self.folder / "config.json"

    def by(self, account: Account | None) -> Self:
        """The same client as a login by this account leaves it; as nobody's without one."""
        auths = {} if account is None else {self.host: {"auth": _basic(account.email, account.secret)}}
        return self.with_credentials(json.dumps({"auths": auths}))

    def with_credentials(self, config: str) -> Self:
        """The same client in a new folder, whose file of credentials holds this."""
        other = replace(self, folder=Path(tempfile.mkdtemp(dir=self.folder)))
        other.credentials.write_text(config)
        return other

    def keep_refresh_token(self, token: str) -> None:
        """As docker keeps one in place of a secret: whoever reads docker's file must send it to the token endpoint."""
        entry = {"auth": _basic("<token>", ""), "identitytoken": token}
        self.credentials.write_text(json.dumps({"auths": {self.host: entry}}))

    def push(self, layout: Path, name: str) -> Ran:
        """Pushes the image of an OCI layout."""
        raise NotImplementedError

    def push_index(self, layout: Path, name: str) -> Ran:
        """Pushes the index of an OCI layout with everything that it lists."""
        raise NotImplementedError

    def push_referrer(self, layout: Path, name: str) -> Ran:
        """Pushes an artifact whose manifest names the image of that name, which is there, as its subject."""
        raise Cannot("makes no artifacts")

    def pull(self, name: str) -> Ran:
        """Pulls from the registry, whatever is in a store of its own."""
        raise NotImplementedError

    def copy(self, source: str, target: str) -> Ran:
        """Has at the registry, under another name, what is there under the first."""
        raise NotImplementedError

    def delete(self, name: str, digest: str) -> Ran:
        """Deletes at the registry, by tag or by digest, whichever the client does."""
        raise Cannot("deletes nothing at a registry")

    def build(self, name: str) -> Ran:
        """Builds upon that image, which it has to pull."""
        raise Cannot("builds nothing")

    def push_again(self, name: str, target: str) -> Ran:
        """Pushes under another name what is in its own store under the first."""
        raise Cannot("keeps no images")

    def full(self, name: str) -> str:
        return f"{self.host}/{name}"


def _basic(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


def at_digest(name: str, digest: str) -> str:
    """`acme/web:v1` by its digest."""
    return f"{name.rpartition(':')[0]}@{digest}"


def run(part: Part, *arguments: str, given: str | None = None, **environment: str) -> Ran:
    """One command of a part, with nothing but these variables changed."""
    return subprocess.run(
        [str(part.program), *arguments],
        env=os.environ | part.environment | environment,
        input=given,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
