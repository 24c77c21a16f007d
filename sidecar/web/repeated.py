"""Answers of the token endpoint that are kept for a moment: a stampede of nodes with one credential asks one thing.

They are kept under a hash of what was asked and of the credentials, so that no secret stays here. Whether one still
holds is not for this module to say.
"""

import hashlib
from typing import Final, NamedTuple

from aiohttp import hdrs, web

from sidecar.domain.newest import Newest
from sidecar.usecases.issue_token import IssuedToken

MOST_ANSWERS: Final = 1024
_LONGEST_QUERY: Final = 2048
_LONGEST_BODY: Final = 8192
"""What a stampede asks, and gets, is short; with longer ones memory would not be bounded by much (S30)."""


class Answer(NamedTuple):
    issued: IssuedToken
    body: bytes


class RepeatedAnswers:
    """The newest `most` answers to GETs with credentials; 0 keeps none."""

    def __init__(self, most: int = MOST_ANSWERS) -> None:
        self._answers = Newest[bytes, Answer](most)

    def get(self, question: bytes | None) -> Answer | None:
        return None if question is None else self._answers.get(question)

    def put(self, question: bytes | None, answer: Answer) -> None:
        """A refresh token is for one, and isn't kept."""
        if question is not None and not answer.issued.refresh_token and len(answer.body) <= _LONGEST_BODY:
            self._answers.put(question, answer)


def question_of(request: web.Request) -> bytes | None:
    """What makes two requests the same, as a hash; None where the answer is not to be kept."""
    headers = request.headers.getall(hdrs.AUTHORIZATION, ())
    query = request.raw_path.partition("?")[2]
    if request.method != hdrs.METH_GET or len(headers) != 1 or len(query) > _LONGEST_QUERY:
        return None
    return hashlib.sha256(f"{headers[0]}\n{query}".encode("utf-8", "surrogateescape")).digest()
