"""What may be configured under `sign_in`, and what is refused because somebody could be more than they are."""

from pathlib import Path
from typing import Any

import pytest

from sidecar.config import Config, ConfigError

PROVIDER = {"issuer": "https://sso.example/realms/Staff", "audiences": ["registry"], "email_domains": ["x.example"]}
SERVER = {
    "url": "https://sso.example/introspect",
    "client_id": "sidecar",
    "client_secret_file": "secret",
    "audiences": ["registry"],
    "email_domains": ["x.example"],
}


def load(**sign_in: Any) -> Config:
    registry = {"url": "http://registry:5000", "host": "registry.example"}
    document = {"public_url": "https://auth.example", "registry": registry, "sign_in": sign_in}
    return Config.of(Path("/etc/sidecar.yaml"), document)


def faults_of(**sign_in: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        load(**sign_in)
    return "\n".join(caught.value.faults)


def test_nothing_is_configured_by_itself() -> None:
    """Without a word nobody else vouches for anybody."""
    config = load().sign_in
    assert (config.oidc, config.htpasswd, config.introspection) == ((), None, None)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://sso.example/realms/Staff",
        "https://sso.example/",
        "https://sso.example:8443",
        "http://127.0.0.1:5556/dex",
        "http://localhost:5556/dex",
        "http://[::1]:5556/dex",
    ],
)
def test_an_issuer_is_kept_letter_by_letter(issuer: str) -> None:
    """Tokens hold it so; without TLS it is on this machine only."""
    assert load(oidc=[PROVIDER | {"issuer": issuer}]).sign_in.oidc[0].issuer == issuer


@pytest.mark.parametrize(
    "url",
    [
        "http://sso.example/",
        "http://10.0.0.1/",
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "https://user:pass@sso.example/",
        "https://sso.example/?x=1",
        "https://sso.example/#x",
        "https://sso.example:0/",
        "https://",
        "ftp://sso.example/",
        "sso.example",
        "https://sso.example/ x",
    ],
)
def test_a_url_that_secrets_would_not_be_safe_at_is_refused(url: str) -> None:
    """S6: of the issuer, of its keys, and of the introspection endpoint."""
    assert "sign_in.oidc.0.issuer" in faults_of(oidc=[PROVIDER | {"issuer": url}])
    assert "sign_in.oidc.0.jwks_url" in faults_of(oidc=[PROVIDER | {"jwks_url": url}])
    assert "sign_in.introspection.url" in faults_of(introspection=SERVER | {"url": url})


@pytest.mark.parametrize("name", ["issuer", "audiences", "email_domains"])
def test_what_a_provider_may_say_must_be_said(name: str) -> None:
    """No default lets everybody's tokens in, or everybody's people."""
    without = {key: value for key, value in PROVIDER.items() if key != name}
    assert f"sign_in.oidc.0.{name}: is missing" in faults_of(oidc=[without])
    if name != "issuer":
        assert f"sign_in.oidc.0.{name}" in faults_of(oidc=[PROVIDER | {name: []}])


@pytest.mark.parametrize("algorithm", ["HS256", "none", "rs256", "ES256K", ""])
def test_only_asymmetric_algorithms_can_be_configured(algorithm: str) -> None:
    """S32: no HMAC key exists anywhere."""
    assert "algorithms" in faults_of(oidc=[PROVIDER | {"algorithms": [algorithm]}])


@pytest.mark.parametrize("domain", ["X.example", "@x.example", "*.x.example", "x.example.", "", "x y"])
def test_a_domain_is_a_domain(domain: str) -> None:
    """In lower case, whole; `*` alone is everybody."""
    assert "email_domains" in faults_of(oidc=[PROVIDER | {"email_domains": [domain]}])


def test_an_unverified_claim_needs_a_voucher() -> None:
    """`email_verified` says nothing of a claim that isn't `email`."""
    assert "emails_are_verified" in faults_of(oidc=[PROVIDER | {"email_claim": "upn"}])
    assert "emails_are_verified" in faults_of(introspection=SERVER | {"email_claim": "ext.mail"})
    load(oidc=[PROVIDER | {"email_claim": "upn", "emails_are_verified": True}])
    load(introspection=SERVER | {"email_claim": "ext.email"})


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("a:", "b:", True), ("", "b:", False), ("a:", "", False), ("a", "ab", False), ("a:", "a:", False)],
)
def test_groups_of_two_providers_are_told_apart(one: str, other: str, apart: bool) -> None:
    """Or one provider could put its people into the other's groups."""
    pair = [
        PROVIDER | {"issuer": f"https://{number}.example", "groups_claim": "groups", "groups_prefix": prefix}
        for number, prefix in enumerate((one, other))
    ]
    if apart:
        load(oidc=pair)
    else:
        assert "groups_prefix" in faults_of(oidc=pair)


def test_an_issuer_stands_there_once() -> None:
    """Which of two entries counts would be anybody's guess."""
    assert "twice" in faults_of(oidc=[PROVIDER, PROVIDER])


@pytest.mark.parametrize("missing", [("audiences",), ("email_domains",)])
def test_introspection_must_say_whose_tokens_and_which_people(missing: tuple[str, ...]) -> None:
    """The tokens of all other services are active, too."""
    assert missing[0] in faults_of(introspection={key: value for key, value in SERVER.items() if key not in missing})


def test_principals_are_emails() -> None:
    """`sidecar`, `allUsers` and the like are nobody's (decision 10)."""
    for name in ("sidecar", "allUsers", "group:ops", ""):
        assert "principals" in faults_of(htpasswd={"file": "f", "principals": {"x": name}})
