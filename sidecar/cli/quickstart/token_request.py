"""Asking the sidecar's token endpoint for a registry token, as docker does."""

from collections.abc import Mapping

import aiohttp

from sidecar.cli.failure import Failure

_TIMEOUT = aiohttp.ClientTimeout(total=30, sock_connect=5)


async def request_token(
    session: aiohttp.ClientSession, realm: str, account: str, secret: str, query: Mapping[str, str]
) -> str | None:
    """The token for this query (`service`, `scope`), or None where the credentials are refused."""
    headers = {"Authorization": aiohttp.encode_basic_auth(account, secret)}
    try:
        async with session.get(
            realm, params=query, headers=headers, timeout=_TIMEOUT, allow_redirects=False
        ) as response:
            if response.status == 401:
                return None
            response.raise_for_status()
            return str((await response.json())["token"])
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
        raise Failure(f"{realm} doesn't answer as a token endpoint does: {error or type(error).__name__}") from None
