"""How long a key still works after `serviceAccount.deleteKey` was answered."""

import time
from typing import Final

import aiohttp

from sidecar.cli.api.client import ApiClient
from sidecar.cli.rendering import Installation
from tests.bench.load import authorization
from tests.bench.population import Account

_GIVE_UP: Final = 5.0
"""Seconds."""
_REFUSED: Final = frozenset((401, 429))
"""After ten refusals in a minute the account's next one is told to wait, which is a refusal all the same."""


async def seconds_until_refused(installation: Installation, account: Account, times: int) -> list[float]:
    """For so many new keys of an account: from the answer to deleteKey to the arrival of the first refusal."""
    url = f"http://{installation.listen}"
    async with aiohttp.ClientSession() as session:
        api = ApiClient(session, url, installation.admin_token.read_text().strip())
        return [await _once(session, api, url, account) for _ in range(times)]


async def _once(session: aiohttp.ClientSession, api: ApiClient, url: str, account: Account) -> float:
    key = await api.call("serviceAccount.createKey", project=account.project, id=account.email)
    headers = {"Authorization": authorization(Account(account.email, key["secret"], account.project))}
    if await _status(session, url, headers) != 200:
        raise RuntimeError("a new key does not work")
    await api.call("serviceAccount.deleteKey", project=account.project, id=account.email, secret=key["id"])
    answered = time.monotonic()
    while await _status(session, url, headers) not in _REFUSED:
        if time.monotonic() - answered > _GIVE_UP:
            raise RuntimeError(f"a deleted key still works after {_GIVE_UP} s")
    return time.monotonic() - answered


async def _status(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> int:
    async with session.get(f"{url}/token?service=registry", headers=headers) as response:
        return response.status
