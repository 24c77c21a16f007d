"""The first project and its developer, made over the management API; what is there already is used again."""

from pathlib import Path
from typing import Any, Final

import aiohttp

from sidecar.cli.api.client import ApiClient, ApiRefused
from sidecar.cli.init import write_once
from sidecar.cli.quickstart.token_request import request_token
from sidecar.config import read_secret

PROJECT: Final = "acme"
ACCOUNT: Final = "developer"


async def ensure_project(api: ApiClient) -> str:
    """Makes project `acme` and its service account `developer` with the role of that name; the account's e-mail."""
    await _unless_there(api, "project.create", sid=PROJECT, name="Acme")
    names = {"name": "Developer", "description": "made by sidecar quickstart"}
    await _unless_there(api, "serviceAccount.create", project=PROJECT, sid=ACCOUNT, **names)
    account = await api.call("serviceAccount.get", project=PROJECT, id=ACCOUNT)
    email = str(account["email"])
    await api.call("role.grant", project=PROJECT, role="developer", email=email)
    return email


async def ensure_key(api: ApiClient, session: aiohttp.ClientSession, realm: str, email: str, file: Path) -> str:
    """The account's key: the one in this file while it still works, else a new one, kept there for its owner alone."""
    key = _kept_key(file)
    if key is None or await request_token(session, realm, email, key, {}) is None:
        created = await api.call("serviceAccount.createKey", project=PROJECT, id=ACCOUNT, description="quickstart")
        key = str(created["secret"])
        _keep_key(file, key)
    return key


def _kept_key(file: Path) -> str | None:
    return read_secret(file) if file.exists() else None


def _keep_key(file: Path, key: str) -> None:
    file.unlink(missing_ok=True)
    write_once(file, f"{key}\n", 0o600)


async def _unless_there(api: ApiClient, method: str, **body: Any) -> None:
    try:
        await api.call(method, **body)
    except ApiRefused as refused:
        if refused.code != "already_exists":
            raise
