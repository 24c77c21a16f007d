"""The namespace `registry`: what repositories hold, as far as the caller may see it."""

from typing import Any

import pytest

from sidecar.domain.names import RepositoryName
from sidecar.domain.pulls import Pulls
from sidecar.domain.targets import Target
from sidecar.web.api.bodies import Result
from sidecar.web.api.registry import ManifestList, RepositoryList, RepositoryResult, TagList
from tests.web.api.calling import Api, bearer
from tests.web.api.pushing import Pushing, digest_of, image, index_of

CHANGES: dict[str, dict[str, str]] = {
    "registry.untag": {"tag": "v1"},
    "registry.deleteManifest": {"digest": digest_of(image(1))},
    "registry.delete": {},
}
READS = ("registry.get", "registry.getTags", "registry.getManifests")
ANN = "ann@example.com"


@pytest.fixture
async def pushing(api: Api) -> Pushing:
    """Two projects: Ann owns `acme`, and is nobody in `beta`."""
    for sid in ("acme", "beta"):
        await api.tenants.project(sid)
    await api.tenants.bind("acme", ANN, "owner")
    return Pushing(api.sidecar.application.core.index)


@pytest.fixture
async def ann(api: Api, pushing: Pushing) -> str:
    return await api.tenants.secret(ANN)


def total(*contents: bytes) -> int:
    """What images of `image(n)` reach: each its document, its config and its layer."""
    return sum(len(content) + 50 + 1000 for content in contents)


async def names(api: Api, token: str, **body: Any) -> list[str]:
    return [item["name"] for item in (await api.result("registry.list", token, project="acme", **body))["items"]]


async def tags(api: Api, token: str, **body: Any) -> list[str]:
    result = await api.result("registry.getTags", token, project="acme", repository="web", **body)
    return [item["tag"] for item in result["items"]]


async def test_a_repository_is_listed_with_its_size_and_counts(api: Api, pushing: Pushing, ann: str) -> None:
    """The shape of registry.list: sizes are distinct bytes, times those of the registry."""
    await pushing.push("acme/web", image(1), "v1", "v2")
    assert await api.result("registry.list", ann, project="acme") == {
        "items": [
            {
                "name": "acme/web",
                "size": total(image(1)),
                "manifests": 1,
                "tags": 2,
                "createdAt": "2027-01-15T08:00:01.123456Z",
                "pushedAt": "2027-01-15T08:00:02.123456Z",
            }
        ]
    }


async def test_get_answers_the_item_of_the_list(api: Api, pushing: Pushing, ann: str) -> None:
    """registry.get and registry.list tell the same of a repository."""
    await pushing.push("acme/web", image(1), "v1")
    (listed,) = (await api.result("registry.list", ann, project="acme"))["items"]
    assert await api.result("registry.get", ann, project="acme", repository="acme/web") == listed


async def test_a_tag_is_listed_with_what_it_reaches(api: Api, pushing: Pushing, ann: str) -> None:
    """The shape of registry.getTags: createdAt is when the tag was last moved."""
    await pushing.push("acme/web", image(1), "v1")
    digest = await pushing.push("acme/web", image(2), "v1")
    assert await api.result("registry.getTags", ann, project="acme", repository="acme/web") == {
        "name": "acme/web",
        "items": [
            {
                "tag": "v1",
                "digest": digest,
                "size": total(image(2)),
                "createdAt": "2027-01-15T08:00:02.123456Z",
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "pushedBy": "ci@acme.example",
                "pulls": 0,
            }
        ],
    }


async def test_a_manifest_is_listed_with_its_tags_and_its_platform(api: Api, pushing: Pushing, ann: str) -> None:
    """The shape of registry.getManifests."""
    digest = await pushing.push("acme/web", image(1), "v1", "v2")
    assert await api.result("registry.getManifests", ann, project="acme", repository="acme/web") == {
        "name": "acme/web",
        "items": [
            {
                "digest": digest,
                "size": total(image(1)),
                "createdAt": "2027-01-15T08:00:01.123456Z",
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "platform": "linux/amd64",
                "tags": ["v1", "v2"],
                "children": [],
                "pushedBy": "ci@acme.example",
                "pulls": 0,
            }
        ],
    }


async def test_an_index_tells_its_children_and_reaches_them(api: Api, pushing: Pushing, ann: str) -> None:
    """Decision 7: the size of a multi-platform tag is all that it reaches, each blob once."""
    parent = index_of(image(1), image(2))
    await pushing.push("acme/web", image(1))
    await pushing.push("acme/web", image(2))
    await pushing.push("acme/web", parent, "v1")
    items = (await api.result("registry.getManifests", ann, project="acme", repository="web"))["items"]
    assert items[0]["children"] == [digest_of(image(1)), digest_of(image(2))]
    assert items[0]["size"] == len(parent) + total(image(1), image(2))


async def test_a_referrer_tells_its_subject(api: Api, pushing: Pushing, ann: str) -> None:
    """Registry fact 9: events never say it, the manifest does."""
    subject = await pushing.push("acme/web", image(1), "v1")
    await pushing.push("acme/web", image(2, subject=image(1)))
    items = (await api.result("registry.getManifests", ann, project="acme", repository="web"))["items"]
    assert items[0]["subject"] == subject


async def test_referrers_fallback_tags_are_kept_apart(api: Api, pushing: Pushing, ann: str) -> None:
    """Tags that clients make for referrers are neither listed nor counted among people's."""
    await pushing.push("acme/web", image(1), "v1")
    await pushing.push("acme/web", image(2), f"sha256-{'0' * 64}", f"sha256-{'0' * 64}.sig")
    assert await tags(api, ann) == ["v1"]
    assert (await api.result("registry.get", ann, project="acme", repository="web"))["tags"] == 1


async def test_pulls_are_told(api: Api, pushing: Pushing, ann: str) -> None:
    """pulledAt, by whom, and pulls, per tag and manifest; a repository's pulledAt is the last of them."""
    await pushing.push("acme/web", image(1), "v1")
    web = RepositoryName("acme/web")
    async with pushing.index.applying() as tables:
        await tables.count_pulls([Pulls(web, Target.TAG, "v1", 3, 1_900_000_000 * 10**9, ANN)])
    (tag,) = (await api.result("registry.getTags", ann, project="acme", repository="web"))["items"]
    assert (tag["pulls"], tag["pulledAt"], tag["pulledBy"]) == (3, "2030-03-17T17:46:40Z", ANN)
    assert (await api.result("registry.get", ann, project="acme", repository="web"))["pulledAt"] == tag["pulledAt"]


async def test_the_newest_comes_first(api: Api, pushing: Pushing, ann: str) -> None:
    """Tags by when they were last moved, whatever their names."""
    for number, tag in enumerate(("a", "c", "b", "a")):
        await pushing.push("acme/web", image(number), tag)
    assert await tags(api, ann) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("method", "model", "body"),
    [
        ("registry.list", RepositoryList, {}),
        ("registry.get", RepositoryResult, {"repository": "web"}),
        ("registry.getTags", TagList, {"repository": "web"}),
        ("registry.getManifests", ManifestList, {"repository": "web"}),
    ],
)
@pytest.mark.parametrize("pulled", [False, True])
async def test_what_is_answered_is_what_the_model_describes(
    api: Api, pushing: Pushing, ann: str, method: str, model: type[Result], body: dict[str, Any], pulled: bool
) -> None:
    """Answers that are made without their model have its fields and no others, written as it would write them."""
    await pushing.push("acme/web", image(1, subject=image(2)), "v1")
    await pushing.push("acme/web", index_of(image(1), image(3)), by="")
    await pushing.push("acme/web", image(4), "v2", "v3", read=False)
    if pulled:
        web = RepositoryName("acme/web")
        everything = [(Target.TAG, "v1"), (Target.MANIFEST, digest_of(image(1, subject=image(2))))]
        async with pushing.index.applying() as tables:
            await tables.count_pulls(
                [Pulls(web, target, key, 3, 19 * 10**17 + 1000, ANN) for target, key in everything]
            )
    for limit in (None, 1):
        paged = body if method == "registry.get" or limit is None else {**body, "limit": limit}
        answer = await api.result(method, ann, project="acme", **paged)
        assert model.model_validate(answer).model_dump(mode="json", by_alias=True, exclude_none=True) == answer


@pytest.mark.parametrize("sort", ["createdAt", "-createdAt", "tag", "-tag"])
async def test_pages_put_together_are_the_list(api: Api, pushing: Pushing, ann: str, sort: str) -> None:
    """Every order of tags, cut into pages of two, tells each once and in the same order."""
    for number in (3, 1, 4, 5, 9, 2, 6):
        await pushing.push("acme/web", image(number), f"v{number}")
    assert await _paged(api, ann, "registry.getTags", "tag", repository="web", sort=sort) == await tags(
        api, ann, sort=sort
    )


@pytest.mark.parametrize("sort", ["name", "-name", "size", "-size", "createdAt", "-createdAt", "pushedAt", "-pushedAt"])
async def test_pages_of_repositories_are_the_list(api: Api, pushing: Pushing, ann: str, sort: str) -> None:
    """Every order of repositories, equal keys included."""
    for number in (3, 1, 4, 1, 5):
        await pushing.push(f"acme/r{number}", image(number, layer=number % 2), "v1")
    assert await _paged(api, ann, "registry.list", "name", sort=sort) == await names(api, ann, sort=sort)


@pytest.mark.parametrize("sort", ["createdAt", "-createdAt", "digest", "-digest"])
async def test_pages_of_manifests_are_the_list(api: Api, pushing: Pushing, ann: str, sort: str) -> None:
    """Every order of manifests."""
    for number in range(5):
        await pushing.push("acme/web", image(number))
    whole = await api.result("registry.getManifests", ann, project="acme", repository="web", sort=sort)
    paged = await _paged(api, ann, "registry.getManifests", "digest", repository="web", sort=sort)
    assert paged == [item["digest"] for item in whole["items"]]


async def _paged(api: Api, token: str, method: str, key: str, **body: Any) -> list[str]:
    found: list[str] = []
    cursor = ""
    while True:
        page = await api.result(method, token, project="acme", limit=2, cursor=cursor, **body)
        found += [item[key] for item in page["items"]]
        cursor = page.get("nextCursor", "")
        if not cursor:
            return found


async def test_a_page_between_changes_repeats_and_hides_nothing(api: Api, pushing: Pushing, ann: str) -> None:
    """A cursor is a place: what is pushed meanwhile moves nothing."""
    for number in range(4):
        await pushing.push("acme/web", image(number), f"v{number}")
    first = await api.result("registry.getTags", ann, project="acme", repository="web", limit=2)
    await pushing.push("acme/web", image(9), "v9")
    assert await tags(api, ann, limit=2, cursor=first["nextCursor"]) == ["v1", "v0"]


async def test_a_filter_with_pages_finds_all_that_fits(api: Api, pushing: Pushing, ann: str) -> None:
    """A filter is matched before a page is cut."""
    for number in range(12):
        await pushing.push("acme/web", image(number), f"v{number}")
    assert await _paged(api, ann, "registry.getTags", "tag", repository="web", filter="v1*", sort="tag") == [
        "v1",
        "v10",
        "v11",
    ]


@pytest.mark.parametrize(
    "text", ["v_1", "v%", "%", "_", "v?", "[v]*", "v1\\*", "V1", "v.1*", "é*", "\u0001", "'", "*2"]
)
async def test_no_character_but_the_star_is_special(api: Api, pushing: Pushing, ann: str, text: str) -> None:
    """S14: `_`, `%` and whatever other languages of patterns know never widen a match."""
    await pushing.push("acme/web", image(1), "v1", "vx1")
    assert await tags(api, ann, filter=text) == []


@pytest.mark.parametrize(
    "name",
    ["w_b", "w%", "%", "*", "acme/*", "acme/w_b", "w" * 10_000, "wéb", "../beta/web", "web/", "a\u0001b", " web"],
)
@pytest.mark.parametrize("method", READS)
async def test_no_name_of_a_repository_is_a_pattern(
    api: Api, pushing: Pushing, ann: str, method: str, name: str
) -> None:
    """S14: such a name is refused, or is a repository that isn't there."""
    await pushing.push("acme/web", image(1), "v1")
    error = await api.error(method, ann, project="acme", repository=name)
    assert error["code"] in ("validate", "repository_not_found")


@pytest.mark.parametrize("method", READS)
async def test_a_short_name_means_the_full_one(api: Api, pushing: Pushing, ann: str, method: str) -> None:
    """`web` and `acme/web` are one repository of `acme`."""
    await pushing.push("acme/web", image(1), "v1")
    short = await api.result(method, ann, project="acme", repository="web")
    assert short == await api.result(method, ann, project="acme", repository="acme/web")
    assert short["name"] == "acme/web"


async def test_what_a_project_owns_besides_is_named_as_it_is(api: Api, pushing: Pushing, ann: str) -> None:
    """Decision 12: `nginx` is a repository of whoever owns that name."""
    await api.tenants.project("gamma", owns=["nginx"])
    await api.tenants.bind("gamma", ANN, "viewer")
    await pushing.push("nginx", image(1), "v1")
    assert (await api.result("registry.get", ann, project="gamma", repository="nginx"))["name"] == "nginx"
    assert [item["name"] for item in (await api.result("registry.list", ann, project="gamma"))["items"]] == ["nginx"]


@pytest.mark.parametrize("method", READS)
@pytest.mark.parametrize("foreign", ["beta/web", "web"])
async def test_foreign_and_missing_are_the_same_bytes(
    api: Api, pushing: Pushing, ann: str, method: str, foreign: str
) -> None:
    """S3, S8: a repository of another project is not found, in the very bytes of one that nobody has."""
    await pushing.push("beta/web", image(1), "v1")
    answers = []
    for name in (foreign, "nowhere"):
        body = f'{{"project":"acme","repository":"{name}"}}'.encode()
        answers.append(await (await api.post(method, body, bearer(ann))).read())
    assert answers[0] == answers[1]
    assert b"repository_not_found" in answers[0]


@pytest.mark.parametrize("method", [*READS, "registry.list"])
async def test_a_foreign_project_is_not_there(api: Api, pushing: Pushing, ann: str, method: str) -> None:
    """S8: who has no binding in a project is told what is told of one that doesn't exist."""
    await pushing.push("beta/web", image(1), "v1")
    body = {} if method == "registry.list" else {"repository": "beta/web"}
    there = await api.error(method, ann, project="beta", **body)
    assert there == await api.error(method, ann, project="nobodys", **body)
    assert there["code"] == "project_not_found"


async def test_a_narrowed_binding_sees_what_its_globs_match(api: Api, pushing: Pushing) -> None:
    """A binding on `acme/web*` lists those repositories and no others, and counts them for pages."""
    await api.tenants.bind("acme", "bob@example.com", "viewer", only=["acme/web*"])
    bob = await api.tenants.secret("bob@example.com")
    for name in ("a", "web", "webs", "zoo"):
        await pushing.push(f"acme/{name}", image(1), "v1")
    assert await names(api, bob) == ["acme/web", "acme/webs"]
    assert await _paged(api, bob, "registry.list", "name") == ["acme/web", "acme/webs"]


@pytest.mark.parametrize("method", READS)
async def test_beyond_a_narrowed_binding_nothing_is_told(api: Api, pushing: Pushing, method: str) -> None:
    """S8: outside its globs, what exists and what doesn't look alike."""
    await api.tenants.bind("acme", "bob@example.com", "viewer", only=["acme/web"])
    bob = await api.tenants.secret("bob@example.com")
    for name in ("web", "api"):
        await pushing.push(f"acme/{name}", image(1), "v1")
    assert (await api.result(method, bob, project="acme", repository="web"))["name"] == "acme/web"
    there = await api.error(method, bob, project="acme", repository="api")
    assert there == await api.error(method, bob, project="acme", repository="nowhere")
    assert there["code"] == "forbidden"


async def test_the_permission_is_the_methods_own(api: Api, pushing: Pushing) -> None:
    """Who may list may not thereby look into what is listed."""
    await api.tenants.role("acme", "lister", "registry.list")
    await api.tenants.bind("acme", "bob@example.com", "lister")
    bob = await api.tenants.secret("bob@example.com")
    await pushing.push("acme/web", image(1), "v1")
    assert await names(api, bob) == ["acme/web"]
    error = await api.error("registry.getTags", bob, project="acme", repository="web")
    assert (error["code"], error["items"]) == ("forbidden", ["registry.get"])


@pytest.mark.parametrize("cursor", ["x", "AAAA", "WyJ0YWciLCJ2MSIsInYxIl0"])
async def test_a_cursor_of_something_else_is_refused(api: Api, pushing: Pushing, ann: str, cursor: str) -> None:
    """S4: a cursor that this list never gave, such as one of another order, is a validate error."""
    await pushing.push("acme/web", image(1), "v1")
    error = await api.error("registry.getTags", ann, project="acme", repository="web", cursor=cursor)
    assert error["code"] == "validate"


@pytest.mark.parametrize("sort", ["name", "size; DROP TABLE tag", "-", "pushed_by"])
async def test_orders_are_a_fixed_set(api: Api, pushing: Pushing, ann: str, sort: str) -> None:
    """S4: no text from a client becomes a column."""
    await pushing.push("acme/web", image(1), "v1")
    error = await api.error("registry.getTags", ann, project="acme", repository="web", sort=sort)
    assert error["code"] == "validate"


async def test_a_typed_clients_habits_change_nothing(api: Api, pushing: Pushing, ann: str) -> None:
    """Zero values, odd cases and legacy fields are what existing clients send; curl -d sends a form's type."""
    await pushing.push("acme/web", image(1), "v1")
    plain = await (await api.post("registry.getTags", b'{"project":"acme","repository":"web"}', bearer(ann))).read()
    body = b'{"Project":"acme","REPOSITORY":"acme/web","limit":0,"cursor":"","filter":null,"sort":"","location":"eu"}'
    headers = bearer(ann) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert await (await api.post("Registry.gettags", body, headers)).read() == plain


@pytest.mark.parametrize("method", ["registry.getTagHistory", "registry.gc", "registry.size", "registry.metrics"])
async def test_what_is_not_built_is_not_routed(api: Api, pushing: Pushing, ann: str, method: str) -> None:
    """A method that doesn't exist yet is a 404, and not an empty answer."""
    assert (await api.post(method, b"{}", bearer(ann))).status == 404


async def test_untag_answers_nothing_and_shows_at_once(api: Api, pushing: Pushing, ann: str) -> None:
    """The registry is asked for that tag alone, and the next list is without it."""
    await pushing.push("acme/web", image(1), "v1", "v2")
    assert await api.result("registry.untag", ann, project="acme", repository="acme/web", tag="v1") == {}
    assert api.registry.deleted == ["acme/web v1"]
    assert await tags(api, ann) == ["v2"]


async def test_delete_manifest_answers_nothing_and_shows_at_once(api: Api, pushing: Pushing, ann: str) -> None:
    """An untagged manifest goes, and the sizes with it."""
    await pushing.push("acme/web", image(1), "v1")
    digest = await pushing.push("acme/web", image(2))
    assert await api.result("registry.deleteManifest", ann, project="acme", repository="web", digest=digest) == {}
    assert (await api.result("registry.get", ann, project="acme", repository="web"))["size"] == total(image(1))


@pytest.mark.parametrize("tagged", [True, False])
async def test_what_stands_in_the_way_is_named(api: Api, pushing: Pushing, ann: str, tagged: bool) -> None:
    """manifest_tagged names the tags, manifest_in_use the indexes or referrers."""
    digest = await pushing.push("acme/web", image(1), *(["v1"] if tagged else []))
    parent = await pushing.push("acme/web", index_of(image(1)))
    assert await api.error("registry.deleteManifest", ann, project="acme", repository="web", digest=digest) == {
        "code": "manifest_tagged" if tagged else "manifest_in_use",
        "message": "manifest is tagged" if tagged else "manifest is in use",
        "items": ["v1" if tagged else parent],
    }


async def test_delete_answers_nothing_and_shows_at_once(api: Api, pushing: Pushing, ann: str) -> None:
    """The repository is neither listed nor found."""
    await pushing.push("acme/web", image(1), "v1")
    await pushing.push("acme/api", image(1), "v1")
    assert await api.result("registry.delete", ann, project="acme", repository="web") == {}
    assert await names(api, ann) == ["acme/api"]
    assert (await api.error("registry.get", ann, project="acme", repository="web"))["code"] == "repository_not_found"


@pytest.mark.parametrize(
    ("method", "thing", "code"),
    [
        ("registry.untag", {"tag": "none"}, "tag_not_found"),
        ("registry.deleteManifest", {"digest": digest_of(b"none")}, "manifest_not_found"),
    ],
)
async def test_a_missing_thing_is_named_by_its_kind(
    api: Api, pushing: Pushing, ann: str, method: str, thing: dict[str, str], code: str
) -> None:
    """The table of errors: `tag not found`, `manifest not found`."""
    await pushing.push("acme/web", image(1), "v1")
    error = await api.error(method, ann, project="acme", repository="web", **thing)
    assert error == {"code": code, "message": code.replace("_", " ")}


@pytest.mark.parametrize("method", CHANGES)
async def test_a_registry_that_refuses_changes_nothing(api: Api, pushing: Pushing, ann: str, method: str) -> None:
    """`registry unavailable`: and the index is as it was."""
    await pushing.push("acme/web", image(1), *(["v1"] if method == "registry.untag" else []))
    before = await api.result("registry.getManifests", ann, project="acme", repository="web")
    api.registry.broken = True
    error = await api.error(method, ann, project="acme", repository="web", **CHANGES[method])
    assert (error["code"], error["message"]) == ("registry_unavailable", "registry unavailable")
    assert await api.result("registry.getManifests", ann, project="acme", repository="web") == before


@pytest.mark.parametrize("method", CHANGES)
async def test_changes_of_another_projects_repository_find_nothing(
    api: Api, pushing: Pushing, ann: str, method: str
) -> None:
    """S3: by either name the repository of another project is not found, as one that nobody has, and stays."""
    await pushing.push("beta/web", image(1), "v1")
    answers = set()
    for name in ("beta/web", "web", "nowhere"):
        answers.add(str(await api.error(method, ann, project="acme", repository=name, **CHANGES[method])))
    assert len(answers) == 1
    assert api.registry.deleted == []


@pytest.mark.parametrize("method", CHANGES)
async def test_changes_in_a_foreign_project_find_none(api: Api, pushing: Pushing, ann: str, method: str) -> None:
    """S8: who has no binding in the project is told that it isn't there."""
    await pushing.push("beta/web", image(1), "v1")
    there = await api.error(method, ann, project="beta", repository="web", **CHANGES[method])
    assert there == await api.error(method, ann, project="nobodys", repository="web", **CHANGES[method])
    assert api.registry.deleted == []


@pytest.mark.parametrize("role", ["viewer", "developer"])
@pytest.mark.parametrize("method", CHANGES)
async def test_pushing_is_no_right_to_delete(api: Api, pushing: Pushing, method: str, role: str) -> None:
    """`registry.push` doesn't imply `registry.delete`: the one deliberate difference from older services."""
    await pushing.push("acme/web", image(1), "v1")
    await api.tenants.bind("acme", "bob@example.com", role)
    bob = await api.tenants.secret("bob@example.com")
    error = await api.error(method, bob, project="acme", repository="web", **CHANGES[method])
    assert (error["code"], error["items"]) == ("forbidden", ["registry.delete"])


@pytest.mark.parametrize("method", CHANGES)
async def test_a_narrowed_right_to_delete_stays_narrow(api: Api, pushing: Pushing, method: str) -> None:
    """S20: a binding on one repository deletes nothing in another."""
    for name in ("api", "web"):
        await pushing.push(f"acme/{name}", image(1), *(["v1"] if method == "registry.untag" else []))
    await api.tenants.bind("acme", "bob@example.com", "owner", only=["acme/web"])
    bob = await api.tenants.secret("bob@example.com")
    error = await api.error(method, bob, project="acme", repository="api", **CHANGES[method])
    assert error["code"] == "forbidden"
    assert await api.result(method, bob, project="acme", repository="web", **CHANGES[method]) == {}


@pytest.mark.parametrize("tag", ["v%", "v_", "v*", "*", "V1", "", "-v1", "v" * 129, "v\u00e91", "a/b", "v1\n"])
async def test_no_tag_is_a_pattern(api: Api, pushing: Pushing, ann: str, tag: str) -> None:
    """S14: such a tag is refused or isn't there, and nothing is deleted."""
    await pushing.push("acme/web", image(1), "v1", "vx")
    error = await api.error("registry.untag", ann, project="acme", repository="web", tag=tag)
    assert error["code"] in ("validate", "tag_not_found")
    assert api.registry.deleted == []


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("registry.getTags", '{ "project": "acme", "repository": "acme/web" }'),
        ("registry.getManifests", '{ "project": "acme", "repository": "acme/web" }'),
        ("registry.untag", '{ "project": "acme", "repository": "acme/web", "tag": "old-staging" }'),
        (
            "registry.deleteManifest",
            f'{{ "project": "acme", "repository": "acme/web", "digest": "{digest_of(image(2))}" }}',
        ),
    ],
)
async def test_the_calls_of_existing_scripts_work(api: Api, pushing: Pushing, ann: str, method: str, body: str) -> None:
    """As `curl -d` sends them, with a form's Content-Type."""
    await pushing.push("acme/web", image(1), "v1", "old-staging")
    await pushing.push("acme/web", image(2))
    headers = bearer(ann) | {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await (await api.post(method, body.encode(), headers)).json())["ok"] is True
