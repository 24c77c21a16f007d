"""The table of methods: who may call what is declared, not coded."""

import pytest

from sidecar.domain.policy import Caller
from sidecar.web.api.bodies import Body, Nothing
from sidecar.web.api.methods import Method, MethodTable
from tests.web.api.calling import Api

OPEN_TO_WHOEVER_IS_AUTHENTICATED = {
    "me.authorized",
    "me.generateToken",
    "me.get",
    "me.listTokens",
    "me.permissions",
    "me.revokeToken",
    "project.create",
    "project.list",
    "role.permissions",
}


async def test_every_other_method_needs_a_permission(api: Api) -> None:
    """A new method that declares no permission fails here until somebody writes down why."""
    paths = api.document["paths"].items()
    without = {path[1:] for path, operation in paths if operation["post"]["x-permission"] is None}
    assert without == OPEN_TO_WHOEVER_IS_AUTHENTICATED


async def test_every_method_is_refused_to_who_is_not_authenticated(api: Api) -> None:
    """S7: no method is open; the open routes are others."""
    assert {(await api.error(method, None))["code"] for method in api.methods()} == {"unauthorized"}


def test_two_methods_never_share_a_name() -> None:
    """A namespace that is added can't take over another one's method, in whatever case."""

    async def answer(_: Caller, __: Body) -> Nothing:
        """Nothing."""
        return Nothing()

    class Space:
        def __init__(self, name: str) -> None:
            self._name = name

        def methods(self) -> list[Method[Body, Nothing]]:
            return [Method(self._name, None, Body, Nothing, answer, {})]

    assert MethodTable([Space("me.get"), Space("me.set")]).find("ME.SET") is not None
    with pytest.raises(ValueError, match="one name"):
        MethodTable([Space("me.get"), Space("me.Get")])
