"""`sidecar init`: what it writes, with which modes, and that it never overwrites."""

import stat
from pathlib import Path
from typing import Literal

import pytest
import yaml
from typer.testing import CliRunner

from sidecar.adapters.signing import load_authority
from sidecar.cli.init import initialise, write_once
from sidecar.cli.main import app
from sidecar.cli.rendering import Installation
from sidecar.config import Config, ConfigError, read_secret
from sidecar.domain.secrets import SecretKind, recognise

PLACEHOLDER = "the secret in /etc/registry-sidecar/secrets/events"
EXAMPLES = Path(__file__).parents[2] / "config"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(
        folder=tmp_path / "a folder: with # signs",
        registry_url="http://127.0.0.1:5000",
        registry_host="registry.example.com",
        public_url="https://auth.example.com",
        listen="127.0.0.1:5051",
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_configuration_it_writes_is_the_one_asked_for(installation: Installation) -> None:
    """The sidecar reads back what was typed, whatever characters the folder's name has."""
    initialise(installation)
    config = Config.load(installation.sidecar_yaml)
    assert config.registry.url == installation.registry_url
    assert config.registry.host == installation.registry_host
    assert config.realm == "https://auth.example.com/token"
    assert config.tokens.ca_key == installation.ca_key
    assert config.administrator.token_file == installation.admin_token


@pytest.mark.parametrize("line", ["2", "3"])
def test_registry_and_sidecar_are_told_the_same(installation: Installation, line: str) -> None:
    """Realm, service, issuer and the CA's path agree: each of them wrong alone would refuse every token."""
    initialise(installation)
    config = Config.load(installation.sidecar_yaml)
    token = yaml.safe_load((installation.folder / f"registry-{line}.yml").read_text())["auth"]["token"]
    assert token["realm"] == config.realm
    assert token["service"] == config.tokens.service
    assert token["issuer"] == config.tokens.issuer
    assert token["rootcertbundle"] == str(config.tokens.ca_certificate)


def test_only_3_is_given_its_own_settings(installation: Installation) -> None:
    """3.x would take far too many algorithms by default; 2.8 knows none of these settings."""
    initialise(installation)
    documents = [yaml.safe_load(installation.registry_yaml(line).read_text()) for line in ("2", "3")]
    assert [document["auth"]["token"].get("signingalgorithms") for document in documents] == [None, ["ES256"]]


@pytest.mark.parametrize(
    ("url", "addr"),
    [
        ("http://127.0.0.1:5000", "127.0.0.1:5000"),
        ("http://localhost:5000", "127.0.0.1:5000"),
        ("http://registry:5000", ":5000"),
        ("http://registry", ":80"),
        ("https://registry.example.com", ":443"),
    ],
)
def test_a_registry_on_this_machine_listens_here_alone(installation: Installation, url: str, addr: str) -> None:
    """A registry that the sidecar reaches over loopback is not opened to the network."""
    other = Installation(installation.folder, url, "registry.example.com", "https://auth.example.com", "127.0.0.1:5051")
    assert yaml.safe_load(other.registry_text("2", "s"))["http"]["addr"] == addr


def test_secrets_are_their_owners_alone(installation: Installation) -> None:
    """Keys, tokens and whatever holds a secret are 0600; the certificate is for the registry to read."""
    initialise(installation)
    secret = (
        installation.ca_key,
        installation.admin_token,
        installation.event_secrets,
        installation.registry_yaml("2"),
    )
    assert {mode(path) for path in secret} == {0o600}
    assert mode(installation.ca_certificate) == 0o644


@pytest.mark.parametrize("line", ["2", "3"])
def test_the_registry_sends_events_with_a_rightful_secret(installation: Installation, line: Literal["2", "3"]) -> None:
    """Both queues of the registry carry the secret that the sidecar's file holds."""
    initialise(installation)
    endpoints = yaml.safe_load(installation.registry_yaml(line).read_text())["notifications"]["endpoints"]
    secret = installation.event_secrets.read_text().strip()
    assert [endpoint["headers"]["Authorization"] for endpoint in endpoints] == [[f"Bearer {secret}"]] * 2


def test_keys_and_token_are_good(installation: Installation) -> None:
    """The CA vouches with its own key, and the administrator's token is one that can be recognised."""
    initialise(installation)
    load_authority(installation.ca_certificate.read_bytes(), installation.ca_key.read_bytes())
    assert recognise(read_secret(installation.admin_token)) is SecretKind.PERSONAL_TOKEN


def test_two_installations_share_no_secret(installation: Installation, tmp_path: Path) -> None:
    """S11: nothing secret ships; each installation makes its own."""
    other = Installation(tmp_path / "other", *("http://127.0.0.1:5000", "r.example", "https://a.example", "[::]:1"))
    initialise(installation)
    initialise(other)
    for name in ("admin_token", "ca_key", "event_secrets", "pull_secret_keys"):
        assert getattr(installation, name).read_text() != getattr(other, name).read_text(), name


def test_nothing_is_overwritten(installation: Installation) -> None:
    """A second run keeps each file, byte for byte, and says that it did."""
    initialise(installation)
    installation.sidecar_yaml.write_text("edited: by hand\n")
    before = {path: path.read_bytes() for path in installation.folder.rglob("*") if path.is_file()}
    outcomes = set(initialise(installation).values())
    assert {path: path.read_bytes() for path in before} == before
    assert outcomes == {"kept", "kept, though these options would write another"}


def test_what_is_missing_is_added(installation: Installation) -> None:
    """On an existing folder only the missing file is written, and nothing else is left behind."""
    initialise(installation)
    files = set(installation.folder.rglob("*"))
    installation.registry_yaml("3").unlink()
    written = [path for path, outcome in initialise(installation).items() if outcome == "written"]
    assert written == [installation.registry_yaml("3")]
    assert set(installation.folder.rglob("*")) == files


@pytest.mark.parametrize("lost", ["ca_key", "ca_certificate"])
def test_half_a_ca_is_not_completed(installation: Installation, lost: str) -> None:
    """A new key beside an old certificate would lock everybody out: it says what is missing, and exits with 1."""
    initialise(installation)
    getattr(installation, lost).unlink()
    arguments = ["--registry-url", "http://r", "--registry-host", "r", "--public-url", "http://a"]
    result = CliRunner().invoke(app, ["init", str(installation.folder), *arguments])
    assert str(getattr(installation, lost)) in str(result.exception)


def test_a_bad_address_writes_nothing(tmp_path: Path) -> None:
    """Every wrong option is named at once, and no file appears."""
    wrong = Installation(tmp_path / "new", "registry:5000", "registry example", "auth.example.com", "5051")
    with pytest.raises(ConfigError) as raised:
        initialise(wrong)
    named = [fault.split(":")[0] for fault in raised.value.faults]
    assert (named, (tmp_path / "new").exists()) == (["public_url", "listen", "registry.url", "registry.host"], False)


def test_a_file_is_never_seen_half_written(tmp_path: Path) -> None:
    """A file that another run is writing stays what it was: the first one wins, whole."""
    path = tmp_path / "file"
    write_once(path, "first", 0o600)
    write_once(path, "second", 0o600)
    assert path.read_text() == "first"


@pytest.mark.parametrize("name", ["sidecar.example.yaml", "registry-2.yml", "registry-3.yml"])
def test_the_examples_are_what_it_writes(name: str) -> None:
    """config/ holds what `init /etc/registry-sidecar` writes for registry.example.com, so it can't grow stale."""
    example = Installation(
        folder=Path("/etc/registry-sidecar"),
        registry_url="http://127.0.0.1:5000",
        registry_host="registry.example.com",
        public_url="https://auth.example.com",
        listen="127.0.0.1:5051",
    )
    texts = {
        "sidecar.example.yaml": example.sidecar_text(),
        "registry-2.yml": example.registry_text("2", PLACEHOLDER),
        "registry-3.yml": example.registry_text("3", PLACEHOLDER),
    }
    assert (EXAMPLES / name).read_text() == texts[name]
