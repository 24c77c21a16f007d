"""Names and filters in every odd writing: nothing is met but what is named, letter by letter (S14, S24).

What may be met is said by an oracle of a few lines that knows nothing of how names are read or stored.
"""

import asyncio
import re
import time
import unicodedata
from typing import Any, Final

import pytest
import pytest_asyncio
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.web.api.calling import Api
from tests.web.api.lists import LISTS, SIDS, TITLES, filled
from tests.web.api.pushing import Pushing, image
from tests.web.api.test_garbage import examples
from tests.web.api.test_tenant_matrix import MATRIX, InProject, Tenancy, tenancy_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

ODD: Final = (
    *"_%*?[]^$.\\'\"`;/:@+-#~|{}() ",
    "\t\n\r\x01\x1b\x7f\x85",  # control characters
    "\u200b\u200d\u2060\ufeff",  # of no width
    "\u202e\u202d\u2066\u05d0\u0627",  # from right to left
    "e\u0301",
    "\u00e9",
    "\u017f",
    "\u212a",
    "\u0131",
    "\uff41",  # those that folding or NFKC makes others of
    "\U0001f600",
    "--",
    "/*",
    "%00",
    "%2e",
    "..",
    "' OR 1=1 --",
)
_PIECES: Final = st.sampled_from([*ODD, *ODD, *"abcABC01"])
_TEXTS: Final = st.lists(_PIECES, max_size=8).map("".join) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)
_GLOBS: Final = st.lists(st.sampled_from([*"aabb*_.-x/", "**"]), max_size=5).map("".join).map("acme/{}".format)
"""What a binding may be narrowed to, or nearly."""


@st.composite
def rewritten(draw: st.DrawFn, name: str) -> str:
    """The name with something odd in place of a part of it, or written as Unicode would also have it."""
    start = draw(st.integers(0, len(name)))
    end = draw(st.integers(start, min(len(name), start + 3)))
    odd = draw(_TEXTS | _PIECES | st.just("*"))
    inserted = name[:start] + odd + name[end:]
    forms = [unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)]
    whole = st.sampled_from([name.upper(), name.title(), *forms, f" {name}", f"{name}\n"])
    return draw(st.just(inserted) | st.just(inserted) | whole | st.just(inserted * (10_000 // (len(inserted) or 1))))


ABSENT: Final = ("", "0", "0001-01-01T00:00:00Z")
"""What names nothing, but says that the field is absent."""


def met(text: str, name: str) -> bool:
    """The oracle: only `*` is special, and it is any run of characters."""
    return re.fullmatch(".*".join(map(re.escape, text.split("*"))), name, re.DOTALL) is not None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(shared: Api) -> Api:
    """Every list has items."""
    await filled(shared)
    return shared


@pytest.mark.parametrize("method", LISTS)
@examples(50)
@given(data=st.data())
async def test_a_filter_meets_what_the_oracle_says(full: Api, method: str, data: st.DataObject) -> None:
    """S14: for every list, over the real database: each item that fits, and no other."""
    listing = LISTS[method]
    whole = await listing.items(full)
    known = [name for item in whole for name in listing.names(item)]
    text = data.draw(st.sampled_from([*known, *SIDS, *TITLES]).flatmap(rewritten) | _TEXTS)
    assume(text not in ABSENT)
    if len(text) > 255:
        error = await full.error(method, full.root, **listing.body, filter=text)
        assert [item.partition(":")[0] for item in error["items"]] == ["filter"]
        return
    expected = [item for item in whole if any(met(text, name) for name in listing.names(item))]
    assert await listing.items(full, filter=text) == expected


NAMED: Final = [
    (method, field)
    for method, row in MATRIX.items()
    if isinstance(row, InProject)
    for field, value in row.body(Tenancy("1", None), "own").items()
    if isinstance(value, str)
    and (method, field)
    not in (
        ("project.update", "name"),
        ("serviceAccount.create", "sid"),
        ("serviceAccount.update", "name"),
        ("role.create", "role"),
        ("role.grant", "email"),
        ("role.bind", "email"),
        ("pullSecret.create", "name"),
    )
]
"""Every method's fields that name something which has to be there: the others name something new."""

TOKEN_OR_SWEEP: Final = [
    ("me.revokeToken", "id"),
    ("reconcile.get", "id"),
    ("reconcile.drift", "id"),
    ("installation.inboxGet", "id"),
    ("installation.inboxDrop", "id"),
]


def same(field: str, text: str, name: str) -> bool:
    """Whether the text is the name, in the ways in which docs/api.md says that names may be written.

    A repository may be named with its project, an account by its e-mail, and an e-mail in any case.
    """
    return text == name or (field in ("id", "email") and text.casefold() == name.casefold())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tenancy(shared: Api) -> Tenancy:
    return await tenancy_for(shared, "administrator")


@pytest.mark.parametrize(("method", "field"), NAMED)
@examples(15)
@given(data=st.data())
async def test_another_name_finds_nothing(
    shared: Api, tenancy: Tenancy, method: str, field: str, data: st.DataObject
) -> None:
    """S14: whatever is written in place of a name is refused, or isn't there; nothing is told and nothing done."""
    body = MATRIX[method].body(tenancy, "own")
    text = data.draw(rewritten(body[field]) | _TEXTS)
    assume(text not in ABSENT and not same(field, text, body[field]) and not (field == "project" and text == "*"))
    error = await shared.error(method, tenancy.token, **body | {field: text})
    assert error["code"] == "validate" or error["code"].endswith("_not_found")


@pytest.mark.parametrize(("method", "field"), TOKEN_OR_SWEEP)
@examples(15)
@given(data=st.data())
async def test_another_id_finds_nothing(
    shared: Api, tenancy: Tenancy, method: str, field: str, data: st.DataObject
) -> None:
    """The same for what belongs to a person or to the installation."""
    body = MATRIX[method].body(tenancy, "own")
    text = data.draw(rewritten(str(body[field])) | _TEXTS)
    assume(text != str(body[field]) and not text.isdecimal())
    error = await shared.error(method, tenancy.token, **body | {field: text})
    assert error["code"] == "validate" or error["code"].endswith("_not_found")


CUTS: Final = [
    ("auditLog.list", "actor", "actor"),
    ("auditLog.list", "resourceType", "resourceType"),
    ("registry.denials", "email", "email"),
    ("registry.denials", "repository", "repository"),
]


@pytest.mark.parametrize(("method", "field", "told"), CUTS)
@examples(40)
@given(data=st.data())
async def test_a_cut_of_a_log_is_exact(full: Api, method: str, field: str, told: str, data: st.DataObject) -> None:
    """What a log is cut by is a name, and no pattern: every entry that is shown has just that."""
    await full.sidecar.application.core.denials.flush()
    entries: list[dict[str, Any]] = (await full.result(method, full.root))["items"]
    names = sorted({entry[told] for entry in entries if entry.get(told)}) or ["ann@example.com"]
    text = data.draw(st.sampled_from(names).flatmap(rewritten) | st.sampled_from(names) | _TEXTS)
    assume(text not in ABSENT)
    envelope = await full.call(method, full.root, **{field: text})
    if envelope["ok"]:
        fitting = [entry for entry in entries if same(field, text, entry.get(told, ""))]
        assert envelope["result"]["items"] == fitting
    else:
        assert envelope["error"]["code"] == "validate"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def narrowed(full: Api) -> str:
    """The token of somebody whose binding in acme the test narrows, and who is bound nowhere else."""
    return await full.tenants.secret("eve@example.com")


@examples(60)
@given(data=st.data())
async def test_a_narrowed_binding_reaches_what_the_oracle_says(full: Api, narrowed: str, data: st.DataObject) -> None:
    """S14: what a binding is narrowed to lets through each repository that fits, and no other."""
    known = [item["name"] for item in await LISTS["registry.list"].items(full)]
    text = data.draw(_GLOBS | _GLOBS | st.sampled_from([*known, "acme/*", "acme/*b*"]).flatmap(rewritten) | _TEXTS)
    binding = {"project": "acme", "email": "eve@example.com", "roles": ["viewer"], "repositories": [text]}
    envelope = await full.call("role.bind", full.root, **binding)
    if not envelope["ok"]:
        assert envelope["error"]["code"] == "validate"
        return
    seen = [item["name"] for item in (await full.result("registry.list", narrowed, project="acme"))["items"]]
    assert seen == [name for name in known if met(text, name)]
    for name in known:
        answer = await full.call("registry.get", narrowed, project="acme", repository=name)
        assert answer["ok"] == met(text, name), name


UNOWNED: Final = ("library/a_b", "library/axb", "libraryx/ab", "lib-rary/ab", "nginx", "ngin_x", "nginx-x", "nginx/x")
_OWNED: Final = st.sampled_from([*UNOWNED, "library/*", "library/a*", "nginx*", "*", "*/ab"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def owner(full: Api) -> str:
    """A project that owns nothing yet, beside repositories that are nobody's."""
    await full.result("project.create", full.root, sid="owner")
    pushing = Pushing(full.sidecar.application.core.index)
    for number, name in enumerate(UNOWNED):
        await pushing.push(name, image(number), "v1")
    return "owner"


@examples(60)
@given(data=st.data())
async def test_a_project_owns_what_the_oracle_says(full: Api, owner: str, data: st.DataObject) -> None:
    """S14: a name that a project owns is that name, and `<name>/*` all below it: nothing else becomes its own."""
    text = data.draw(_OWNED | _OWNED.flatmap(rewritten) | _TEXTS)
    envelope = await full.call("project.update", full.root, project=owner, owns=[text])
    if not envelope["ok"]:
        assert envelope["error"]["code"] == "validate"
        return
    below = text.removesuffix("*") if text.endswith("/*") else None
    expected = sorted(name for name in UNOWNED if name == text or (below and name.startswith(below)))
    deadline = time.monotonic() + 30
    while (seen := await listed(full, owner)) != expected:
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.01)


async def listed(api: Api, project: str) -> list[str]:
    """The project's repositories as of now: whose they are is written down soon after `owns` changed."""
    return [item["name"] for item in (await api.result("registry.list", api.root, project=project))["items"]]
