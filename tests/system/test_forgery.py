"""Forged tokens at real registries that believe our CA: none grants what we didn't sign."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from sidecar.adapters.signing import load_authority
from sidecar.adapters.system import SystemClock
from sidecar.cli.distribution import Line
from sidecar.config import Config
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.forgery.catalogue import FORGERIES
from tests.forgery.forgeries import Forgery
from tests.forgery.material import Material, material
from tests.parts import Part
from tests.system.stage import installed, running_registry

pytestmark = pytest.mark.system

KNOWN = ("2.8.2", "3.1.1")
"""The versions of which docs/forgeries.md tells what they take. Others may be stricter."""
REFUSED = frozenset((400, 401, 431))


@dataclass(frozen=True, slots=True)
class Door:
    """A registry that believes our CA, what forgers have in hand, and what it answers them."""

    url: str
    line: Line
    version: str
    made_of: Material

    def opens(self, token: str, method: str, path: str) -> bool:
        """Whether the registry goes on to do what was asked, whatever comes of it."""
        status = self._status(token, method, path)
        assert status in REFUSED or 200 <= status < 300 or status == 404, status
        return status not in REFUSED

    def _status(self, token: str, method: str, path: str) -> int:
        request = urllib.request.Request(f"{self.url}{path}", method=method)
        request.add_unredirected_header("Authorization", f"Bearer {token}".encode().decode("latin-1"))
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


@pytest.fixture(scope="module")
def door(registry: Part, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    installation = installed(tmp_path_factory.mktemp("registry"))
    config = Config.load(installation.sidecar_yaml)
    authority = load_authority(config.tokens.ca_certificate.read_bytes(), config.tokens.ca_key.read_bytes())
    now = SystemClock().now() - timedelta(seconds=1)
    with running_registry(installation, registry) as line:
        made_of = material(authority, now, config.tokens.issuer, config.tokens.service)
        yield Door(installation.registry_url, line, registry.version, made_of)


def test_the_token_that_was_given_out_opens_what_it_says(door: Door) -> None:
    """Otherwise all that follows would prove nothing."""
    token = door.made_of.genuine
    opened = [door.opens(token, "GET", f"/v2/acme/{name}/tags/list") for name in ("web", "secret")]
    assert opened == [True, False]


@pytest.mark.parametrize("kind", list(SecretKind))
def test_our_secrets_are_no_registry_tokens(door: Door, kind: SecretKind) -> None:
    """A key or a token of ours goes to the token endpoint; shown to the registry itself it opens nothing."""
    assert not door.opens(make_secret(kind, b"\7" * RANDOM_BYTES), "GET", "/v2/")


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_no_forgery_opens_what_was_not_signed(door: Door, forgery: Forgery) -> None:
    """Neither reading, writing nor deleting, nor the catalogue; and of what was signed no more than that."""
    token = forgery.makes(door.made_of)
    asked = [
        ("GET", "/v2/acme/secret/tags/list"),
        ("POST", "/v2/acme/secret/blobs/uploads/"),
        ("DELETE", "/v2/acme/secret/manifests/latest"),
        ("POST", "/v2/acme/web/blobs/uploads/"),
        ("DELETE", "/v2/acme/web/manifests/latest"),
        ("GET", "/v2/_catalog"),
    ]
    assert [each for each in asked if door.opens(token, *each)] == []


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
def test_a_registry_takes_no_more_forgeries_than_are_known(door: Door, forgery: Forgery) -> None:
    """What docs/forgeries.md tells of the two versions is so; another version may be stricter, and not laxer."""
    taken = door.opens(forgery.makes(door.made_of), "GET", "/v2/acme/web/tags/list")
    known = door.line in forgery.taken_by
    assert taken == known if door.version.startswith(KNOWN) else known or not taken
