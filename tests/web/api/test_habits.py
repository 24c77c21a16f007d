"""What existing typed clients do to every call changes no answer: zero values, odd cases, fields of an older service."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from tests.web.api.calling import Api, bearer
from tests.web.api.test_tenant_matrix import MATRIX, Caller, InProject, RevokingTokens, Tenancy, tenancy_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZEROS: Final[tuple[Any, ...]] = ("", 0, "0", "0001-01-01T00:00:00Z", None)
LEGACY: Final = ("location", "projectId", "billingAccount", "channel")
LEGACY_VALUES: Final[tuple[Any, ...]] = ("eu-west", 7, {"any": ["thing"]}, None, "")
CASES: Final[tuple[Callable[[str], str], ...]] = (str.upper, str.lower, str.swapcase, str.title, str)

OF_ONE_CALL: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}"  # ids
    r"|r[a-z]{2}_[0-9A-Za-z]+"  # secrets, and how they begin
    r"|(?<=own-)\d+|(?<=foreign-)\d+|(?<=caller-)\d+|(?<=new-)\d+"  # the tenancy's number
    r"|\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)",
    re.IGNORECASE,
)


def fields_of(api: Api, method: str) -> list[str]:
    """Every field that the method knows."""
    content = api.document["paths"][f"/{method}"]["post"]["requestBody"]["content"]["application/json"]
    model = api.document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return list(model.get("properties", {}))


def as_typed(body: Mapping[str, Any], fields: list[str], habit: int) -> dict[str, Any]:
    """The body of a client that always sends all that it knows of, in its own writing."""
    written = CASES[habit]
    absent = {name: ZEROS[(habit + at) % len(ZEROS)] for at, name in enumerate(fields) if name not in body}
    older = {name: LEGACY_VALUES[(habit + at) % len(LEGACY_VALUES)] for at, name in enumerate(LEGACY)}
    return {written(name): value for name, value in (older | absent | dict(body)).items()}


def comparable(answer: Any) -> Any:
    """The answer without what no two calls have in common: ids, secrets, times, the number of the tenancy."""
    if isinstance(answer, dict):
        sealed = ("id", "dockerConfig", "kubernetes")
        return {name: name if name in sealed else comparable(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [comparable(item) for item in answer]
    return OF_ONE_CALL.sub("…", answer) if isinstance(answer, str) else answer


async def answered(api: Api, tenancy: Tenancy, method: str, body: Mapping[str, Any]) -> Any:
    answer = await api.post(method, json.dumps(body).encode(), bearer(tenancy.token))
    return answer.status, comparable(await answer.json())


def caller_of(method: str) -> Caller:
    """Who may call it, and sees nobody else's things by it."""
    row = MATRIX[method]
    return "owner" if isinstance(row, InProject | RevokingTokens) or "owner" in row.allowed else "administrator"


@pytest.mark.parametrize("method", MATRIX)
async def test_a_typed_clients_habits_change_no_answer(shared: Api, method: str) -> None:
    """Each method, called plainly and in five ways that clients have, in a tenancy of its own each time."""
    answers = []
    for habit in (None, *range(len(CASES))):
        tenancy = await tenancy_for(shared, caller_of(method))
        body = MATRIX[method].body(tenancy, "own")
        if habit is None:
            answers.append(await answered(shared, tenancy, method, body))
            assert answers[0][0] == 200
        else:
            typed = as_typed(body, fields_of(shared, method), habit)
            answers.append(await answered(shared, tenancy, CASES[habit](method), typed))
    assert answers[1:] == answers[:1] * len(CASES)
