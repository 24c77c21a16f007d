"""`sidecar pull-secret`: what is typed wrong, before anything is sent."""

import pytest

from sidecar.adapters.system import SystemRandomness
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.cli.commands import sidecar
from tests.ports import free_port

TOKEN = make_secret(SecretKind.PERSONAL_TOKEN, SystemRandomness().bytes(RANDOM_BYTES))


@pytest.mark.parametrize("command", ["create", "renew", "get"])
def test_two_forms_at_once_are_refused_before_a_secret_is_made(command: str) -> None:
    """It would be made, shown to nobody, and could not be shown again: nothing is asked of the sidecar."""
    here = {"SIDECAR_URL": f"http://127.0.0.1:{free_port()}", "SIDECAR_TOKEN": TOKEN}
    ended = sidecar("pull-secret", command, "acme", "cluster", "--kubernetes", "--docker-config", **here)
    assert (ended.returncode, "either --kubernetes or --docker-config" in ended.stderr) == (2, True), ended.stderr
