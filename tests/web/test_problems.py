"""Error → HTTP."""

from typing import Any

import orjson
import pytest
from aiohttp import web

from sidecar.domain.errors import (
    AlreadyExists,
    Busy,
    Forbidden,
    Invalid,
    InvalidCredentials,
    NotFound,
    OutcomeUnknown,
    Refused,
    RegistryUnavailable,
    SidecarError,
    TooManyAttempts,
    Unauthorized,
    Unavailable,
)
from sidecar.web.api.json_object import NotJson
from sidecar.web.problems import api_envelope, problem_of, token_envelope

ID = "request-1"
BUSINESS = [
    (Unauthorized(), "unauthorized"),
    (InvalidCredentials(), "unauthorized"),
    (Forbidden(["registry.pull"]), "forbidden"),
    (NotFound("service account"), "service_account_not_found"),
    (AlreadyExists("project"), "already_exists"),
    (Invalid("sid: too short"), "validate"),
    (Refused("manifest_tagged", "manifest is tagged", ["v1"]), "manifest_tagged"),
    (RegistryUnavailable(), "registry_unavailable"),
    (OutcomeUnknown(), "registry_unavailable"),
]


def body(answer: web.Response) -> dict[str, Any]:
    assert isinstance(answer.body, bytes)
    document: dict[str, Any] = orjson.loads(answer.body)
    return document


def everything_below(kind: type[SidecarError]) -> set[type[SidecarError]]:
    return {kind}.union(*(everything_below(child) for child in kind.__subclasses__()))


@pytest.mark.parametrize(("error", "code"), BUSINESS, ids=[type(error).__name__ for error, _ in BUSINESS])
def test_a_business_error_is_200_in_the_api(error: SidecarError, code: str) -> None:
    """With its code, its message, and its evidence where there is some."""
    answer = api_envelope(problem_of(error), ID)
    assert answer.status == 200
    assert (body(answer)["ok"], body(answer)["error"]["code"]) == (False, code)
    assert body(answer)["error"].get("items", []) == list(error.items)


def test_every_error_of_the_domain_has_its_place() -> None:
    """A new one that `web.problems` doesn't know fails here, and not on a request."""
    listed = {type(error) for error, _ in BUSINESS} | {Unavailable, Busy, TooManyAttempts, SidecarError}
    own = {kind for kind in everything_below(SidecarError) if kind.__module__ == SidecarError.__module__}
    assert own == listed


def test_a_failed_dependency_is_503_in_both_shapes() -> None:
    """TS-59: and names the request, so that the log can be asked."""
    problem = problem_of(Unavailable("the database"))
    answers = api_envelope(problem, ID), token_envelope("https://x.example/token")(problem, ID)
    assert [answer.status for answer in answers] == [503, 503]
    assert all(ID in str(body(answer)) for answer in answers)


def test_who_is_to_wait_is_told_how_long_in_both_shapes() -> None:
    """TS-40: in seconds, under a status that the API's clients don't take for an answer."""
    for error, status in ((TooManyAttempts(7), 429), (Busy("authentication", 7), 503)):
        problem = problem_of(error)
        answers = api_envelope(problem, ID), token_envelope("https://x.example/token")(problem, ID)
        assert [(answer.status, answer.headers["Retry-After"]) for answer in answers] == [(status, "7")] * 2


@pytest.mark.parametrize(
    "error", [ValueError("secret"), RuntimeError("secret"), TimeoutError(), AssertionError("secret")]
)
def test_what_nobody_foresaw_is_500_and_bland(error: Exception) -> None:
    """S12: its text could hold anything."""
    problem = problem_of(error)
    answers = api_envelope(problem, ID), token_envelope("https://x.example/token")(problem, ID)
    assert [answer.status for answer in answers] == [500, 500]
    assert all("secret" not in str(body(answer)) for answer in answers)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (web.HTTPNotFound(), 404, "not_found"),
        (web.HTTPMethodNotAllowed("PUT", ["GET", "POST"]), 405, "method_not_allowed"),
        (web.HTTPRequestTimeout(), 408, "request_timeout"),
        (web.HTTPRequestEntityTooLarge(1, 2), 413, "too_large"),
        (web.HTTPBadRequest(text="quotes what was sent"), 400, "bad_request"),
    ],
)
def test_what_is_wrong_as_http_keeps_its_status(error: web.HTTPException, status: int, code: str) -> None:
    """And says nothing of what aiohttp's text says."""
    answer = api_envelope(problem_of(error), ID)
    assert (answer.status, body(answer)["error"]["code"]) == (status, code)
    assert "quotes" not in str(body(answer))


def test_405_says_what_is_allowed() -> None:
    """As HTTP wants it."""
    answer = api_envelope(problem_of(web.HTTPMethodNotAllowed("PUT", ["POST", "GET"])), ID)
    assert answer.headers["Allow"] == "GET,POST"


@pytest.mark.parametrize("error", [Unauthorized(), InvalidCredentials()])
def test_no_credentials_and_bad_ones_are_the_same_401(error: Unauthorized) -> None:
    """TS-31, TS-57."""
    answer = token_envelope("https://x.example/token")(problem_of(error), ID)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="https://x.example/token"')
    assert answer.body == token_envelope("https://x.example/token")(problem_of(Unauthorized()), "other").body


def test_our_own_words_are_told_as_they_are() -> None:
    """What is wrong with a body is told in words in which JSON is called JSON; the standard's are in lower case."""
    assert (
        problem_of(NotJson("the body is not JSON: line 1, column 2")).message
        == "the body is not JSON: line 1, column 2"
    )
    assert problem_of(web.HTTPNotFound()).message == "not found"
    assert problem_of(web.HTTPRequestEntityTooLarge(max_size=1, actual_size=2)).message == "request entity too large"
