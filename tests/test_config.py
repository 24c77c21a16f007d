"""The configuration file: what it takes, and how it tells what it doesn't."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.config import Config, ConfigError, SecretFileError, parse_yaml, read_secret

FILE = Path("/etc/sidecar/sidecar.yaml")
SMALLEST = "public_url: https://registry.example\nregistry: {url: 'http://registry:5000', host: registry.example}\n"


def faults_of(text: str) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        Config.parse(FILE, text)
    return refused.value.faults


def test_two_settings_are_enough() -> None:
    """Everything but the two addresses has a default."""
    config = Config.parse(FILE, SMALLEST)
    assert config.realm == "https://registry.example/token"
    assert config.service_account_domain == "serviceaccount.registry.example"


@pytest.mark.parametrize(
    "text", [SMALLEST, SMALLEST + "tokens: {issuer: x}\n", SMALLEST + "tokens: {ca_key: keys/ca.key}\n"]
)
def test_paths_count_from_the_folder_of_the_file(text: str) -> None:
    """A relative path, written or by default, never depends on where the process was started."""
    assert Config.parse(FILE, text).tokens.ca_key == Path("/etc/sidecar/keys/ca.key")


def test_an_absolute_path_stays() -> None:
    """A path that begins with / is taken as it is."""
    config = Config.parse(FILE, SMALLEST + "database: {path: /var/lib/sidecar.db}\n")
    assert config.database.path == Path("/var/lib/sidecar.db")


def test_every_fault_is_told_at_once() -> None:
    """One run of `check` is enough to see all that is wrong, each with its path."""
    faults = faults_of("publik_url: x\nlisten: nowhere\nregistry: {url: ftp://r}\ntokens: {lifetime_seconds: 5}\n")
    assert sorted(fault.split(":")[0] for fault in faults) == [
        "listen",
        "public_url",
        "publik_url",
        "registry.host",
        "registry.url",
        "tokens.lifetime_seconds",
    ]


def test_a_fault_says_what_the_setting_is_for() -> None:
    """The line of a fault carries the setting's own description."""
    assert faults_of(SMALLEST + "listen: nowhere\n") == [
        "listen: must be HOST:PORT, such as 127.0.0.1:5051 (Where the sidecar listens)"
    ]


@pytest.mark.parametrize("text", ["lisen: 127.0.0.1:1\n", "tokens: {isuer: x}\n", "api: {'': x}\n"])
def test_unknown_settings_are_refused(text: str) -> None:
    """A typo is a fault, not a setting that is silently not in force."""
    assert "unknown setting" in faults_of(SMALLEST + text)[0]


@pytest.mark.parametrize(
    "text", ["listen: a:1\nlisten: b:2\n", "tokens: {issuer: a, issuer: b}\n", 'listen: a:1\n"listen": b:2\n']
)
def test_a_key_that_stands_twice_is_refused(text: str) -> None:
    """Of two values one would be lost in silence."""
    assert "stands twice" in faults_of(SMALLEST + text)[0]


def test_aliases_are_refused() -> None:
    """S39: a few lines of aliases can stand for gigabytes."""
    assert "aliases are refused" in faults_of("a: &a [x]\nb: [*a, *a]\n")[0]


@pytest.mark.parametrize("text", ["a: !!python/object:os.system x", "a: !!binary eA==", "a: !x y", "!!set {a}"])
def test_tags_are_refused(text: str) -> None:
    """S39: a file holds plain values and makes no objects."""
    assert "tags are refused" in faults_of(text)[0]


def test_a_date_stays_text() -> None:
    """What looks like a date isn't turned into something that JSON couldn't say."""
    assert parse_yaml(FILE, "name: 2026-11-23") == {"name": "2026-11-23"}


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n", "null"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    """An empty file, a text or a list is a fault with a hint, not a crash."""
    assert "must be a mapping" in faults_of(text)[0]


@pytest.mark.parametrize(
    "url",
    [
        "registry.example",
        "ftp://registry.example",
        "https://",
        "https://registry.example?",
        "https://registry.example#",
        "https://registry.example/?a=b",
        "https://user:pass@registry.example",
        "https://registry.example/Upper",
        "https://registry.example:99999",
        "https://registry.example:0",
        "https://registry.example:x",
        "https://registry.example/\\n",
        "https://registry .example",
        'https://registry.example/\\"',
        "https://registry.example/\\\\",
        "http://[::1",
        "",
    ],
)
def test_a_bad_public_url_is_refused(url: str) -> None:
    """TS-2: the realm is absolute, without a query, in lower case, and safe between the quotes of a header."""
    faults = faults_of(f'public_url: "{url}"\nregistry: {{url: "http://r:5000", host: r}}\n')
    assert [fault.split(":")[0] for fault in faults] == ["public_url"]


@pytest.mark.parametrize("url", ["https://r.example", "http://127.0.0.1:5051", "http://[::1]:80/base", "https://r/"])
def test_a_good_public_url_becomes_the_realm(url: str) -> None:
    """A port, an IPv6 address, a base path and a slash at the end are all fine."""
    config = Config.parse(FILE, f"public_url: '{url}'\nregistry: {{url: 'http://r:5000', host: r}}\n")
    assert config.realm == url.rstrip("/") + "/token"


@pytest.mark.parametrize("listen", ["5051", ":5051", "host:", "host:65536", "host:-1", "host:٣", "host:99999999999"])
def test_a_bad_listen_address_is_refused(listen: str) -> None:
    """A listen address is HOST:PORT with a port that exists."""
    assert faults_of(SMALLEST + f"listen: '{listen}'\n")[0].startswith("listen: must be HOST:PORT")


@pytest.mark.parametrize("host", ["https://r", "r/path", "r:x", "r r", ""])
def test_a_bad_registry_host_is_refused(host: str) -> None:
    """`registry.host` is what stands after `docker login`: no scheme, no path."""
    faults = faults_of(f"public_url: https://s\nregistry: {{url: 'http://r', host: '{host}'}}\n")
    assert [fault.split(":")[0] for fault in faults] == ["registry.host"]


def test_a_bad_trusted_proxy_is_named_by_its_place() -> None:
    """The second of a list is told as the second."""
    faults = faults_of(SMALLEST + "trusted_proxies: [10.0.0.0/8, everywhere]\n")
    assert [fault.split(":")[0] for fault in faults] == ["trusted_proxies.1"]


def test_a_missing_file_names_the_command_that_writes_one(tmp_path: Path) -> None:
    """Who starts without a configuration is told how to get one."""
    with pytest.raises(ConfigError, match="sidecar init"):
        Config.load(tmp_path / "sidecar.yaml")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Bytes that aren't UTF-8 are a fault of the file."""
    (tmp_path / "sidecar.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="can't be read"):
        Config.load(tmp_path / "sidecar.yaml")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    """A folder given as the file is a fault, not a crash."""
    with pytest.raises(ConfigError, match="can't be read"):
        Config.load(tmp_path)


YAML_LIKE = st.text(
    alphabet=st.sampled_from(" \n\t:-[]{}!&*#?|>'\"%@`,.0123456789abcdefxno_~=<\\\0é\ud800"), max_size=60
)


@settings(max_examples=2000, deadline=None)
@given(YAML_LIKE | st.text(max_size=60))
@example("a: " + "[" * 5000)
@example("a: " + "9" * 6000)
@example("a: 0b_")
@example("a: 2026-99-99")
@example("? [a]\n: b")
@example('a: "\\ud800"')
@example("<<: {a: 1}")
@example("=: 1")
@example("1: 2\ntrue: 3\nnull: 4")
def test_garbage_is_a_configuration_error(text: str) -> None:
    """Whatever the file holds, the answer is a list of faults and never a traceback."""
    with pytest.raises(ConfigError):
        Config.parse(FILE, text)


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(sorted(Config.model_fields)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=5,
    ),
)
def test_any_value_is_taken_or_told(setting: str, value: object) -> None:
    """No value of any type at any setting gets past the models as anything but a fault."""
    document = parse_yaml(FILE, SMALLEST) | {setting: value}
    try:
        Config.of(FILE, document)
    except ConfigError as error:
        assert all(fault.startswith(setting) for fault in error.faults)  # noqa: PT017 - being taken is fine too


@pytest.mark.parametrize("name", ["lifetime_seconds", "push_lifetime_seconds"])
def test_a_key_must_outlive_the_tokens_that_it_signs(name: str) -> None:
    """Or the registry would refuse tokens in mid-life, when a key ends; the bound itself is within."""
    text = SMALLEST + f"tokens: {{leaf_lifetime_hours: 6, {name}: %d}}\n"
    Config.parse(FILE, text % 7200)
    (fault,) = faults_of(text % 7201)
    assert "leaf_lifetime_hours must be at least three times as long" in fault


def test_a_secret_is_read_without_the_white_space_around_it(tmp_path: Path) -> None:
    """Editors end files with a newline, which isn't part of the secret."""
    file = tmp_path / "secret"
    file.write_text(" hush \n")
    file.chmod(0o600)
    assert read_secret(file) == "hush"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777])
def test_a_secret_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """Decision 9: no right of anyone but the owner, unless the configuration takes it; the secret isn't told."""
    file = tmp_path / "secret"
    file.write_text("hush")
    file.chmod(mode)
    with pytest.raises(SecretFileError, match="chmod 600") as refused:
        read_secret(file)
    assert "hush" not in str(refused.value)


def test_a_readable_secret_is_taken_where_configured(tmp_path: Path) -> None:
    """Kubernetes mounts secrets readable; `secrets.allow_readable` takes them."""
    file = tmp_path / "secret"
    file.write_text("hush")
    file.chmod(0o644)
    assert read_secret(file, allow_readable=True) == "hush"


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff\xfe"])
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    """S11, S23: an empty file is no secret, and neither is one that isn't text."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(SecretFileError, match="secret"):
        read_secret(file)


def test_a_missing_secret_is_refused(tmp_path: Path) -> None:
    """A secret file that isn't there is a fault that names it."""
    with pytest.raises(SecretFileError, match="can't be read"):
        read_secret(tmp_path / "secret")
