"""What was read before in the same bytes is not read again, where that is safe."""

from collections.abc import Iterator

import pytest

from sidecar.domain.errors import Invalid
from sidecar.web.api import reading
from sidecar.web.api.json_object import NotJson
from sidecar.web.api.pull_secret import CreatePullSecret
from sidecar.web.api.reading import LONGEST, read_request
from sidecar.web.api.registry import ListTags, NamedRepository

WEB = b'{"project": "acme", "repository": "web"}'


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    reading._kept.cache_clear()
    yield
    reading._kept.cache_clear()


def kept() -> int:
    return reading._kept.cache_info().currsize


def test_the_same_bytes_are_the_same_question() -> None:
    """Of one method: what another one takes is read by its own rules."""
    assert read_request(NamedRepository, WEB) is read_request(NamedRepository, bytes(bytearray(WEB)))
    assert isinstance(read_request(ListTags, WEB), ListTags)
    assert read_request(NamedRepository, WEB.replace(b"web", b"app")).repository == "app"


def test_a_fault_is_told_each_time() -> None:
    """What is refused is not kept, nor taken the second time."""
    for _ in range(2):
        with pytest.raises(Invalid):
            read_request(NamedRepository, b'{"project": "acme"}')
        with pytest.raises(NotJson):
            read_request(NamedRepository, b"[]")
    assert kept() == 0


def test_no_secret_stays_in_memory() -> None:
    """S12: a body that may hold one is read each time and forgotten."""
    body = b'{"project": "acme", "name": "x", "server": "ghcr.io", "username": "ann", "password": "hunter22"}'
    assert read_request(CreatePullSecret, body) is not read_request(CreatePullSecret, body)
    assert kept() == 0


def test_what_is_kept_is_bounded() -> None:
    """S30: in number and in length."""
    read_request(NamedRepository, WEB + b" " * LONGEST)
    assert kept() == 0
    for number in range(reading.KEPT + 10):
        read_request(NamedRepository, WEB.replace(b"web", f"web{number}".encode()))
    assert kept() == reading.KEPT
