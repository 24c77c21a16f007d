"""The types of fields in requests: text that becomes a domain type, which refuses bad input when it is made.

Each describes itself in `GET /openapi.json` as exactly as JSON Schema can: by a pattern where there is one, else by the
name of a format. A test sends what the schemas take, and what they refuse, and holds the server to them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from sidecar.domain.digests import DIGEST_PATTERN, TAG_PATTERN, Digest, Tag
from sidecar.domain.errors import Invalid
from sidecar.domain.names import (
    EVERY_PROJECT,
    OWNED_PATTERN,
    REPOSITORY_PATTERN,
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
from sidecar.domain.references import ImageReference
from sidecar.domain.roles import PermissionPattern
from sidecar.domain.secrets import holds_secret

_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:]{8}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})")


@dataclass(frozen=True, slots=True)
class Made:
    """Annotates a field whose text `make` turns into what its handler takes, or refuses as Invalid.

    `pattern` is of the whole text, `format` a name for what no pattern can say; both are for the API's description.
    `kept` is False for what the registry may hold whatever it looks like, and what must be named to be taken away.
    """

    make: Callable[[str], object]
    longest: int
    shortest: int = 1
    pattern: str | None = None
    format: str | None = None
    kept: bool = True

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._made, core_schema.str_schema(max_length=self.longest))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        pattern = None if self.pattern is None else f"^{self.pattern}$"
        words = {"minLength": self.shortest, "maxLength": self.longest, "pattern": pattern, "format": self.format}
        return {"type": "string", **{word: value for word, value in words.items() if value is not None}}

    def _made(self, text: str) -> object:
        """The domain names its own field before the fault; here the fault's place does.

        Nothing of this kind is a secret: whoever pastes one into a name or a description is told before it is kept.
        """
        if self.kept and holds_secret(text):
            raise ValueError("holds a secret; it was not kept, but revoke it if others may have seen it")
        try:
            return self.make(text)
        except Invalid as fault:
            raise ValueError("; ".join(item.partition(": ")[2] for item in fault.items)) from None


@dataclass(frozen=True, slots=True)
class Whole:
    """Annotates a whole number between these two, which existing clients may send as text."""

    least: int
    most: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounded = core_schema.int_schema(ge=self.least, le=self.most)
        return core_schema.no_info_before_validator_function(_whole_number, bounded)


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
        raise Invalid("text: must be printable characters on one line")
    return text


def _prose(text: str) -> str:
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise Invalid("text: must be printable characters")
    return text


def _whole_number(value: Any) -> int:
    """Existing clients send some numbers as text; and in JSON, 60.0 is one too."""
    if type(value) is int:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
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


_SID: Final = r"[a-z][a-z0-9-]{1,30}[a-z0-9]"

PlaceField = Annotated[str, Made(_place, 32, pattern=rf"(?:\*|{_SID})")]
ProjectField = Annotated[ProjectId, Made(ProjectId, 32, 3, pattern=_SID)]
AccountIdField = Annotated[AccountId, Made(AccountId, 32, pattern=r"[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?")]
AccountField = Annotated[str, Made(_account, 254)]
DigestField = Annotated[Digest, Made(Digest, 135, pattern=DIGEST_PATTERN)]
TagField = Annotated[Tag, Made(Tag, 128, pattern=TAG_PATTERN, kept=False)]
RepositoryField = Annotated[RepositoryName, Made(RepositoryName, 255, pattern=REPOSITORY_PATTERN)]
ImageField = Annotated[ImageReference, Made(ImageReference.read, 391, format="image", kept=False)]
RoleField = Annotated[RoleName, Made(RoleName, 63, pattern=r"[a-z][a-z0-9-]*")]
EmailField = Annotated[Email, Made(Email, 254, format="email")]
PrincipalField = Annotated[PrincipalName, Made(PrincipalName, 260, format="principal")]
PermissionField = Annotated[PermissionPattern, Made(PermissionPattern, 64, format="permission")]
GlobField = Annotated[Glob, Made(Glob, 255, pattern=r"[a-zA-Z0-9._/:*-]+")]
OwnedField = Annotated[OwnedName, Made(OwnedName, 255, pattern=OWNED_PATTERN)]
FilterField = Annotated[NameFilter, Made(NameFilter, 255)]

Title = Annotated[str, Made(_title, 255, 0, format="line")]
Prose = Annotated[str, Made(_prose, 1000, 0, format="prose")]
Time = Annotated[datetime, BeforeValidator(_time)]

Globs = Annotated[tuple[GlobField, ...], Field(min_length=1, max_length=100)]
Permissions = Annotated[tuple[PermissionField, ...], Field(min_length=1, max_length=100)]
