"""The management API, as a command calls it."""

from typing import Any

import aiohttp

from sidecar.cli.failure import Failure

_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)


class ApiRefused(Failure):
    """The API's own error: `code` is that of its table, `items` the evidence."""

    def __init__(self, method: str, code: str, message: str, items: list[str]) -> None:
        super().__init__(f"{method}: {'; '.join((message, *items))}")
        self.code = code
        self.items = items


class ApiClient:
    """One caller of the API below `url`."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"}

    async def call(self, method: str, /, **body: Any) -> dict[str, Any]:
        """The `result` of `<namespace>.<method>`. Raises ApiRefused, or Failure where no such API answers."""
        url = f"{self._url}/{method}"
        try:
            async with self._session.post(
                url, json=body, headers=self._headers, timeout=_TIMEOUT, allow_redirects=False
            ) as response:
                answer: Any = await response.json()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Failure(f"{url} doesn't answer as a sidecar does: {error or type(error).__name__}") from None
        match answer:
            case {"ok": True, "result": dict(result)}:
                return result
            case {"ok": False, "error": {"code": str(code), "message": str(message)}}:
                raise ApiRefused(method, code, message, answer["error"].get("items") or [])
        raise Failure(f"{url} doesn't answer as a sidecar does")
