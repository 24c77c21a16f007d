"""The API's own description."""

from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.web.api.calling import Api
from tests.web.api.test_tenant_matrix import MATRIX, tenancy_for

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_it_is_openapi(shared: Api) -> None:
    """Generators of clients read it."""
    OpenAPIV31SpecValidator(shared.document).validate()


async def test_it_needs_no_credentials(shared: Api) -> None:
    """S7: it is one of the few open routes, and says nothing about any tenant."""
    answer = await shared.sidecar.http.get(f"{shared.sidecar.url}/openapi.json")
    assert (answer.status, answer.content_type) == (200, "application/json")


async def test_every_method_is_explained(shared: Api) -> None:
    """Each says what it does, what it needs, how it is asked, and what can go wrong."""
    for path, item in shared.document["paths"].items():
        operation = item["post"]
        assert operation["operationId"] == path[1:]
        assert operation["description"].endswith(".")
        assert {"unauthorized", "validate"} <= set(operation["x-errors"])
        assert set(operation["responses"]) == {"200", "400", "404", "408", "413", "429", "500", "503"}


async def test_every_example_is_a_body_of_its_method(shared: Api) -> None:
    """What is shown can be sent."""
    for path, item in shared.document["paths"].items():
        content = item["post"]["requestBody"]["content"]["application/json"]
        _validate(shared, content["schema"], content["example"], path)


@pytest.mark.parametrize("method", MATRIX)
async def test_answers_are_as_described(shared: Api, method: str) -> None:
    """A result and an error of each method fit the schema of its envelope."""
    tenancy = await tenancy_for(shared, "administrator")
    row = MATRIX[method]
    answers = [await shared.call(method, token, **row.body(tenancy, "own")) for token in (tenancy.token, None)]
    assert [answer["ok"] for answer in answers] == [row.expected("administrator", "own") == "ok", False]
    schema = shared.document["paths"][f"/{method}"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    for answer in answers:
        _validate(shared, schema, answer, method)


def _validate(api: Api, schema: Any, value: Any, about: str) -> None:
    faults = OAS31Validator({**schema, "components": api.document["components"]}).iter_errors(value)
    assert [f"{about}: {fault.message}" for fault in faults] == []
