"""The token endpoint, as registries' clients know it: GET with a query, and POST with an OAuth form, on one URL.

`docs/token-server.md` numbers what clients need of it; the numbers here (TS-…) are its. The realm and the audience come
from the configuration alone: `service` is compared with ours and never copied (S13).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import orjson
from aiohttp import hdrs, web

from sidecar.domain.actors import Asking
from sidecar.domain.errors import Invalid, InvalidCredentials
from sidecar.domain.identity import CredentialKind, Credentials, Proof
from sidecar.domain.throttle import GET, POST
from sidecar.ports import AccessEntry
from sidecar.usecases.issue_token import IssuedToken, IssueToken, TokenRequest
from sidecar.web.asking import PASSAGE, asking_of
from sidecar.web.body import read_body
from sidecar.web.metrics import Metrics
from sidecar.web.principal import credentials_of, named, refreshing
from sidecar.web.problems import problem_of
from sidecar.web.repeated import Answer, Question, RepeatedAnswers, question_of

PATH: Final = "/token"
MAX_FORM: Final = 64 * 1024
MAX_ANSWER: Final = 64 * 1024
"""Clients read no further (TS-3)."""
MAX_PARAMETERS: Final = 2000


class Parameters:
    """Those of a query or a form: any bytes make some, and repeated ones are kept."""

    def __init__(self, text: str) -> None:
        if text.count("&") >= MAX_PARAMETERS:
            raise Invalid(f"at most {MAX_PARAMETERS} parameters are taken in one request")
        self._values: dict[str, list[str]] = {}
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            self._values.setdefault(_unquoted(name), []).append(_unquoted(value))

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._values.get(name, ()))

    def last(self, name: str) -> str:
        """The last of that name, or the empty text."""
        return self._values.get(name, ("",))[-1]


def _unquoted(text: str) -> str:
    """Most is written plainly, and needs no look at each of its characters."""
    return unquote_plus(text, errors="replace") if "%" in text or "+" in text else text


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """`service` is the one audience for which tokens are signed; `unreadable` hears of credentials that are none."""

    issue: IssueToken
    service: str
    metrics: Metrics
    repeated: RepeatedAnswers
    unreadable: Callable[[Asking], None]

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self.answer, allow_head=False), web.post(PATH, self.answer)]

    async def answer(self, request: web.Request) -> web.Response:
        question = question_of(request)
        answer = None if question is None else self.repeated.get(question)
        if answer is None or not self.issue.repeats(answer.issued):
            answer = await self._answer(request, question)
        principal = answer.issued.principal
        request[PASSAGE].principal = principal.name
        self._count("granted" if answer.issued.access else "empty", principal.credential_kind)
        return web.Response(body=answer.body, content_type="application/json")

    async def _answer(self, request: web.Request, question: Question | None) -> Answer:
        proof = None if question is None else self.repeated.proof_of(question)
        try:
            issued = await self.issue(await self._asked(request, proof))
            answer = Answer(issued, _body(issued))
        except Exception as error:
            self._count(problem_of(error).code, CredentialKind.NONE)
            raise
        if question is not None:
            self.repeated.put(question, answer)
        return answer

    async def _asked(self, request: web.Request, proof: Proof | None) -> TokenRequest:
        reading = request.method == hdrs.METH_GET
        asking = asking_of(request, GET if reading else POST)
        try:
            return self._query(request, asking, proof) if reading else await self._form(request, asking)
        except InvalidCredentials:
            self.unreadable(asking)
            raise

    def _query(self, request: web.Request, asking: Asking, proof: Proof | None) -> TokenRequest:
        """Who asks stands in the Authorization header; `account` and `client_id` say nothing (TS-36)."""
        parameters = Parameters(request.raw_path.partition("?")[2])
        self._check_service(parameters)
        offline = parameters.last("offline_token") == "true"
        believed = proof is not None and self.issue.proves(proof)
        shown = proof if believed else credentials_of(request, asking.address)
        return TokenRequest(shown, parameters.all("scope"), offline, asking)

    async def _form(self, request: web.Request, asking: Asking) -> TokenRequest:
        """Who asks stands in the form, as a password or as a refresh token."""
        body = await read_body(request, MAX_FORM)
        parameters = Parameters(body.decode("utf-8", "replace"))
        self._check_service(parameters)
        offline = parameters.last("access_type") == "offline"
        return TokenRequest(_granted_by(parameters, asking.address), parameters.all("scope"), offline, asking)

    def _check_service(self, parameters: Parameters) -> None:
        """No service means ours (TS-9); any other than ours is refused (TS-8)."""
        for service in parameters.all("service"):
            if service not in ("", self.service):
                raise Invalid("service: is not the one that this server signs tokens for")

    def _count(self, outcome: str, authenticator: CredentialKind) -> None:
        self.metrics.token_answered(outcome, authenticator)


def _granted_by(parameters: Parameters, address: str) -> Credentials:
    match parameters.last("grant_type"):
        case "password":
            return named(parameters.last("username"), parameters.last("password"), address)
        case "refresh_token":
            return refreshing(parameters.last("refresh_token"), address)
        case _:
            raise Invalid("grant_type: must be password or refresh_token")


def _body(issued: IssuedToken) -> bytes:
    """POST clients read `access_token`, and some GET clients only `token`: both, always, the same (TS-54)."""
    answer: dict[str, object] = {
        "token": issued.token.text,
        "access_token": issued.token.text,
        "scope": _scope_text(issued.access),
        "expires_in": issued.token.expires_in,
        "issued_at": issued.token.issued_at,
    }
    if issued.refresh_token is not None:
        answer["refresh_token"] = issued.refresh_token
    body = orjson.dumps(answer, option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS)
    if len(body) >= MAX_ANSWER:
        raise Invalid("scope: the answer to so many scopes is longer than clients read; ask for fewer at once")
    return body


def _scope_text(access: Sequence[AccessEntry]) -> str:
    return " ".join([f"{entry.type}:{entry.name}:{','.join(entry.actions)}" for entry in access])
