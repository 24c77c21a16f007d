"""The API's own description against the API: what it calls good is taken, what it calls faulty is refused.

Schemathesis makes the bodies, good ones and faulty ones, from the document of `GET /openapi.json` alone, and checks
that statuses, content types, headers and schemas of answers are those of the document.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import GenerationConfig
from schemathesis.core import NotSet
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from sidecar.domain.roles import PERMISSIONS
from sidecar.web.api.catalogue import described
from sidecar.web.api.paging import Cursor
from tests.running import PUBLIC_URL
from tests.web.api.calling import Api, bearer
from tests.web.api.pushing import Pushing, image
from tests.web.api.served import served
from tests.web.api.validity import judged

Case = schemathesis.Case[Any]

DOCUMENT: Final = described(PUBLIC_URL)
API: Final = schemathesis.openapi.from_dict(DOCUMENT)
API.config.generation = GenerationConfig(allow_x00=False, with_security_parameters=False)
METHODS: Final = [path.removeprefix("/") for path in DOCUMENT["paths"]]
CHECKS: Final[list[Any]] = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
"""Those that fit any API. The others take a status for an answer, where here it is `ok` and a code: `hold` looks there."""

BETWEEN_FIELDS: Final = re.compile(
    r"cursor: (belongs to another list, or to another sort|is not one that (a|this) list gave)"
    r"|(permissions|repositories): only beside a project, .*"
    r"|repository: must be components .*"  # behind the project's id
    r"|repositories: .* fits nothing in the project; write the full name"
    r"|permissions: (a token can't hold|.* can't be narrowed to repositories).*"
    r"|roles?: .*"  # built in, not for everybody, or not to be narrowed
    r"|owns: .* overlaps what another project owns"
    r"|sid: .* overlaps what another project owns"
    r"|(server|username|password|include|ttlSeconds): (?!must be|should be).*"
    r"|repositories: only for this registry, without a server"
    r"|expiresAt: must lie in the future"
    r"|email: (?!must be an).*"
    r"|(projects\.[a-z0-9-]+|everyProject)[.:].*"
)
"""What no schema of one field can say."""

CALLERS: Final = st.sampled_from(["administrator", "viewer"])
_PRINTABLE: Final = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=20)
_GROUPS: Final = _PRINTABLE.filter(bool).map("group:{}".format)
_PEOPLE: Final = st.emails().filter(lambda text: ":" not in text).map(lambda text: text[-254:])
_SIDS: Final = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)
FORMATS: Final[dict[str, st.SearchStrategy[str]]] = {
    "line": _PRINTABLE,
    "prose": st.lists(_PRINTABLE, max_size=3).map("\n".join),
    "email": _PEOPLE,
    "principal": _PEOPLE | _GROUPS | st.sampled_from(["allUsers", "allAuthenticatedUsers"]),
    "holder": _PEOPLE | _SIDS,
    "image": st.sampled_from(["acme/web:v1", "acme/web:0", "a:5000/b:c", f"acme/web@sha256:{'0' * 64}"]),
    "permission": st.sampled_from([*PERMISSIONS, "registry.*", "*"]),
    "cursor": st.sampled_from(["created", "-created"]).map(lambda sort: str(Cursor(f"{sort}At", ("1", "x")))),
}
for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook
def map_body(_: Any, body: Any) -> Any:
    """Half of the bodies that name a project name the one that is there."""
    if isinstance(body, dict) and isinstance(body.get("project"), str) and len(body["project"]) % 2:
        body["project"] = "acme"
    return body


@cache
def cases(method: str) -> st.SearchStrategy[Case]:
    """Good and faulty calls of this method; of one that takes nothing, hardly any body is faulty."""
    operation = API[f"/{method}"]["POST"]
    good = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    return good | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def read(body: Any) -> Any:
    """What was sent: of junk, what JSON it is, and None where it is none."""
    if not isinstance(body, bytes):
        return {} if isinstance(body, NotSet) else body
    try:
        return json.loads(body) if body.strip() else {}
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Target:
    url: str
    callers: dict[str, dict[str, str]]

    def hold(self, case: Case, method: str, caller: str) -> None:
        """Sends the case, and holds the answer to the document."""
        response = case.call(base_url=self.url, headers=self.callers[caller])
        case.validate_response(response, checks=CHECKS)
        body = read(case.body)
        judgement = judged(DOCUMENT, method, body)
        if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
            assert judgement == "good", body
        answer = response.json()
        code = "ok" if answer["ok"] else answer["error"]["code"]
        if judgement == "good" and code == "validate":
            assert [item for item in answer["error"]["items"] if not BETWEEN_FIELDS.fullmatch(item)] == []
        else:
            assert (code == "bad_request", code == "validate") == (judgement == "no object", judgement == "faulty")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    callers: dict[str, dict[str, str]] = {}

    async def prepare(api: Api) -> None:
        await api.tenants.project("acme")
        await api.tenants.bind("acme", "ann@example.com", "viewer")
        await Pushing(api.sidecar.application.core.index).push("acme/web", image(1), "v1")
        callers["administrator"] = bearer(api.root)
        callers["viewer"] = bearer(await api.tenants.secret("ann@example.com"))

    with served(tmp_path_factory.mktemp("schemathesis"), prepare) as api:
        yield Target(api.sidecar.url, callers)


def examples(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
        phases=[Phase.generate],
    )


@pytest.mark.parametrize("method", METHODS)
@examples(8)
@given(st.data())
def test_the_api_is_as_described(target: Target, method: str, data: st.DataObject) -> None:
    """What the document calls good is taken, whatever else is refused as `validate`; answers are as it says."""
    target.hold(data.draw(cases(method)), method, data.draw(CALLERS))


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.parametrize("method", METHODS)
@examples(1000)
@given(st.data())
def test_the_api_is_as_described_at_length(target: Target, method: str, data: st.DataObject) -> None:
    """The same with a thousand bodies a method."""
    target.hold(data.draw(cases(method)), method, data.draw(CALLERS))
