"""A list over several answers, as one."""

from typing import Any

from sidecar.cli.api.client import ApiClient
from sidecar.cli.failure import ExitCode, Failure


async def every_page(api: ApiClient, method: str, body: dict[str, Any]) -> dict[str, Any]:
    """The last answer with the items of all. Failure where a cursor leads back to its own page."""
    result = await api.call(method, **body)
    items = list(result.get("items", ()))
    while "nextCursor" in result:
        cursor = result["nextCursor"]
        result = await api.call(method, **body | {"cursor": cursor})
        if result.get("nextCursor") == cursor:
            raise Failure(f"{method}: the sidecar answers the same page again", ExitCode.UNAVAILABLE)
        items += result.get("items", ())
    return {**result, "items": items} if "items" in result else result
