"""The namespace `pullSecret`: what a cluster pulls with, and logins at other registries that are kept for it."""

import asyncio
import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.bootstrap import application
from sidecar.config import Config
from sidecar.domain.errors import Refused
from sidecar.domain.identity import CredentialKind, Limit
from sidecar.domain.names import ProjectId
from sidecar.domain.secrets import SecretKind, recognise
from tests.tenants import ACCOUNT_DOMAIN
from tests.web.api.calling import Api, basic, callable_api

OWNER = "olga@example.com"
PULLER = f"cluster.pullsecret@acme.{ACCOUNT_DOMAIN}"
CLUSTER = {"project": "acme", "name": "cluster"}
GITHUB = {"project": "acme", "name": "github", "server": "ghcr.io", "username": "ann", "password": "canary:ä\n"}


@dataclass
class Acme:
    """Project acme, called by its owner."""

    api: Api
    owner: str

    async def ok(self, method: str, **body: Any) -> Any:
        return await self.ok_of(f"pullSecret.{method}", **body)

    async def ok_of(self, method: str, **body: Any) -> Any:
        return await self.api.result(method, self.owner, **body)

    async def fails(self, method: str, **body: Any) -> Any:
        return (await self.api.error(f"pullSecret.{method}", self.owner, **body))["code"]

    async def granted(self, secret: str, *scopes: str) -> Any:
        """What a registry token for it allows, by repository; the status where there is none."""
        query = [("service", "registry"), *(("scope", scope) for scope in scopes)]
        sidecar = self.api.sidecar
        answer = await sidecar.http.get(f"{sidecar.url}/token", params=query, headers=basic(PULLER, secret))
        if answer.status != 200:
            return answer.status
        payload = (await answer.json())["token"].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return {entry["name"]: entry["actions"] for entry in claims["access"]}


@pytest.fixture
async def acme(api: Api) -> Acme:
    return await owned(api)


async def owned(api: Api) -> Acme:
    await api.tenants.project("acme")
    await api.tenants.bind("acme", OWNER, "owner")
    return Acme(api, await api.tenants.secret(OWNER))


def logins(result: Any) -> dict[str, str]:
    """`user:password` by registry, as docker reads them."""
    config = json.loads(base64.b64decode(result["dockerConfig"]))
    return {server: base64.b64decode(entry["auth"]).decode() for server, entry in config["auths"].items()}


def secret_in(result: Any) -> str:
    return logins(result)["registry.example.com"].partition(":")[2]


async def test_one_for_this_registry_is_shown_once_in_both_forms(acme: Acme) -> None:
    """docker's configuration and the Secret hold the same login; get knows everything but the secret (S15)."""
    made = await acme.ok("create", **CLUSTER, namespace="shop", ttlSeconds=3600)
    assert logins(made) == {"registry.example.com": f"{PULLER}:{secret_in(made)}"}
    assert recognise(secret_in(made)) is SecretKind.PULL_SECRET
    manifest = yaml.safe_load(made["kubernetes"])
    assert manifest["metadata"] == {"name": "cluster", "namespace": "shop"}
    assert manifest["data"][".dockerconfigjson"] == made["dockerConfig"]
    shown = await acme.ok("get", **CLUSTER)
    assert secret_in(made) not in json.dumps(shown)
    assert "dockerConfig" not in shown
    assert (shown["expiresAt"], shown["valid"], len(shown["secrets"])) == ("2026-11-23T13:00:00Z", True, 1)


async def test_it_pulls_and_does_nothing_else(acme: Acme) -> None:
    """S17: of a request for everything it is granted the pull, in its own project."""
    secret = secret_in(await acme.ok("create", **CLUSTER))
    asked = ("repository:acme/web:pull,push,delete", "repository:beta/web:pull", "registry:catalog:*")
    await acme.api.tenants.project("beta")
    assert await acme.granted(secret, *asked) == {"acme/web": ["pull"]}


async def test_it_opens_nothing_at_the_management_api(acme: Acme) -> None:
    """It is for the token endpoint alone, whatever somebody binds its e-mail to."""
    secret = secret_in(await acme.ok("create", **CLUSTER))
    await acme.api.tenants.bind("acme", PULLER, "owner")
    for headers in (basic(PULLER, secret), {"Authorization": f"Bearer {secret}"}):
        envelope = await (await acme.api.post("me.get", b"", headers)).json()
        assert envelope["error"]["code"] == "unauthorized"
    assert await acme.granted(secret, "repository:acme/web:pull,push") == {"acme/web": ["pull"]}


async def test_it_is_narrowed_to_repositories(acme: Acme) -> None:
    """What doesn't fit is not pulled; a pattern outside the project is refused."""
    secret = secret_in(await acme.ok("create", **CLUSTER, repositories=["acme/web*"]))
    scopes = ("repository:acme/web-1:pull", "repository:acme/api:pull")
    assert await acme.granted(secret, *scopes) == {"acme/web-1": ["pull"]}
    assert await acme.fails("create", project="acme", name="other", repositories=["beta/*"]) == "validate"


async def test_what_it_may_do_is_explained(acme: Acme) -> None:
    """An operator asks by the name that the registry's log shows, and hears why a pull is allowed and a push isn't."""
    await acme.ok("create", **CLUSTER, repositories=["acme/web"])
    asked = {"email": PULLER, "repository": "acme/web", "actions": ["pull", "push"]}
    explained = await acme.api.result("installation.explainAccess", acme.api.root, **asked)
    reasons = {reason["action"]: (reason["allowed"], reason["because"]) for reason in explained["reasons"]}
    assert reasons["pull"] == (True, f"{PULLER} has role pull secret on acme, narrowed to acme/web")
    assert reasons["push"][0] is False


async def test_nobody_makes_one_for_what_they_may_not_pull(acme: Acme) -> None:
    """S2: the maker must hold registry.pull on all that it reaches."""
    await acme.api.tenants.role("acme", "secretary", "pullsecret.*", "project.get")
    await acme.api.tenants.bind("acme", "sam@example.com", "secretary")
    sam = await acme.api.tenants.secret("sam@example.com")
    error = await acme.api.error("pullSecret.create", sam, **CLUSTER)
    assert (error["code"], error["items"]) == ("forbidden", ["registry.pull"])
    await acme.ok("create", **CLUSTER)
    assert (await acme.api.error("pullSecret.renew", sam, **CLUSTER))["code"] == "forbidden"


async def test_it_goes_on_when_its_maker_leaves(acme: Acme) -> None:
    """Decision 26: it belongs to the project, as a service account's key does."""
    secret = secret_in(await acme.ok("create", **CLUSTER))
    await acme.api.tenants.bind("acme", OWNER)
    await acme.api.tenants.revoke(OWNER)
    assert await acme.granted(secret, "repository:acme/web:pull") == {"acme/web": ["pull"]}


async def test_one_made_with_a_scoped_token_ends_with_it(acme: Acme) -> None:
    """S20: no later than the token, and at once when the token is revoked."""
    limit = Limit(ProjectId("acme"), frozenset(("pullsecret.create", "registry.pull")))
    end = acme.api.clock.now().replace(hour=13)
    token = await acme.api.tenants.secret(OWNER, CredentialKind.SCOPED_TOKEN, limit, end, "scoped")
    made = await acme.api.result("pullSecret.create", token, **CLUSTER, ttlSeconds=86400)
    assert made["expiresAt"] == "2026-11-23T13:00:00Z"
    await acme.api.result("me.revokeToken", acme.owner, id="scoped")
    assert await acme.granted(secret_in(made), "repository:acme/web:pull") == 401
    assert (await acme.ok("get", **CLUSTER))["valid"] is False


@pytest.mark.parametrize("lifetime", [{}, {"ttlSeconds": 86400}])
async def test_a_scoped_token_shortens_no_life_unasked(acme: Acme, lifetime: dict[str, int]) -> None:
    """Else a cluster's pulls would end a day after a renewal that looked well; who asks for a short life gets it."""
    old = secret_in(await acme.ok("create", **CLUSTER, **lifetime))
    limit = Limit(ProjectId("acme"), frozenset(("pullsecret.create", "registry.pull")))
    end = acme.api.clock.now().replace(hour=13)
    token = await acme.api.tenants.secret(OWNER, CredentialKind.SCOPED_TOKEN, limit, end, "scoped")
    for longer in ({}, {"ttlSeconds": 7200}):
        error = await acme.api.error("pullSecret.renew", token, **CLUSTER, **longer)
        assert (error["code"], error["items"][0].partition(":")[0]) == ("validate", "expiresAt")
    assert [secret["hint"] for secret in (await acme.ok("get", **CLUSTER))["secrets"]] == [f"{old[:8]}…"]
    renewed = await acme.api.result("pullSecret.renew", token, **CLUSTER, ttlSeconds=1800)
    assert renewed["expiresAt"] == "2026-11-23T12:30:00Z"


async def test_renewing_leaves_the_old_secret_its_time(acme: Acme) -> None:
    """Both pull until the overlap ends, then the new one alone, which lives as long as the old one was to."""
    old = secret_in(await acme.ok("create", **CLUSTER, ttlSeconds=10 * 86400))
    acme.api.clock.advance(days=9)
    renewed = await acme.ok("renew", **CLUSTER, overlapSeconds=3600)
    new = secret_in(renewed)
    assert renewed["expiresAt"] == "2026-12-12T12:00:00Z"
    pulls = {"acme/web": ["pull"]}
    assert [await acme.granted(each, "repository:acme/web:pull") for each in (old, new)] == [pulls, pulls]
    acme.api.clock.advance(seconds=3600)
    assert [await acme.granted(each, "repository:acme/web:pull") for each in (old, new)] == [401, pulls]


async def test_an_overlap_makes_no_secret_live_longer(acme: Acme) -> None:
    """One that ends within the overlap ends when it was to."""
    old = secret_in(await acme.ok("create", **CLUSTER, ttlSeconds=600))
    await acme.ok("renew", **CLUSTER, overlapSeconds=86400)
    acme.api.clock.advance(seconds=600)
    assert await acme.granted(old, "repository:acme/web:pull") == 401


async def test_deleting_takes_every_secret_at_once(acme: Acme) -> None:
    """S22: those from before a renewal too; the name is free again."""
    secrets = [secret_in(await acme.ok("create", **CLUSTER)), secret_in(await acme.ok("renew", **CLUSTER))]
    await acme.ok("delete", **CLUSTER)
    assert [await acme.granted(secret, "repository:acme/web:pull") for secret in secrets] == [401, 401]
    assert await acme.fails("get", **CLUSTER) == "pull_secret_not_found"
    await acme.ok("create", **CLUSTER)


async def test_another_registrys_login_is_kept_and_shown_again(acme: Acme) -> None:
    """Whoever holds pullsecret.get gets the same forms each time."""
    made = await acme.ok("create", **GITHUB)
    shown = await acme.ok("get", project="acme", name="github")
    assert logins(made) == logins(shown) == {"ghcr.io": "ann:canary:ä\n"}
    assert (shown["kept"], shown["server"], shown["secrets"]) == (True, "ghcr.io", [])


async def test_no_kept_password_lies_in_the_database_or_in_a_list(acme: Acme) -> None:
    """S5, S12: it is encrypted at rest, and shown by get alone."""
    await acme.ok("create", **GITHUB)
    assert "canary" not in json.dumps(await acme.ok("list", project="acme"))
    path = acme.api.sidecar.application.core.config.database.path
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    assert len(files) > 1
    assert not any(b"canary" in file.read_bytes() for file in files)


async def test_another_registrys_password_is_renewed(acme: Acme) -> None:
    """The new one is shown from then on; without one there is nothing to renew."""
    await acme.ok("create", **GITHUB, ttlSeconds=3600)
    assert await acme.fails("renew", project="acme", name="github") == "validate"
    renewed = await acme.ok("renew", project="acme", name="github", password="new")
    assert logins(renewed) == logins(await acme.ok("get", project="acme", name="github")) == {"ghcr.io": "ann:new"}


async def test_several_registries_fit_into_one_configuration(acme: Acme) -> None:
    """`include` adds kept logins, so that a host needs one config.json."""
    await acme.ok("create", **GITHUB)
    made = await acme.ok("create", **CLUSTER, include=["github"])
    assert logins(made) == {"registry.example.com": f"{PULLER}:{secret_in(made)}", "ghcr.io": "ann:canary:ä\n"}
    assert logins(await acme.ok("get", **CLUSTER, include=["github"])) == {"ghcr.io": "ann:canary:ä\n"}
    assert await acme.fails("get", project="acme", name="github", include=["cluster"]) == "validate"
    assert await acme.fails("get", project="acme", name="github", include=["github"]) == "validate"
    assert await acme.fails("get", **CLUSTER, include=["nothing"]) == "pull_secret_not_found"


async def test_what_does_not_go_together_makes_nothing(acme: Acme) -> None:
    """Two logins for one registry are refused before anything is made: a secret nobody saw would be there for ever."""
    await acme.ok("create", **GITHUB)
    await acme.ok("create", **GITHUB | {"name": "again"})
    assert await acme.fails("create", **CLUSTER, include=["github", "again"]) == "validate"
    assert await acme.fails("get", **CLUSTER) == "pull_secret_not_found"


async def test_who_may_not_get_may_not_include(acme: Acme) -> None:
    """pullsecret.create alone reads no kept password, nor does a scoped token."""
    await acme.ok("create", **GITHUB)
    limit = Limit(ProjectId("acme"), frozenset(("pullsecret.create", "registry.pull")))
    token = await acme.api.tenants.secret(OWNER, CredentialKind.SCOPED_TOKEN, limit)
    error = await acme.api.error("pullSecret.create", token, **CLUSTER, include=["github"])
    assert (error["code"], error["items"]) == ("forbidden", ["pullsecret.get"])


async def read_out(acme: Acme) -> list[tuple[str, str]]:
    """Who was given which password, by the audit log, the first first."""
    listed = await acme.ok_of("auditLog.list", project="acme", resourceType="pullSecret")
    told = [(item["actor"], item["resource"]) for item in listed["items"] if item["action"] == "pullSecret.get"]
    return told[::-1]


async def test_whoever_is_given_a_kept_password_is_told_of(acme: Acme) -> None:
    """Decision 32: once for each time and each password, whatever method gave it; never for what isn't kept."""
    await acme.ok("create", **GITHUB)
    await acme.ok("create", **CLUSTER)
    await acme.ok("list", project="acme")
    await acme.ok("get", **CLUSTER)
    assert await read_out(acme) == []
    await acme.ok("get", project="acme", name="github")
    await acme.ok("get", project="acme", name="github")
    await acme.ok("renew", **CLUSTER, include=["github"])
    await acme.ok("create", project="acme", name="other", include=["github"])
    await acme.ok("get", **CLUSTER, include=["github"])
    assert await read_out(acme) == [(OWNER, "github")] * 5


async def test_a_password_that_was_not_given_is_not_told_of(acme: Acme) -> None:
    """A call that is refused gave nobody anything."""
    await acme.ok("create", **GITHUB)
    await acme.ok("create", **{**GITHUB, "name": "again"})
    assert await acme.fails("get", project="acme", name="github", include=["again"]) == "validate"
    assert await acme.fails("create", **CLUSTER, include=["github", "again"]) == "validate"
    assert await read_out(acme) == []


async def test_those_that_end_soon_are_listed(acme: Acme) -> None:
    """With `expiringWithin`: what ends by then or has ended, not what lives on or never ends."""
    for name, lifetime in (("soon", 3600), ("ended", 60), ("later", 86400), ("never", 0)):
        await acme.ok("create", project="acme", name=name, ttlSeconds=lifetime)
    acme.api.clock.advance(seconds=120)
    soon = (await acme.ok("list", project="acme", expiringWithin=7200, sort="expiresAt"))["items"]
    assert [(item["name"], item["valid"]) for item in soon] == [("ended", False), ("soon", True)]
    everything = (await acme.ok("list", project="acme", sort="expiresAt"))["items"]
    assert [item["name"] for item in everything] == ["ended", "soon", "later", "never"]


@pytest.mark.parametrize(
    "body",
    [
        {"server": "ghcr.io"},
        {"server": "ghcr.io", "username": "ann"},
        {"username": "ann", "password": "x"},
        {"server": "registry.example.com", "username": "ann", "password": "x"},
        {"server": "http://Registry.example.com/v2/", "username": "ann", "password": "x"},
        {"server": "ghcr.io", "username": "a:b", "password": "x"},
        {"server": "ghcr.io", "username": "ann", "password": "x", "repositories": ["acme/web"]},
        {"ttlSeconds": 60, "expiresAt": "2027-01-01T00:00:00Z"},
        {"expiresAt": "2026-01-01T00:00:00Z"},
        {"namespace": "a\nb"},
    ],
)
async def test_what_makes_no_sense_is_refused(acme: Acme, body: dict[str, Any]) -> None:
    """Nothing is made of half a login, of two ends, or of a login at this very registry."""
    assert await acme.fails("create", **CLUSTER, **body) == "validate"
    assert (await acme.ok("list", project="acme"))["items"] == []


async def test_a_new_key_takes_over_at_the_next_start(tmp_path: Path) -> None:
    """With the new key before the old one everything is sealed anew, and then the old one can go."""
    keys = tmp_path / "sidecar/secrets/pull-secrets"
    async with callable_api(tmp_path) as api:
        acme = await owned(api)
        await acme.ok("create", **GITHUB)
        settings = api.sidecar.application.core.config
    old = keys.read_text()
    keys.write_text("ab" * 32 + "\n" + old)
    await _start_and_settle(settings)
    keys.write_text("ab" * 32 + "\n")
    assert await _opened(settings) == "canary:ä\n"
    keys.write_text(old)
    assert await _opened(settings) is None


async def _start_and_settle(settings: Config) -> None:
    async with application(settings) as running:
        sealing, store = running.core.sealing, running.core.store
        for _ in range(200):
            async with store.reading() as tables:
                sealed = [secret.sealed or b"" for secret in await tables.pull_secrets.sealed()]
            if all(map(sealing.is_current, sealed)):
                return
            await asyncio.sleep(0.05)
    raise AssertionError("nothing was sealed anew")


async def _opened(settings: Config) -> str | None:
    """The password, or None where no key opens it."""
    async with application(settings, working=False) as running, running.core.store.reading() as tables:
        (secret,) = await tables.pull_secrets.sealed()
    try:
        return running.core.sealing.open(secret.sealed or b"", secret.sealed_about())
    except Refused:
        return None


async def test_without_a_key_the_answer_says_what_to_do(tmp_path: Path) -> None:
    """An installation from before has no key: this registry's pull secrets work, others' say `sidecar init`."""
    async with callable_api(tmp_path, pull_secrets={"key_file": "secrets/nothing"}) as api:
        acme = await owned(api)
        await acme.ok("create", **CLUSTER)
        error = await api.error("pullSecret.create", acme.owner, **GITHUB)
    assert (error["code"], "sidecar init" in error["items"][0]) == ("pull_secret_locked", True)
