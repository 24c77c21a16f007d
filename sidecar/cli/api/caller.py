"""Who calls the management API from a command line: whoever's token or key stands in the environment."""

import asyncio
import os
from typing import Any

import aiohttp

from sidecar.cli.api.client import ApiClient
from sidecar.cli.failure import ExitCode, Failure
from sidecar.domain.secrets import SecretKind, recognise


def call_as_caller(url: str, method: str, /, **body: Any) -> dict[str, Any]:
    """The result of one method at `url`. Raises Failure without credentials, and as `ApiClient.call` does."""
    secret, user = callers_credentials()

    async def call() -> dict[str, Any]:
        async with aiohttp.ClientSession() as session:
            return await ApiClient(session, url, secret, user).call(method, **body)

    return asyncio.run(call())


def callers_credentials() -> tuple[str, str]:
    """The secret in SIDECAR_TOKEN, and whose it is by SIDECAR_EMAIL: nobody's where it speaks for itself."""
    return _credentials(os.environ.get("SIDECAR_TOKEN", "").strip(), os.environ.get("SIDECAR_EMAIL", "").strip())


def _credentials(secret: str, email: str) -> tuple[str, str]:
    """The secret and whose it is; nobody's where it speaks for itself."""
    if ":" in email:
        raise Failure("SIDECAR_EMAIL must be an e-mail, without the key", ExitCode.USAGE)
    if not secret:
        raise Failure("SIDECAR_TOKEN is not set: put a token or a service account's key into it", ExitCode.DENIED)
    if recognise(secret) is SecretKind.SERVICE_ACCOUNT_KEY and not email:
        raise Failure(
            "SIDECAR_TOKEN holds a service account's key: put the account's e-mail into SIDECAR_EMAIL", ExitCode.DENIED
        )
    return secret, email
