"""Which project owns a repository. A name belongs to one project or to none; two projects' patterns never overlap.

A project owns `<sid>/*` by its id and may own more by its `owns`: an exact name (`nginx`) or a prefix (`library/*`),
which is how an existing registry keeps its names.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Self

from sidecar.domain.errors import Invalid, NotFound
from sidecar.domain.names import Glob, ProjectId, RepositoryName


class OwnedName(str):
    """An exact repository name, or `<prefix>/*`: everything below that prefix, at any depth."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        try:
            RepositoryName(f"{value[:-1]}x" if value.endswith("/*") else value)
        except Invalid:
            raise Invalid(
                f"owns: {value[:255]!r} must be a repository name such as nginx, or a prefix such as library/*"
            ) from None
        return super().__new__(cls, value)

    @property
    def prefix(self) -> str | None:
        """The part before `/*`, or None where the name is exact."""
        return self[:-2] if self.endswith("/*") else None

    def overlaps(self, other: "OwnedName") -> bool:
        """Whether some repository belongs to both."""
        return self == other or _holds(self, other) or _holds(other, self)


def _holds(pattern: OwnedName, other: OwnedName) -> bool:
    return pattern.prefix is not None and other.startswith(f"{pattern.prefix}/")


def check_reach(globs: Iterable[Glob], owned: Iterable[OwnedName]) -> None:
    """Invalid for each glob that fits no repository of these, such as `web` where `acme/web` is meant."""
    owned = tuple(owned)
    lost = [glob for glob in globs if not any(_reaches(glob, name) for name in owned)]
    if lost:
        raise Invalid(*(f"repositories: {glob} fits nothing in the project; write the full name" for glob in lost))


def _reaches(glob: Glob, name: OwnedName) -> bool:
    if name.prefix is None:
        return glob.matches(name)
    head, star, _ = glob.partition("*")
    below = f"{name.prefix}/"
    return head.startswith(below) or (bool(star) and below.startswith(head))


def own_slice(project: ProjectId) -> OwnedName:
    """What a project owns by its id alone."""
    return OwnedName(f"{project}/*")


def addressed(project: ProjectId, text: str, owner_of: Callable[[str], ProjectId | None]) -> RepositoryName:
    """The full name that `text` means within a project: `web` and `acme/web` are one, and what it owns is as it stands.

    Never a name of another project: `beta/web` means `acme/beta/web`. Raises Invalid for what can't be a name, and
    NotFound where there is no such project: one that is there owns what lies below its id.
    """
    whole = text.startswith(f"{project}/") or owner_of(text) == project
    name = RepositoryName(text if whole else f"{project}/{text}")
    if owner_of(name) != project:
        raise NotFound("project")
    return name


class Ownership:
    """The owner of any repository name, found in as many steps as the name has components."""

    def __init__(self) -> None:
        self._exact: dict[str, ProjectId] = {}
        self._prefixes: dict[str, ProjectId] = {}
        self._above: dict[str, int] = {}
        self._owned: dict[ProjectId, tuple[OwnedName, ...]] = {}

    @classmethod
    def of(cls, projects: Mapping[ProjectId, Iterable[OwnedName]]) -> Self:
        """The map of these projects, each with its `owns`."""
        ownership = cls()
        for project, owns in projects.items():
            ownership.put(project, owns)
        return ownership

    def put(self, project: ProjectId, owns: Iterable[OwnedName]) -> None:
        """Adds a project, or replaces its `owns`. Names may pass from one project to another in any order."""
        self.remove(project)
        self._owned[project] = (own_slice(project), *owns)
        for name in self._owned[project]:
            owners, key = self._place(name)
            owners[key] = project
            for parent in _parents(key):
                self._above[parent] = self._above.get(parent, 0) + 1

    def remove(self, project: ProjectId) -> None:
        """Forgets a project, known or not. What another one has been given since stays with that one."""
        for name in self._owned.pop(project, ()):
            owners, key = self._place(name)
            if owners.get(key) == project:
                del owners[key]
            for parent in _parents(key):
                self._above[parent] -= 1
                if not self._above[parent]:
                    del self._above[parent]

    def _place(self, name: OwnedName) -> tuple[dict[str, ProjectId], str]:
        return (self._exact, name) if name.prefix is None else (self._prefixes, name.prefix)

    def owner_of(self, repository: str) -> ProjectId | None:
        """The project that owns this repository, or None."""
        exact = self._exact.get(repository)
        if exact is not None:
            return exact
        end = repository.find("/")
        while end >= 0:
            owner = self._prefixes.get(repository[:end])
            if owner is not None:
                return owner
            end = repository.find("/", end + 1)
        return None

    def overlaps(self, name: OwnedName) -> bool:
        """Whether some repository that `name` stands for is owned already."""
        if name.prefix is None:
            return self.owner_of(name) is not None
        return self.owner_of(name) is not None or name.prefix in self._above


def _parents(name: str) -> Iterator[str]:
    """`a/b/c` → `a`, `a/b`."""
    end = name.find("/")
    while end >= 0:
        yield name[:end]
        end = name.find("/", end + 1)
