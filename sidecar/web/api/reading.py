"""A request's bytes → the body of its method. What was read before in the same bytes is not read again.

Those who look into repositories ask the same thing again and again, and to read a question costs more than to answer
many a one. Kept are only bodies that name repositories: they hold no secret, and don't depend on when they are read.
"""

from functools import lru_cache
from typing import Final, TypeVar

from sidecar.web.api.bodies import AmongRepositories, Body, read_body_as
from sidecar.web.api.json_object import read_object

KEPT: Final = 512
LONGEST: Final = 1024
"""Bytes of a body that is kept."""

_B = TypeVar("_B", bound=Body)


def read_request(model: type[_B], body: bytes) -> _B:
    """The request in these bytes. Raises NotJson, and Invalid with every fault."""
    if len(body) > LONGEST or not issubclass(model, AmongRepositories):
        return _read(model, body)
    read: _B = _kept(model, body)
    return read


def _read(model: type[_B], body: bytes) -> _B:
    return read_body_as(model, read_object(body))


_kept = lru_cache(maxsize=KEPT)(_read)
