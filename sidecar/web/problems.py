"""Error → HTTP, once. Two shapes: the management API's envelope, and the token specification's list of errors.

The API answers business errors with 200 and `ok: false`, because its clients expect that; what is wrong with the
request as HTTP, and our own faults, have a status of their own. The token endpoint uses statuses throughout (TS-57).
Messages of our own faults are bland, and carry the request's id so that the log can be asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson
from aiohttp import web

from sidecar.domain.errors import (
    AlreadyExists,
    Busy,
    Forbidden,
    Invalid,
    NotFound,
    Refused,
    RegistryUnavailable,
    SidecarError,
    TooManyAttempts,
    Unauthorized,
    Unavailable,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is told of an error. `business` errors are the API's answers rather than failures of HTTP."""

    status: int
    code: str
    message: str
    items: tuple[str, ...] = ()
    business: bool = False
    allow: str | None = None
    retry_after: int | None = None
    """In seconds."""


Envelope = Callable[[Problem, str], web.Response]
"""Writes a problem in one surface's shape; the second argument is the request's id."""

_STATUS: Final[Mapping[type[SidecarError], int]] = {
    Unauthorized: 401,
    TooManyAttempts: 429,
    Forbidden: 403,
    NotFound: 404,
    AlreadyExists: 409,
    Invalid: 400,
    Refused: 409,
    RegistryUnavailable: 503,
    Unavailable: 503,
}
_HTTP_CODES: Final[Mapping[int, str]] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
}
_TOKEN_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("INVALID", "invalid request"),
    401: ("UNAUTHORIZED", "credentials are missing or wrong"),
    429: ("TOOMANYREQUESTS", "too many attempts with credentials that are wrong; wait before the next one"),
    500: ("UNKNOWN", "internal error"),
    503: ("UNAVAILABLE", "temporarily unavailable"),
}
"""By status: the code, and a message that says no more than it does."""


def problem_of(error: Exception) -> Problem:
    """What may be told of this error; of one that nobody foresaw, nothing but that it happened."""
    if isinstance(error, SidecarError):
        return _refusal(error)
    if isinstance(error, web.HTTPException):
        allow = error.headers.get("Allow")
        code = _HTTP_CODES.get(error.status, "bad_request")
        return Problem(error.status, code, _told(error), allow=allow)
    return Problem(500, "internal", "internal error")


def _told(error: web.HTTPException) -> str:
    """Our own words as they are; the standard's, such as Not Found, in lower case like all of our messages."""
    standard = error.reason == HTTPStatus(error.status).phrase
    return error.reason.lower() if standard else error.reason


def _refusal(error: SidecarError) -> Problem:
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    retry_after = error.retry_after if isinstance(error, Busy | TooManyAttempts) else None
    business = not isinstance(error, Unavailable | TooManyAttempts)
    return Problem(status, error.code, error.message, error.items, business, retry_after=retry_after)


def api_envelope(problem: Problem, request_id: str) -> web.Response:
    """`{"ok":false,"error":{code,message,items?,requestId?}}`."""
    error: dict[str, object] = {"code": problem.code, "message": problem.message}
    if problem.items:
        error["items"] = problem.items
    if problem.status >= 500:
        error["requestId"] = request_id
    return _answer(problem, {"ok": False, "error": error}, 200 if problem.business else problem.status)


def status_envelope(problem: Problem, request_id: str) -> web.Response:
    """The API's envelope under the error's own status, for callers that read nothing else: a registry."""
    answer = api_envelope(problem, request_id)
    answer.set_status(problem.status)
    return answer


def token_envelope(realm: str) -> Envelope:
    """The token endpoint's envelope: a 401 carries the challenge, and a `details` text that dockerd shows (TS-57)."""
    challenge = f'Basic realm="{realm}"'

    def envelope(problem: Problem, request_id: str) -> web.Response:
        code, message = _TOKEN_ERRORS.get(problem.status, (problem.code.upper(), problem.message))
        detail: object = {"requestId": request_id} if problem.status >= 500 else problem.items or None
        body: dict[str, object] = {"errors": [{"code": code, "message": message, "detail": detail}]}
        if problem.status != 401:
            return _answer(problem, body, problem.status)
        answer = _answer(problem, {"details": message, **body}, 401)
        answer.headers["WWW-Authenticate"] = challenge
        return answer

    return envelope


def _answer(problem: Problem, body: Mapping[str, object], status: int) -> web.Response:
    answer = web.Response(status=status, body=orjson.dumps(body), content_type="application/json")
    if problem.allow:
        answer.headers["Allow"] = problem.allow
    if problem.retry_after is not None:
        answer.headers["Retry-After"] = str(problem.retry_after)
    return answer
