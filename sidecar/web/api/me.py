"""The namespace `me`: who the caller is, what it holds, and the tokens that it makes for itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sidecar.domain.errors import Invalid
from sidecar.domain.issuing import NewSecret
from sidecar.domain.policy import Caller
from sidecar.domain.tenancy import IssuedSecret
from sidecar.usecases.inspect_access import InspectAccess
from sidecar.usecases.manage_tokens import ManageTokens
from sidecar.web.api.bodies import Body, InProject, Nothing, Result
from sidecar.web.api.fields import Globs, Permissions, ProjectField, Title, Whole
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Listing, Orders


class Authorized(InProject):
    permissions: Permissions
    """Permissions, `<resource>.*` or `*`."""


class GenerateToken(Body):
    project: ProjectField | None = None
    """With it, a scoped token for this project; without it, a personal token that stands for the caller."""
    permissions: Permissions | None = None
    """What a scoped token may do, no patterns; without it, all that the caller may put into one."""
    repositories: Globs | None = None
    """Narrows a scoped token to repositories by their full names; `*` is any run of characters."""
    ttl_seconds: Annotated[int, Whole(60, 365 * 86400)] | None = None
    """How long it lives, 60 to 31536000; without it 900 for a scoped token, 30 days for a personal one."""
    label: Title = ""
    """What it is for."""


class ListTokens(Listing):
    sort: Literal["createdAt", "-createdAt", "label", "-label"] = "createdAt"
    """The order; `-` turns it round."""


class RevokeToken(Body):
    id: Annotated[str, Field(min_length=1, max_length=64)]
    """The token's id, as me.generateToken and me.listTokens show it."""


class MeResult(Result):
    email: str
    kind: str
    """`person` or `serviceAccount`."""
    expires_at: datetime | None = None
    """When the credential of this request ends; absent if never."""


class PermissionsResult(Result):
    permissions: list[str]
    """Those held on the project as a whole."""
    admin: bool
    """Whether they are at least those of the role `admin`."""


class AuthorizedResult(Result):
    authorized: bool


class NewToken(Result):
    token: str
    """The token, this once."""
    id: str
    expires_at: datetime | None = None
    project: str | None = None
    permissions: list[str] | None = None
    repositories: tuple[str, ...] | None = None


class TokenResult(Result):
    id: str
    kind: str
    """`personal` or `scoped`."""
    label: str
    hint: str
    """How the token begins."""
    project: str | None = None
    permissions: list[str] | None = None
    repositories: tuple[str, ...] | None = None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    @classmethod
    def of(cls, token: IssuedSecret) -> Self:
        limit = token.credential.limit
        return cls(
            id=token.credential.id,
            kind=token.credential.kind,
            label=token.label,
            hint=token.hint,
            project=limit.project if limit else None,
            permissions=sorted(limit.permissions) if limit else None,
            repositories=limit.repositories if limit else None,
            created_at=token.created_at,
            expires_at=token.credential.expires_at,
            last_used_at=token.last_used_at,
        )


class TokenList(Result):
    items: list[TokenResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


_ORDERS: Final[Orders[IssuedSecret]] = Orders(
    name=lambda token: token.credential.id,
    also=lambda token: token.label,
    keys={
        "createdAt": lambda token: token.created_at.isoformat(timespec="microseconds"),
        "label": lambda token: token.label,
    },
)
_SCOPED_EXAMPLE: Final = {"project": "acme", "permissions": ["registry.pull", "registry.push"], "ttlSeconds": 3600}


@dataclass(frozen=True, slots=True)
class MeNamespace:
    access: InspectAccess
    tokens: ManageTokens

    def methods(self) -> Sequence[AnyMethod]:
        asked = {"project": "acme", "permissions": ["registry.push"]}
        return (
            Method("me.get", None, Body, MeResult, self.get, {}),
            Method("me.permissions", None, InProject, PermissionsResult, self.permissions, {"project": "acme"}),
            Method("me.authorized", None, Authorized, AuthorizedResult, self.authorized, asked),
            Method(
                "me.generateToken",
                None,
                GenerateToken,
                NewToken,
                self.generate_token,
                _SCOPED_EXAMPLE,
                ("forbidden", "project_not_found", "too_many_tokens"),
            ),
            Method("me.listTokens", None, ListTokens, TokenList, self.list_tokens, {}, ("forbidden",)),
            Method(
                "me.revokeToken",
                None,
                RevokeToken,
                Nothing,
                self.revoke_token,
                {"id": "<the token's id>"},
                ("forbidden", "token_not_found"),
            ),
        )

    async def get(self, caller: Caller, _: Body) -> MeResult:
        """Who the caller is."""
        principal = caller.principal
        return MeResult(email=principal.name, kind=principal.kind, expires_at=principal.expires_at)

    async def permissions(self, caller: Caller, body: InProject) -> PermissionsResult:
        """What the caller holds on a project as a whole; what is narrowed to repositories is left out."""
        held = await self.access.permissions(caller, body.project)
        return PermissionsResult(permissions=held, admin=await self.access.administers(caller, body.project))

    async def authorized(self, caller: Caller, body: Authorized) -> AuthorizedResult:
        """Whether the caller holds all of these permissions on a project as a whole."""
        return AuthorizedResult(authorized=await self.access.authorized(caller, body.project, body.permissions))

    async def generate_token(self, caller: Caller, body: GenerateToken) -> NewToken:
        """Makes a token and shows it this once. It never does more than its maker, nor outlives its maker's login."""
        lifetime = None if body.ttl_seconds is None else timedelta(seconds=body.ttl_seconds)
        if body.project is None:
            _check_personal(body)
            return _new(await self.tokens.make_personal(caller, body.label, lifetime))
        permissions = frozenset(body.permissions or ())
        return _new(
            await self.tokens.make_scoped(caller, body.project, permissions, body.repositories, body.label, lifetime)
        )

    async def list_tokens(self, caller: Caller, body: ListTokens) -> TokenList:
        """The caller's own personal and scoped tokens. `filter` meets the id or the label."""
        items, cursor = _ORDERS.page(await self.tokens.all_of(caller), body)
        return TokenList(items=[TokenResult.of(token) for token in items], next_cursor=cursor)

    async def revoke_token(self, caller: Caller, body: RevokeToken) -> Nothing:
        """Ends one of the caller's tokens at once, and those that were made with it."""
        await self.tokens.revoke(caller, body.id)
        return Nothing()


def _check_personal(body: GenerateToken) -> None:
    faults = [
        f"{field}: only beside a project, for a scoped token"
        for field, value in (("permissions", body.permissions), ("repositories", body.repositories))
        if value is not None
    ]
    if faults:
        raise Invalid(*faults)


def _new(token: NewSecret) -> NewToken:
    credential = token.kept.credential
    limit = credential.limit
    return NewToken(
        token=token.text,
        id=credential.id,
        expires_at=credential.expires_at,
        project=limit.project if limit else None,
        permissions=sorted(limit.permissions) if limit else None,
        repositories=limit.repositories if limit else None,
    )
