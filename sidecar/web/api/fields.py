"""The types of fields in requests: text that becomes a domain type, which refuses bad input when it is made."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, GetCoreSchemaHandler, StringConstraints
from pydantic_core import CoreSchema, core_schema

from sidecar.domain.digests import Digest, Tag
from sidecar.domain.errors import Invalid
from sidecar.domain.names import (
    EVERY_PROJECT,
    AccountId,
    Email,
    Glob,
    NameFilter,
    PrincipalName,
    ProjectId,
    RepositoryName,
    RoleName,
)
from sidecar.domain.ownership import OwnedName
from sidecar.domain.roles import PermissionPattern

_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Made:
    """Annotates a field whose text `make` turns into what its handler takes, or refuses as Invalid."""

    make: Callable[[str], object]
    longest: int = 4096

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._made, core_schema.str_schema(max_length=self.longest))

    def _made(self, text: str) -> object:
        """The domain names its own field before the fault; here the fault's place does."""
        try:
            return self.make(text)
        except Invalid as fault:
            raise ValueError("; ".join(item.partition(": ")[2] for item in fault.items)) from None


def _place(text: str) -> str:
    return text if text == EVERY_PROJECT else ProjectId(text)


def _account(text: str) -> str:
    """An e-mail, or what may be a sid: one that there can't be is no fault, it just isn't found."""
    try:
        return Email(text)
    except Invalid:
        return text


def _title(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be printable characters on one line")
    return text


def _prose(text: str) -> str:
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise ValueError("must be printable characters")
    return text


def _whole_number(value: Any) -> int:
    """Existing clients send some numbers as text."""
    if type(value) is int:
        return value
    if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdecimal():
        return int(value)
    raise ValueError("must be a whole number")


def _time(value: Any) -> datetime:
    if not isinstance(value, str) or not _RFC3339.fullmatch(value):
        raise ValueError("must be a time such as 2027-01-31T12:00:00Z")
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no time that there is") from None


def _schema(**words: Any) -> Any:
    return Field(json_schema_extra=words)


PlaceField = Annotated[str, Made(_place), _schema(maxLength=32)]
ProjectField = Annotated[
    ProjectId, Made(ProjectId), _schema(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", minLength=3, maxLength=32)
]
AccountIdField = Annotated[
    AccountId, Made(AccountId), _schema(pattern=r"^[a-z]([a-z0-9-]*[a-z0-9])?$", minLength=1, maxLength=32)
]
AccountField = Annotated[str, Made(_account, 254)]
DigestField = Annotated[Digest, Made(Digest, 140)]
TagField = Annotated[Tag, Made(Tag, 128)]
RepositoryField = Annotated[str, Made(RepositoryName, 255)]
RoleField = Annotated[RoleName, Made(RoleName), _schema(pattern=r"^[a-z][a-z0-9-]*$", maxLength=63)]
PrincipalField = Annotated[PrincipalName, Made(PrincipalName), _schema(maxLength=260)]
PermissionField = Annotated[PermissionPattern, Made(PermissionPattern)]
GlobField = Annotated[Glob, Made(Glob), _schema(maxLength=255)]
OwnedField = Annotated[OwnedName, Made(OwnedName), _schema(maxLength=257)]
FilterField = Annotated[NameFilter, Made(NameFilter), _schema(maxLength=255)]

Title = Annotated[str, StringConstraints(max_length=255), AfterValidator(_title)]
Prose = Annotated[str, StringConstraints(max_length=1000), AfterValidator(_prose)]
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Time = Annotated[datetime, BeforeValidator(_time)]

Globs = Annotated[tuple[GlobField, ...], Field(min_length=1, max_length=100)]
Permissions = Annotated[tuple[PermissionField, ...], Field(min_length=1, max_length=100)]
