"""The namespace `serviceAccount`: machines, their keys, and what a key may be worth."""

from dataclasses import dataclass
from typing import Any

import pytest

from sidecar.domain.secrets import SecretKind, recognise
from sidecar.usecases.manage_service_accounts import MAX_KEYS
from tests.tenants import ACCOUNT_DOMAIN
from tests.web.api.calling import Api, basic

OWNER, ADMIN = "olga@example.com", "adam@example.com"
EMAIL = f"robot@acme.{ACCOUNT_DOMAIN}"
ROBOT = {"project": "acme", "id": "robot"}


@dataclass
class Acme:
    """Project acme with the account `robot`, called by its owner and by its admin."""

    api: Api
    owner: str
    admin: str

    async def keys(self) -> Any:
        return (await self.api.result("serviceAccount.get", self.owner, **ROBOT))["keys"]


@pytest.fixture
async def acme(api: Api) -> Acme:
    await api.tenants.project("acme")
    await api.tenants.bind("acme", OWNER, "owner")
    await api.tenants.bind("acme", ADMIN, "admin")
    await api.tenants.account("acme", "robot")
    return Acme(api, await api.tenants.secret(OWNER), await api.tenants.secret(ADMIN))


async def who(api: Api, user: str, secret: str) -> Any:
    envelope = await (await api.post("me.get", b"", basic(user, secret))).json()
    return envelope["result"]["email"] if envelope["ok"] else envelope["error"]["code"]


async def test_an_account_is_made_shown_changed_and_deleted(acme: Acme) -> None:
    """Its e-mail is made of its sid, its project and the configured domain; it begins with nothing."""
    made = await acme.api.result(
        "serviceAccount.create", acme.admin, project="acme", sid="bot", name="Bot", description="one\nor two lines"
    )
    assert made == {
        "sid": "bot",
        "email": f"bot@acme.{ACCOUNT_DOMAIN}",
        "name": "Bot",
        "description": "one\nor two lines",
        "createdAt": "2026-11-23T12:00:00Z",
        "createdBy": ADMIN,
    }
    bot = {"project": "acme", "id": "bot"}
    assert await acme.api.result("serviceAccount.get", acme.owner, **bot) == made | {"keys": []}
    changed = await acme.api.result("serviceAccount.update", acme.owner, **bot, description="a robot")
    assert changed == made | {"description": "a robot"}
    assert await acme.api.result("serviceAccount.delete", acme.owner, **bot) == {}
    assert (await acme.api.error("serviceAccount.get", acme.owner, **bot))["code"] == "service_account_not_found"


async def test_accounts_are_listed(acme: Acme) -> None:
    """By sid, without their keys, and only those of the project."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.account("beta", "aaa")
    await acme.api.tenants.account("acme", "bot")
    items = (await acme.api.result("serviceAccount.list", acme.admin, project="acme"))["items"]
    assert [item["sid"] for item in items] == ["bot", "robot"]
    assert "keys" not in items[0]
    items = (await acme.api.result("serviceAccount.list", acme.admin, project="acme", filter="r*"))["items"]
    assert [item["sid"] for item in items] == ["robot"]


async def test_a_taken_sid_is_refused(acme: Acme) -> None:
    """The account that has it stays as it is."""
    error = await acme.api.error("serviceAccount.create", acme.owner, project="acme", sid="robot", name="Other")
    assert error == {"code": "already_exists", "message": "api: service account already exists"}


@pytest.mark.parametrize("identifier", ["robot", EMAIL, EMAIL.upper()])
async def test_an_account_is_asked_for_by_sid_or_email(acme: Acme, identifier: str) -> None:
    """Existing clients send either."""
    asked = await acme.api.result("serviceAccount.get", acme.owner, project="acme", id=identifier)
    assert asked["email"] == EMAIL


@pytest.mark.parametrize("identifier", ["a b", "ROBOT", "robot@", "%", "rob_t", "*", "robo"])
async def test_what_is_no_id_is_not_found(acme: Acme, identifier: str) -> None:
    """S14: no character is special, and ids are whole."""
    error = await acme.api.error("serviceAccount.get", acme.owner, project="acme", id=identifier)
    assert error["code"] == "service_account_not_found"


async def test_a_key_is_shown_once_and_works(acme: Acme) -> None:
    """S15: afterwards only its id, a hint and its dates are told; `secret` then is the id."""
    made = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT, description="main branch")
    assert recognise(made["secret"]) is SecretKind.SERVICE_ACCOUNT_KEY
    assert await who(acme.api, EMAIL, made["secret"]) == EMAIL
    assert await acme.keys() == [
        {
            "secret": made["id"],
            "id": made["id"],
            "hint": made["secret"][:8] + "…",
            "description": "main branch",
            "createdAt": "2026-11-23T12:00:00Z",
            "createdBy": OWNER,
        }
    ]


async def test_a_key_tells_when_it_was_used(acme: Acme) -> None:
    """So that a key which nothing uses can be told and deleted."""
    key = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    await who(acme.api, EMAIL, key["secret"])
    await acme.api.sidecar.application.core.used.flush()
    assert (await acme.keys())[0]["lastUsedAt"] == "2026-11-23T12:00:00Z"


async def test_a_key_can_end(acme: Acme) -> None:
    """`expiresAt` is kept to the second, in UTC."""
    made = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT, expiresAt="2026-11-23T14:00:00+01:00")
    assert made["expiresAt"] == "2026-11-23T13:00:00Z"
    acme.api.clock.advance(seconds=3599)
    assert await who(acme.api, EMAIL, made["secret"]) == EMAIL
    acme.api.clock.advance(seconds=1)
    assert await who(acme.api, EMAIL, made["secret"]) == "unauthorized"


async def test_a_zero_expiry_is_none(acme: Acme) -> None:
    """Typed clients send the year 1 where they mean nothing."""
    made = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT, expiresAt="0001-01-01T00:00:00Z")
    assert "expiresAt" not in made


async def test_a_key_does_not_end_before_it_begins(acme: Acme) -> None:
    """Now is too late already."""
    error = await acme.api.error("serviceAccount.createKey", acme.owner, **ROBOT, expiresAt="2026-11-23T12:00:00Z")
    assert error["items"] == ["expiresAt: must lie in the future"]


@pytest.mark.parametrize("by", ["id", "secret"])
async def test_a_key_is_deleted_by_its_id_or_by_itself(acme: Acme, by: str) -> None:
    """S22: it counts no longer on the next request; the other keys stay."""
    kept = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    gone = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    assert await acme.api.result("serviceAccount.deleteKey", acme.admin, **ROBOT, secret=gone[by]) == {}
    assert await who(acme.api, EMAIL, gone["secret"]) == "unauthorized"
    assert await who(acme.api, EMAIL, kept["secret"]) == EMAIL
    error = await acme.api.error("serviceAccount.deleteKey", acme.admin, **ROBOT, secret=gone[by])
    assert error["code"] == "key_not_found"


async def test_a_deleted_key_takes_its_tokens_along(acme: Acme) -> None:
    """S20: what was made with a credential ends with it."""
    await acme.api.tenants.bind("acme", EMAIL, "developer")
    key = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    answer = await acme.api.post("me.generateToken", b'{"project": "acme"}', basic(EMAIL, key["secret"]))
    token = (await answer.json())["result"]["token"]
    await acme.api.result("me.get", token)
    await acme.api.result("serviceAccount.deleteKey", acme.owner, **ROBOT, secret=key["id"])
    assert (await acme.api.error("me.get", token))["code"] == "unauthorized"


async def test_nobody_gets_a_key_beyond_themselves(acme: Acme) -> None:
    """S2: an admin makes keys of accounts that hold no more than an admin."""
    await acme.api.tenants.bind("acme", EMAIL, "owner")
    error = await acme.api.error("serviceAccount.createKey", acme.admin, **ROBOT)
    assert error == {"code": "forbidden", "message": "api: forbidden", "items": ["project.delete"]}
    assert await acme.keys() == []
    await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)


@pytest.mark.parametrize("project", ["beta", "*"])
async def test_what_the_account_holds_elsewhere_counts_too(acme: Acme, project: str) -> None:
    """S2: a key made here mustn't open what another project gave the account."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.bind(project, EMAIL, "developer")
    if project == "beta":
        error = await acme.api.error("serviceAccount.createKey", acme.owner, **ROBOT)
        assert error["items"] == ["registry.get", "registry.list", "registry.pull", "registry.push"]
        await acme.api.tenants.bind("beta", OWNER, "developer")
        await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    else:
        assert (await acme.api.error("serviceAccount.createKey", acme.owner, **ROBOT))["code"] == "forbidden"


async def test_bindings_made_before_an_account_give_its_maker_nothing(acme: Acme) -> None:
    """S2: an e-mail that was bound before its account exists can't be taken over by who makes the account."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.bind("beta", f"later@acme.{ACCOUNT_DOMAIN}", "owner")
    await acme.api.result("serviceAccount.create", acme.owner, project="acme", sid="later")
    error = await acme.api.error("serviceAccount.createKey", acme.owner, project="acme", id="later")
    assert error["code"] == "forbidden"


async def test_an_account_has_so_many_keys(acme: Acme) -> None:
    """S30: the list of an account's keys is bounded, because it isn't paged."""
    for _ in range(MAX_KEYS):
        await acme.api.tenants.key(EMAIL)
    error = await acme.api.error("serviceAccount.createKey", acme.owner, **ROBOT)
    assert error["code"] == "too_many_keys"


async def test_a_deleted_account_is_gone_everywhere(acme: Acme) -> None:
    """Its keys, its tokens and its bindings in every project; who makes it again finds none of them."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.bind("beta", EMAIL, "viewer")
    key = await acme.api.tenants.key(EMAIL)
    await acme.api.result("serviceAccount.delete", acme.owner, **ROBOT)
    assert await who(acme.api, EMAIL, key) == "unauthorized"
    assert (await acme.api.result("role.users", acme.api.root, project="beta"))["items"] == []
    await acme.api.result("serviceAccount.create", acme.owner, project="acme", sid="robot")
    assert await acme.keys() == []


async def test_an_admin_does_not_delete_an_owner(acme: Acme) -> None:
    """Deleting an account takes its roles away, which takes all that they give."""
    await acme.api.tenants.bind("acme", EMAIL, "owner")
    error = await acme.api.error("serviceAccount.delete", acme.admin, **ROBOT)
    assert error["items"] == ["project.delete"]


async def test_the_last_owner_is_not_deleted(acme: Acme) -> None:
    """An account can be a project's only owner; then it stays."""
    await acme.api.tenants.bind("acme", EMAIL, "owner")
    await acme.api.result("role.revoke", acme.owner, project="acme", email=OWNER, role="owner")
    answer = await acme.api.post(
        "serviceAccount.delete", b'{"project": "acme", "id": "robot"}', basic(EMAIL, await acme.api.tenants.key(EMAIL))
    )
    assert (await answer.json())["error"]["code"] == "last_owner"


@pytest.mark.parametrize("method", ["get", "update", "delete", "createKey", "deleteKey"])
@pytest.mark.parametrize(
    "identifier", [f"robot@beta.{ACCOUNT_DOMAIN}", f"nobody@beta.{ACCOUNT_DOMAIN}", "nobody", OWNER]
)
async def test_another_projects_account_is_not_found(acme: Acme, method: str, identifier: str) -> None:
    """S3, S8: whoever owns a project finds no other one's accounts through it, and can't tell them from none."""
    await acme.api.tenants.project("beta")
    await acme.api.tenants.account("beta", "robot")
    asked = {"project": "acme", "id": identifier, **({"secret": "x"} if method == "deleteKey" else {})}
    error = await acme.api.error(f"serviceAccount.{method}", acme.owner, **asked)
    assert error == {"code": "service_account_not_found", "message": "api: service account not found"}


async def test_another_accounts_key_is_not_found(acme: Acme) -> None:
    """S3: a key's id, or the key itself, means nothing beside another account, in this project or elsewhere."""
    await acme.api.tenants.account("acme", "bot")
    await acme.api.tenants.project("beta")
    foreign = await acme.api.tenants.account("beta", "robot")
    secret = await acme.api.tenants.key(foreign)
    key = await acme.api.result("serviceAccount.createKey", acme.owner, **ROBOT)
    for project, account, named in (
        ("acme", "bot", key["id"]),
        ("acme", "bot", key["secret"]),
        ("acme", "robot", secret),
    ):
        error = await acme.api.error("serviceAccount.deleteKey", acme.owner, project=project, id=account, secret=named)
        assert error["code"] == "key_not_found"
    assert await who(acme.api, EMAIL, key["secret"]) == EMAIL
    assert await who(acme.api, foreign, secret) == foreign


async def test_a_personal_token_is_not_deleted_as_a_key(acme: Acme) -> None:
    """S3: only keys of the account are keys of the account."""
    error = await acme.api.error("serviceAccount.deleteKey", acme.owner, **ROBOT, secret=acme.owner)
    assert error["code"] == "key_not_found"
    await acme.api.result("me.get", acme.owner)


@pytest.mark.parametrize(
    ("field", "text"), [("name", "a\nb"), ("name", "x" * 256), ("description", "\x1b[2J"), ("description", "x" * 1001)]
)
async def test_texts_are_bounded_and_printable(acme: Acme, field: str, text: str) -> None:
    """What is shown in terminals and pages is text and nothing else."""
    error = await acme.api.error("serviceAccount.update", acme.owner, **ROBOT, **{field: text})
    assert error["items"][0].startswith(f"{field}: ")
