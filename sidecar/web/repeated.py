"""What the token endpoint keeps for a moment: a stampede of nodes with one credential asks one thing, or many things.

Answers are kept under a hash of what was asked and of the credentials, and who was proven under one of the credentials
alone, so that no secret stays here. Whether any of it still holds is not for this module to say.
"""

import hashlib
from typing import Final, NamedTuple

from aiohttp import hdrs, web

from sidecar.domain.identity import Proof
from sidecar.domain.newest import Newest
from sidecar.usecases.issue_token import IssuedToken

MOST_ANSWERS: Final = 1024
_LONGEST_QUERY: Final = 2048
_LONGEST_BODY: Final = 8192
"""What a stampede asks, and gets, is short; with longer ones memory would not be bounded by much (S30)."""


class Answer(NamedTuple):
    issued: IssuedToken
    body: bytes


class Question(NamedTuple):
    """What makes two requests the same, as hashes: `asker` of the credentials, `whole` of what is asked, too."""

    asker: bytes
    whole: bytes


class RepeatedAnswers:
    """The newest `most` answers to GETs with credentials, and as many proofs; 0 keeps none."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._answers = Newest[bytes, Answer](most)
        self._proofs = Newest[bytes, Proof](most)

    def get(self, question: Question) -> Answer | None:
        return self._answers.get(question.whole)

    def proof_of(self, question: Question) -> Proof | None:
        """Who the same credentials proved, whatever was asked with them."""
        return self._proofs.get(question.asker)

    def put(self, question: Question, answer: Answer) -> None:
        """A refresh token is for one, and isn't kept; nor is who proved nothing that could be believed again."""
        issued = answer.issued
        if issued.principal.credential is None:
            return
        self._proofs.put(question.asker, issued.proof)
        if not issued.refresh_token and len(answer.body) <= _LONGEST_BODY:
            self._answers.put(question.whole, answer)


def question_of(request: web.Request) -> Question | None:
    """None where nothing of the answer is to be kept."""
    headers = request.headers.getall(hdrs.AUTHORIZATION, ())
    query = request.raw_path.partition("?")[2]
    if request.method != hdrs.METH_GET or len(headers) != 1 or len(query) > _LONGEST_QUERY:
        return None
    hashed = hashlib.sha256(f"{headers[0]}\n".encode("utf-8", "surrogateescape"))
    asker = hashed.digest()
    hashed.update(query.encode("utf-8", "surrogateescape"))
    return Question(asker, hashed.digest())
