"""The management API, as a command calls it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import aiohttp

from sidecar.cli.failure import ExitCode, Failure

SECONDS: Final = 60.0
_CONNECT_SECONDS: Final = 10
_EXIT_CODES: Final[Mapping[str, ExitCode]] = {
    "validate": ExitCode.USAGE,
    "bad_request": ExitCode.USAGE,
    "not_found": ExitCode.USAGE,
    "too_large": ExitCode.USAGE,
    "unauthorized": ExitCode.DENIED,
    "forbidden": ExitCode.DENIED,
    "too_many_attempts": ExitCode.DENIED,
    "registry_unavailable": ExitCode.UNAVAILABLE,
    "unavailable": ExitCode.UNAVAILABLE,
    "internal": ExitCode.UNAVAILABLE,
    "request_timeout": ExitCode.UNAVAILABLE,
}
"""`not_found` alone is the API's word for a method that there isn't."""


class ApiRefused(Failure):
    """The API's own error: `code` is that of its table, `items` the evidence."""

    def __init__(self, method: str, code: str, message: str, items: Sequence[str]) -> None:
        super().__init__(f"{method}: {message} ({code})", _exit_code(code), items)
        self.code = code


class ApiClient:
    """One caller of the API below `url`. `user` is whose key or token it is, where the secret alone doesn't tell.

    `seconds` is how long a call may take.
    """

    def __init__(
        self, session: aiohttp.ClientSession, url: str, secret: str, user: str = "", seconds: float = SECONDS
    ) -> None:
        self._session = session
        self._seconds = seconds
        self._url = url.rstrip("/")
        authorization = aiohttp.encode_basic_auth(user, secret, "utf-8") if user else f"Bearer {secret}"
        self._headers = {"Authorization": authorization}

    async def call(self, method: str, /, **body: Any) -> dict[str, Any]:
        """The `result` of `<namespace>.<method>`. Raises ApiRefused, or Failure where no such API answers."""
        return await self._call(method, body, self._seconds)

    async def call_at_length(self, method: str, /, **body: Any) -> dict[str, Any]:
        """The same for what takes as long as it takes."""
        return await self._call(method, body, None)

    async def _call(self, method: str, body: Mapping[str, Any], seconds: float | None) -> dict[str, Any]:
        url = f"{self._url}/{method}"
        patience = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        try:
            async with self._session.post(
                url, json=body, headers=self._headers, timeout=patience, allow_redirects=False
            ) as response:
                answer: Any = json.loads(await response.read())
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ServerTimeoutError):
                raise _still_working(method, seconds) from None
            raise _no_sidecar(url, f": {error or type(error).__name__}") from None
        match answer:
            case {"ok": True, "result": dict(result)}:
                return result
            case {"ok": False, "error": {"code": str(code), "message": str(message)}}:
                raise ApiRefused(method, code, message, _evidence(answer["error"]))
        raise _no_sidecar(url)


def _still_working(method: str, seconds: float | None) -> Failure:
    """The sidecar took the call and is at it: handlers don't end with their clients."""
    return Failure(
        f"{method}: no answer within {seconds or 0:g} s. What it changes goes on at the sidecar: look what came of it "
        "before you call it again, and give it longer with --timeout",
        ExitCode.UNAVAILABLE,
    )


def _no_sidecar(url: str, why: str = "") -> Failure:
    return Failure(f"{url} doesn't answer as a sidecar does{why}", ExitCode.UNAVAILABLE)


def _evidence(error: Mapping[str, Any]) -> list[str]:
    request = [f"request {error['requestId']}"] if "requestId" in error else []
    return [str(item) for item in error.get("items") or ()] + request


def _exit_code(code: str) -> ExitCode:
    known = _EXIT_CODES.get(code)
    if known is not None:
        return known
    return ExitCode.NOT_FOUND if code.endswith("_not_found") else ExitCode.REFUSED
