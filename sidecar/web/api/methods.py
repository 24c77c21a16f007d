"""The table of methods. Each declares what it is called, who may call it, what it takes and what it answers.

A method without a permission is open to whoever is authenticated; the tests hold the list of those by name.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sidecar.domain.errors import Forbidden
from sidecar.domain.names import EVERY_PROJECT
from sidecar.domain.policy import Access, Caller, require, require_somewhere
from sidecar.web.api.bodies import AmongRepositories, Body, InPlace, Prepared, Result, fold

_B = TypeVar("_B", bound=Body)
_R = TypeVar("_R", bound=Result)


@dataclass(frozen=True, slots=True)
class Method(Generic[_B, _R]):
    """`permission` is asked for in the body's project, or on every project where the body names none.

    The handler's docstring is the method's description in the API's reference; `example` is the body shown there.
    `errors` are the codes of what it refuses besides what every method of its kind does.
    """

    name: str
    permission: str | None
    request: type[_B]
    result: type[_R]
    handler: Callable[[Caller, _B], Awaitable[_R | Prepared[_R]]]
    example: Mapping[str, object]
    errors: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        return inspect.getdoc(self.handler) or ""

    def authorise(self, access: Access, body: _B) -> None:
        """Forbidden, or NotFound where the caller has nothing to do with the project (S8, S20)."""
        if self.permission is None:
            return
        if isinstance(body, AmongRepositories):
            require_somewhere(access, self.permission, body.project)
        elif isinstance(body, InPlace):
            require(access, self.permission, body.project)
        elif access.granting(self.permission, EVERY_PROJECT) is None:
            raise Forbidden((self.permission,))


AnyMethod = Method[Any, Any]


class Namespace(Protocol):
    """The methods that share the first part of their names."""

    def methods(self) -> Sequence[AnyMethod]: ...


class MethodTable:
    """All methods, found by name without regard to case."""

    def __init__(self, namespaces: Iterable[Namespace]) -> None:
        methods = [method for namespace in namespaces for method in namespace.methods()]
        self._methods = {fold(method.name): method for method in methods}
        if len(self._methods) != len(methods):
            raise ValueError("two methods have one name")

    def __iter__(self) -> Iterator[AnyMethod]:
        return iter(self._methods.values())

    def find(self, name: str) -> AnyMethod | None:
        return self._methods.get(fold(name))
