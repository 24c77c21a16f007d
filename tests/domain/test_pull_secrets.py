"""Pull secrets: their names, when they end, and the forms that docker and Kubernetes read."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
import yaml

from sidecar.domain.errors import Invalid
from sidecar.domain.names import ProjectId
from sidecar.domain.pull_secrets import (
    Ending,
    Login,
    PullSecretName,
    ServerName,
    check_together,
    docker_config,
    in_base64,
    kubernetes_secret,
    principal_of,
)

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_docker_reads_user_and_password() -> None:
    """One entry for each registry, its `auth` the base64 of `user:password`, whatever the password holds."""
    config = json.loads(docker_config([Login("ghcr.io", "ann", 'p:"ä\n'), Login("127.0.0.1:5000", "x@y", "s")]))
    assert {server: base64.b64decode(entry["auth"]).decode() for server, entry in config["auths"].items()} == {
        "ghcr.io": 'ann:p:"ä\n',
        "127.0.0.1:5000": "x@y:s",
    }


def test_two_logins_for_one_registry_are_refused() -> None:
    """One would be lost in silence."""
    with pytest.raises(Invalid, match="validate") as caught:
        check_together([Login("ghcr.io", "ann", "a"), Login("ghcr.io", "bob", "b")])
    assert "ghcr.io" in caught.value.items[0]


@pytest.mark.parametrize("namespace", [None, "shop"])
def test_kubernetes_reads_the_same_configuration(namespace: str | None) -> None:
    """The manifest is YAML of a Secret that kubelets take for imagePullSecrets."""
    document = yaml.safe_load(kubernetes_secret("cluster", namespace, "{}"))
    named = {"name": "cluster"} if namespace is None else {"name": "cluster", "namespace": namespace}
    assert document == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": named,
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": in_base64("{}")},
    }


@pytest.mark.parametrize("text", ["yes", "null", "a-1", "x" * 63])
def test_a_name_stays_a_text_in_yaml(text: str) -> None:
    """`yes` and `null` are names like others."""
    assert yaml.safe_load(kubernetes_secret(PullSecretName(text), text, "{}"))["metadata"]["name"] == text


@pytest.mark.parametrize("text", ["", "A", "1a", "a-", "a.b", "a_b", "x" * 64, "a\n"])
def test_a_name_that_kubernetes_would_refuse_is_refused(text: str) -> None:
    """It becomes the name of the Secret."""
    with pytest.raises(Invalid):
        PullSecretName(text)


@pytest.mark.parametrize("text", ["docker.io", "index.docker.io", "Docker.io"])
def test_docker_hub_gets_the_name_that_docker_looks_up(text: str) -> None:
    """docker's entry for images without a host is an URL."""
    assert ServerName(text) == "https://index.docker.io/v1/"


@pytest.mark.parametrize("text", ["", "ghcr.io/?x", 'a"b', "a b", "user@host", "ftp://x", "host:123456", "\n"])
def test_what_is_no_registry_is_refused(text: str) -> None:
    """A server's name is a host, with a port and a path or not; never credentials or a query."""
    with pytest.raises(Invalid):
        ServerName(text)


def test_no_service_account_is_called_like_a_pull_secret() -> None:
    """An account's id has no dot, so the two can't be one principal."""
    assert (
        principal_of(PullSecretName("prod"), ProjectId("acme"), "sa.example.com")
        == "prod.pullsecret@acme.sa.example.com"
    )


@pytest.mark.parametrize(
    ("ending", "otherwise", "end"),
    [
        (Ending(), None, None),
        (Ending(), timedelta(days=3), NOW + timedelta(days=3)),
        (Ending(after=timedelta(days=1)), timedelta(days=3), NOW + timedelta(days=1)),
        (Ending(at=NOW + timedelta(1)), None, NOW + timedelta(1)),
    ],
)
def test_an_ending_is_a_time_or_a_while(ending: Ending, otherwise: timedelta | None, end: datetime | None) -> None:
    """What is said counts; without it, what the rule at hand says."""
    assert ending.from_now(NOW, otherwise) == end


@pytest.mark.parametrize("ending", [Ending(at=NOW), Ending(at=NOW + timedelta(1), after=timedelta(1))])
def test_an_ending_is_ahead_and_said_once(ending: Ending) -> None:
    """Two ends, or one that is past, are a mistake."""
    with pytest.raises(Invalid):
        ending.from_now(NOW)


def test_an_ending_after_the_last_year_is_asked_for() -> None:
    """What was made to the end of the year 9999 can't live as long again."""
    with pytest.raises(Invalid) as told:
        Ending().from_now(NOW, datetime.max.replace(tzinfo=UTC) - NOW + timedelta(days=1))
    assert told.value.items[0].startswith("expiresAt: is missing")
