"""Every list of the API that pages, filters and sorts: how to fill it, what names its items, and how to take one away."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tests.web.api.calling import Api
from tests.web.api.pushing import Pushing, image

Item = dict[str, Any]

TITLES: Final = (
    "a_b",
    "axb",
    "a%b",
    "a?b",
    "A_B",
    "[ab]",
    "caf\u00e9",
    "cafe\u0301",
    "a\u05d0b",
    "a'b",
    "a\\b",
)
"""What people call things. Each differs from another by what some language of patterns knows, or Unicode folds."""

SIDS: Final = ("abc", "a-c", "a0c", "abcd", "zabc", "bbb", "b-b", "ccc", "cc0", "ddd", "d-0")


@dataclass(frozen=True, slots=True)
class List:
    """`name` is the field that is unique, `also` another one that a filter meets; `fill` makes the items of a test."""

    method: str
    body: dict[str, Any]
    name: str
    fill: Callable[[Api], Awaitable[object]]
    remove: Callable[[Api, Item], Awaitable[object]]
    also: str = ""

    async def page(self, api: Api, **asked: Any) -> Any:
        return await api.result(self.method, api.root, **self.body, **asked)

    async def items(self, api: Api, **asked: Any) -> list[Item]:
        """All of them, where fewer than ten thousand are there."""
        return list((await self.page(api, **asked))["items"])

    def names(self, item: Item) -> Sequence[str]:
        """What a filter of this list meets."""
        return (item[self.name], item[self.also]) if self.also else (item[self.name],)

    def sorts(self, api: Api) -> Sequence[str]:
        """The orders that the API's description names."""
        content = api.document["paths"][f"/{self.method}"]["post"]["requestBody"]["content"]["application/json"]
        model = api.document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
        return list(model["properties"]["sort"]["enum"])


async def _each(api: Api, method: str, **bodies: Sequence[Any]) -> None:
    """Calls the method in acme with the first of each field's values, then with the second of each, and so on."""
    for values in zip(*bodies.values(), strict=False):
        api.clock.advance(seconds=1)
        await api.result(method, api.root, **dict(zip(bodies, values, strict=True)))


async def _projects(api: Api) -> None:
    await _each(api, "project.create", sid=SIDS, name=TITLES)


async def _accounts(api: Api) -> None:
    await _each(api, "serviceAccount.create", project=["acme"] * len(SIDS), sid=SIDS, name=TITLES)


async def _roles(api: Api) -> None:
    permissions = [["registry.get"]] * len(SIDS)
    await _each(api, "role.create", project=["acme"] * len(SIDS), role=SIDS, name=TITLES, permissions=permissions)


async def _users(api: Api) -> None:
    groups = [f"group:{title}" for title in TITLES]
    await _each(api, "role.grant", project=["acme"] * len(groups), email=groups, role=["viewer"] * len(groups))


async def _tokens(api: Api) -> None:
    await _each(api, "me.generateToken", label=[*TITLES, TITLES[0]])


async def _pull_secrets(api: Api) -> None:
    await _each(api, "pullSecret.create", project=["acme"] * len(SIDS), name=SIDS)
    later = ["2027-01-01T00:00:00Z", "2027-01-02T00:00:00Z"]
    await _each(api, "pullSecret.create", project=["acme"] * 2, name=["ends", "ended"], expiresAt=later)


async def _repositories(api: Api) -> None:
    pushing = Pushing(api.sidecar.application.core.index)
    for number, name in enumerate(("a_b", "a.b", "a-b", "axb", "a__b", "a/b", "b", "bb")):
        await pushing.push(f"acme/{name}", image(number, layer=number % 3), "v1")


async def _tags(api: Api) -> None:
    pushing = Pushing(api.sidecar.application.core.index)
    for number, tag in enumerate(("a_b", "a.b", "a-b", "axb", "A_B", "_", "v1", "v10")):
        await pushing.push("acme/tagged", image(number), tag)


async def _manifests(api: Api) -> None:
    pushing = Pushing(api.sidecar.application.core.index)
    for number in range(9):
        await pushing.push("acme/loose", image(number))


def _in_acme(method: str, **fields: str) -> Callable[[Api, Item], Awaitable[object]]:
    """Calls the method about an item; `fields` are those of the body by those of the item."""
    return lambda api, item: api.result(
        method, api.root, project="acme", **{name: item[told] for name, told in fields.items()}
    )


LISTS: Final = {
    each.method: each
    for each in (
        List(
            "project.list",
            {},
            "sid",
            _projects,
            lambda api, item: api.result("project.delete", api.root, project=item["sid"]),
            "name",
        ),
        List(
            "serviceAccount.list",
            {"project": "acme"},
            "sid",
            _accounts,
            _in_acme("serviceAccount.delete", id="sid"),
            "name",
        ),
        List("role.list", {"project": "acme"}, "role", _roles, _in_acme("role.delete", role="role"), "name"),
        List(
            "role.users",
            {"project": "acme"},
            "email",
            _users,
            lambda api, item: api.result("role.revoke", api.root, project="acme", email=item["email"], role="viewer"),
        ),
        List(
            "me.listTokens",
            {},
            "id",
            _tokens,
            lambda api, item: api.result("me.revokeToken", api.root, id=item["id"]),
            "label",
        ),
        List("pullSecret.list", {"project": "acme"}, "name", _pull_secrets, _in_acme("pullSecret.delete", name="name")),
        List(
            "registry.list", {"project": "acme"}, "name", _repositories, _in_acme("registry.delete", repository="name")
        ),
        List(
            "registry.getTags",
            {"project": "acme", "repository": "tagged"},
            "tag",
            _tags,
            lambda api, item: api.result(
                "registry.untag", api.root, project="acme", repository="tagged", tag=item["tag"]
            ),
        ),
        List(
            "registry.getManifests",
            {"project": "acme", "repository": "loose"},
            "digest",
            _manifests,
            lambda api, item: api.result(
                "registry.deleteManifest", api.root, project="acme", repository="loose", digest=item["digest"]
            ),
        ),
    )
}


async def filled(api: Api, *methods: str) -> None:
    """The project acme, and the items of these lists in it, or of all."""
    await api.result("project.create", api.root, sid="acme")
    for method in methods or LISTS:
        await LISTS[method].fill(api)
