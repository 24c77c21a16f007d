"""Names refuse bad input when made, and patterns match whole names and nothing else."""

import re
import string
from typing import SupportsIndex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.domain.errors import Invalid
from sidecar.domain.names import AccountId, Email, Glob, NameFilter, PrincipalName, ProjectId, RepositoryName, RoleName
from tests.domain import policy_oracle


@pytest.mark.parametrize("sid", ["abc", "a-b", "a--b", "a23", "a" * 32])
def test_a_project_id(sid: str) -> None:
    """Letters, digits and -, 3 to 32 of them."""
    assert ProjectId(sid) == sid


@pytest.mark.parametrize(
    "sid", ["", "ab", "a" * 33, "1ab", "-ab", "ab-", "Abc", "a_b", "a.b", "a/b", "abc\n", "äbc", "*", "a*b"]
)
def test_no_project_id(sid: str) -> None:
    """A newline at the end, a capital letter or a `*` makes no project id."""
    with pytest.raises(Invalid):
        ProjectId(sid)


@pytest.mark.parametrize("sid", ["c", "ci", "a-b", "a" * 32])
def test_an_account_id(sid: str) -> None:
    """Letters, digits and -, at most 32 of them: `ci` is what most people call their first account."""
    assert AccountId(sid) == sid


@pytest.mark.parametrize("sid", ["", "a" * 33, "1", "-", "a-", "A", "a_b", "a.b", "a@b", "ci\n", "*"])
def test_no_account_id(sid: str) -> None:
    """Nothing that would read as another e-mail, or as a pattern."""
    with pytest.raises(Invalid):
        AccountId(sid)


@given(st.from_regex(r"\A[a-z][a-z0-9-]{1,30}[a-z0-9]\Z"))
def test_each_project_id_begins_a_repository_name(sid: str) -> None:
    """Whatever project is made, repositories can be pushed below it."""
    assert RepositoryName(f"{ProjectId(sid)}/web").startswith(sid)


@pytest.mark.parametrize(
    "name",
    [
        "nginx",
        "acme/web",
        "a/b/c/d/e",
        "a.b/c_d/e__f/g-h/i---j",
        "host:5000/a/b",
        "Host.Example:5000/a",
        "localhost/a",
        "a" * 255,
        "00/00",
    ],
)
def test_a_repository_name(name: str) -> None:
    """Registry fact 8: components joined by /, the first of which may be a host with a port."""
    assert RepositoryName(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a/",
        "/a",
        "a//b",
        "Nginx",
        "a/B",
        "a:b",
        "a:5000",
        "host:/a",
        "host:x/a",
        "a..b",
        "a___b",
        "a-",
        "-a",
        "a._b",
        "a/b:5000/c",
        "a\n",
        "a b",
        "a%2fb",
        "a*",
        "../a",
        "é",
        "a" * 256,
    ],
)
def test_no_repository_name(name: str) -> None:
    """What the registry wouldn't serve as a repository is none here either."""
    with pytest.raises(Invalid):
        RepositoryName(name)


def test_a_role_name() -> None:
    """Roles are named like `deploy-2`, with at most 63 characters."""
    assert RoleName("deploy-2") == "deploy-2"
    assert RoleName("a" * 63)


@pytest.mark.parametrize("name", ["", "a" * 64, "2a", "-a", "A", "a_b", "a.b", "a\n", "*"])
def test_no_role_name(name: str) -> None:
    """A role's name can't look like a permission or a pattern."""
    with pytest.raises(Invalid):
        RoleName(name)


@pytest.mark.parametrize(
    "email", ["ann@acme.example", "ci@acme.serviceaccount.x", "a+b@x", "robot$x@y", "jürgen@x", "a/b\\c@x"]
)
def test_an_email(email: str) -> None:
    """Addresses may hold anything printable before the @."""
    assert Email(email) == email


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ann",
        "@x",
        "ann@",
        "a b@x",
        "a:b@x",
        "a@b@c",
        "a@x\n",
        "a\0@x",
        "a@-x",
        "a@x.",
        "a@x y",
        "a\u202eb@x",
        "\ud800@x",
    ],
)
def test_no_email(email: str) -> None:
    """TS-33: no colon; and nothing invisible, which would make two addresses look like one."""
    with pytest.raises(Invalid):
        Email(email)


def test_emails_are_compared_in_lower_case() -> None:
    """Ann@ACME.example and ann@acme.example are one person."""
    assert Email("Ann@ACME.example") == "ann@acme.example"


def test_folding_makes_nobody_somebody_else() -> None:
    """The Kelvin sign, which Unicode's rules would put in lower case as k, stays itself."""
    assert Email("\u212aim@x") != Email("kim@x")


@given(st.text(max_size=260).map(lambda text: f"{text}@x"))
def test_an_email_that_was_taken_is_taken_again(text: str) -> None:
    """What was stored once can always be read back: making it again changes and refuses nothing."""
    try:
        email = Email(text)
    except Invalid:
        return
    assert Email(email) == email
    assert str(PrincipalName(email)) == email


@pytest.mark.parametrize("name", ["ann@x", "group:ops", "group:Team A", "allUsers", "allAuthenticatedUsers"])
def test_a_principal_name(name: str) -> None:
    """A binding names a person, a service account, a group, or everybody."""
    assert PrincipalName(name) == name


@pytest.mark.parametrize(
    "name", ["", "ops", "allusers", "group:", "group: ops", "group:ops ", "group:a\nb", "user:a@x", "*", "sidecar"]
)
def test_no_principal_name(name: str) -> None:
    """A word that means nothing is refused rather than bound to nobody."""
    with pytest.raises(Invalid):
        PrincipalName(name)


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("acme/web", "acme/web", True),
        ("acme/web", "acme/web2", False),
        ("acme/web", "xacme/web", False),
        ("*", "acme/web", True),
        ("acme/*", "acme/web/api", True),
        ("acme/*", "acme2/web", False),
        ("acme/*", "acme/", True),
        ("acme/*", "acme", False),
        ("acme/team-*", "acme/team-a/b", True),
        ("*/web", "acme/web", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*a", "aba", True),
        ("a*ab", "aab", True),
        ("*ab*ab*", "xab", False),
        ("a.c", "abc", False),
        ("a_c", "abc", False),
    ],
)
def test_a_glob_selects_whole_names(pattern: str, name: str, fits: bool) -> None:
    """`*` is any run of characters, also none and also across /; all else stands for itself (S14)."""
    assert Glob(pattern).matches(name) is fits


@pytest.mark.parametrize("pattern", ["", "a?b", "a[b]", "a b", "a\n", "(a)", "a|b", "a%", "a\\b", "x" * 256])
def test_no_glob(pattern: str) -> None:
    """S14, S24: what could be special elsewhere is refused."""
    with pytest.raises(Invalid):
        Glob(pattern)


patterns = st.text(alphabet="ab/*", min_size=1, max_size=8).map(Glob)
names = st.text(alphabet="ab/", max_size=10)


@settings(max_examples=3000, deadline=None)
@given(patterns, names)
def test_globs_match_as_the_oracle_does(pattern: Glob, name: str) -> None:
    """The quick matcher and the plain one agree."""
    assert pattern.matches(name) == policy_oracle.fits(pattern, name)


@settings(max_examples=2000, deadline=None)
@given(patterns, patterns, st.lists(st.text(alphabet="ab/", max_size=3), min_size=8, max_size=8))
def test_a_covering_glob_selects_all_that_the_other_does(wide: Glob, narrow: Glob, runs: list[str]) -> None:
    """Where one pattern covers another, each name that fits the other fits it."""
    name = "".join(part + run for part, run in zip(narrow.split("*"), runs, strict=False))[
        : -len(runs[narrow.count("*")]) or None
    ]
    assert policy_oracle.fits(narrow, name)
    assert not wide.covers(narrow) or policy_oracle.fits(wide, name)


@given(patterns)
def test_a_glob_covers_itself(pattern: Glob) -> None:
    """Who holds a pattern can give it on."""
    assert pattern.covers(pattern)


class CountingName(str):
    """A name that counts how often it is searched, and from where."""

    __slots__ = ("searches",)
    searches: list[int]

    def find(self, part: str, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /) -> int:
        self.searches.append(int(start or 0))
        return super().find(part, start, end)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("*a" * 127 + "*", "a" * 254 + "b"),
        ("*ab" * 80 + "*", "a" * 255),
        ("a*" * 127 + "b", "a" * 255),
        ("*" * 255, "a" * 255),
    ],
)
def test_matching_is_linear(pattern: str, name: str) -> None:
    """S24: each part of a pattern is looked for once, never before where the part ahead of it ended."""
    counted = CountingName(name)
    counted.searches = []
    Glob(pattern).matches(counted)
    assert len(counted.searches) <= pattern.count("*")
    assert counted.searches == sorted(counted.searches)


@pytest.mark.parametrize("text", ["", "Ann's *", "büro*", "%_[]?"])
def test_a_filter_may_hold_any_text(text: str) -> None:
    """Lists hold display names, too, so their filters aren't held to the characters of repositories."""
    assert NameFilter(text) == text


@pytest.mark.parametrize("mark", sorted(set(string.printable) - {"*"}))
def test_only_the_star_is_special_in_a_filter(mark: str) -> None:
    """S14: no other character of a filter matches anything but itself."""
    assert not NameFilter(f"a{mark}c").matches("abc" if mark != "b" else "axc")
    assert NameFilter(f"a{mark}c").matches(f"a{mark}c")


def test_a_filter_is_bounded() -> None:
    """S30: a filter has at most 255 characters."""
    with pytest.raises(Invalid):
        NameFilter("a" * 256)


NAME_REGEXP = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*)*"
)


@settings(max_examples=2000, deadline=None)
@given(st.text(alphabet="aB0._-:/", max_size=12))
def test_repository_names_are_those_of_the_registry(name: str) -> None:
    """Names are taken exactly where the grammar of the registry's own `reference.NameRegexp` takes them."""
    try:
        taken = RepositoryName(name) == name
    except Invalid:
        taken = False
    assert taken == bool(NAME_REGEXP.fullmatch(name))
