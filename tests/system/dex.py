"""dex, a real OIDC provider, as a process of its own: people with passwords, keys in memory that a restart renews."""

import json
import os
import subprocess
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import bcrypt
import yaml

from tests.parts import Part
from tests.ports import free_port
from tests.system.stage import running_process, wait_for

CLIENT: Final = ("registry", "client-secret")
PASSWORD: Final = "correct horse"


@dataclass
class Dex:
    """`people` are user names and their groups; each is `<name>@acme.example`."""

    part: Part
    folder: Path
    people: Mapping[str, Sequence[str]]
    port: int = field(default_factory=free_port)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/dex"

    def tokens(self, name: str) -> dict[str, str]:
        """What a password grant gives: `id_token`, `access_token`, `refresh_token`."""
        form = {
            "grant_type": "password",
            "username": f"{name}@acme.example",
            "password": PASSWORD,
            "scope": "openid email groups profile offline_access",
        }
        request = urllib.request.Request(
            f"{self.issuer}/token",
            data=urllib.parse.urlencode(form).encode(),
            headers={"Authorization": "Basic " + b64encode(":".join(CLIENT).encode()).decode()},
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            document: dict[str, str] = json.load(response)
            return document

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        configuration, log = self.folder / "dex.yaml", self.folder / "dex.log"
        configuration.write_text(yaml.safe_dump(self._configuration()))
        command = [str(self.part.program), "serve", str(configuration)]
        with running_process(command, log, os.environ | self.part.environment) as running:
            wait_for(f"{self.issuer}/.well-known/openid-configuration", log)
            yield running

    def _configuration(self) -> dict[str, Any]:
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
        return {
            "issuer": self.issuer,
            "storage": {"type": "memory"},
            "web": {"http": f"127.0.0.1:{self.port}"},
            "oauth2": {
                "passwordConnector": "local",
                "grantTypes": ["password", "refresh_token", "authorization_code"],
            },
            "enablePasswordDB": True,
            "staticClients": [
                {"id": CLIENT[0], "secret": CLIENT[1], "name": "registry", "redirectURIs": ["http://127.0.0.1/"]}
            ],
            "staticPasswords": [
                {
                    "email": f"{name}@acme.example",
                    "hash": hashed,
                    "username": name,
                    "preferredUsername": name,
                    "userID": name,
                    "groups": list(groups),
                }
                for name, groups in self.people.items()
            ],
        }
