"""The namespace `serviceAccount`: accounts for machines, and their keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from sidecar.domain.policy import Caller
from sidecar.domain.tenancy import IssuedSecret, ServiceAccount
from sidecar.usecases.manage_service_accounts import ManageServiceAccounts
from sidecar.web.api.bodies import InProject, Nothing, Result
from sidecar.web.api.fields import AccountField, AccountIdField, Prose, Time, Title
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.paging import Listing, Orders


class CreateAccount(InProject):
    sid: AccountIdField
    """The account's short id; its e-mail will be `<sid>@<project>.<service account domain>`."""
    name: Title | None = None
    """What people call it; without it, the sid."""
    description: Prose = ""
    """What it is for."""


class NamedAccount(InProject):
    id: AccountField
    """The account's sid or e-mail."""


class UpdateAccount(NamedAccount):
    name: Title | None = None
    """Its new name; without it, the old one stays."""
    description: Prose | None = None
    """Its new description; without it, the old one stays."""


class ListAccounts(InProject, Listing):
    sort: Literal["sid", "-sid", "name", "-name", "createdAt", "-createdAt"] = "sid"
    """The order; `-` turns it round."""


class CreateKey(NamedAccount):
    expires_at: Time | None = None
    """When the key ends; without it, never."""
    description: Title = ""
    """What the key is for."""


class DeleteKey(NamedAccount):
    secret: Annotated[str, Field(min_length=1, max_length=255)]
    """The key's id, or the secret itself."""


class AccountResult(Result):
    sid: str
    email: str
    name: str
    description: str
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, account: ServiceAccount) -> Self:
        return cls(**_shown(account))


class AccountList(Result):
    items: list[AccountResult]
    next_cursor: str | None = None
    """Where the list goes on; absent at its end."""


class KeyResult(Result):
    secret: str
    """The key's id: the secret itself is never shown again."""
    id: str
    hint: str
    """How the secret begins."""
    description: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    @classmethod
    def of(cls, key: IssuedSecret) -> Self:
        return cls(
            secret=key.credential.id,
            id=key.credential.id,
            hint=key.hint,
            description=key.label,
            created_at=key.created_at,
            created_by=key.created_by,
            expires_at=key.credential.expires_at,
            last_used_at=key.last_used_at,
        )


class AccountWithKeys(AccountResult):
    keys: list[KeyResult]


class NewKey(Result):
    id: str
    secret: str
    """The key, this once."""
    expires_at: datetime | None = None


_ORDERS: Final[Orders[ServiceAccount]] = Orders(
    name=lambda account: account.sid,
    also=lambda account: account.name,
    keys={
        "sid": lambda account: account.sid,
        "name": lambda account: account.name,
        "createdAt": lambda account: account.created_at.isoformat(timespec="microseconds"),
    },
)
_UNKNOWN: Final = "service_account_not_found"
_ACCOUNT_EXAMPLE: Final = {"project": "acme", "id": "deployer"}


@dataclass(frozen=True, slots=True)
class ServiceAccountNamespace:
    accounts: ManageServiceAccounts

    def methods(self) -> Sequence[AnyMethod]:
        return (
            Method(
                "serviceAccount.create",
                "serviceaccount.create",
                CreateAccount,
                AccountResult,
                self.create,
                {"project": "acme", "sid": "deployer", "name": "Deployer", "description": "pushes from main"},
                ("already_exists", "too_many_service_accounts"),
            ),
            Method(
                "serviceAccount.update",
                "serviceaccount.create",
                UpdateAccount,
                AccountResult,
                self.update,
                {"project": "acme", "id": "deployer", "name": "Deployer of main"},
                (_UNKNOWN,),
            ),
            Method(
                "serviceAccount.list",
                "serviceaccount.list",
                ListAccounts,
                AccountList,
                self.list,
                {"project": "acme"},
            ),
            Method(
                "serviceAccount.get",
                "serviceaccount.get",
                NamedAccount,
                AccountWithKeys,
                self.get,
                _ACCOUNT_EXAMPLE,
                (_UNKNOWN,),
            ),
            Method(
                "serviceAccount.delete",
                "serviceaccount.delete",
                NamedAccount,
                Nothing,
                self.delete,
                _ACCOUNT_EXAMPLE,
                (_UNKNOWN, "last_owner"),
            ),
            Method(
                "serviceAccount.createKey",
                "serviceaccount.key.create",
                CreateKey,
                NewKey,
                self.create_key,
                {"project": "acme", "id": "deployer", "expiresAt": "2027-12-31T00:00:00Z"},
                (_UNKNOWN, "too_many_keys"),
            ),
            Method(
                "serviceAccount.deleteKey",
                "serviceaccount.key.delete",
                DeleteKey,
                Nothing,
                self.delete_key,
                {"project": "acme", "id": "deployer", "secret": "<the key's id>"},
                (_UNKNOWN, "key_not_found"),
            ),
        )

    async def create(self, caller: Caller, body: CreateAccount) -> AccountResult:
        """Makes a service account. It holds nothing until a role is granted to its e-mail."""
        account = await self.accounts.create(caller, body.project, body.sid, body.name or body.sid, body.description)
        return AccountResult.of(account)

    async def update(self, caller: Caller, body: UpdateAccount) -> AccountResult:
        """Changes an account's name or description."""
        account = await self.accounts.update(caller, body.project, body.id, body.name, body.description)
        return AccountResult.of(account)

    async def list(self, _: Caller, body: ListAccounts) -> AccountList:
        """The project's service accounts. `filter` meets the sid or the name."""
        items, cursor = _ORDERS.page(await self.accounts.all_of(body.project), body)
        return AccountList(items=[AccountResult.of(account) for account in items], next_cursor=cursor)

    async def get(self, _: Caller, body: NamedAccount) -> AccountWithKeys:
        """One account with its keys, the oldest first. A key's `secret` is its id."""
        account, keys = await self.accounts.get(body.project, body.id)
        return AccountWithKeys(**_shown(account), keys=[KeyResult.of(key) for key in keys])

    async def delete(self, caller: Caller, body: NamedAccount) -> Nothing:
        """Deletes an account with its keys, its tokens and its bindings in every project."""
        await self.accounts.delete(caller, body.project, body.id)
        return Nothing()

    async def create_key(self, caller: Caller, body: CreateKey) -> NewKey:
        """Makes a key and shows its secret this once. The caller must hold all that the account holds, everywhere."""
        key = await self.accounts.create_key(caller, body.project, body.id, body.description, body.expires_at)
        credential = key.kept.credential
        return NewKey(id=credential.id, secret=key.text, expires_at=credential.expires_at)

    async def delete_key(self, caller: Caller, body: DeleteKey) -> Nothing:
        """Deletes a key, which counts at once, and the tokens that were made with it."""
        await self.accounts.delete_key(caller, body.project, body.id, body.secret)
        return Nothing()


def _shown(account: ServiceAccount) -> dict[str, object]:
    return {
        "sid": account.sid,
        "email": account.email,
        "name": account.name,
        "description": account.description,
        "created_at": account.created_at,
        "created_by": account.created_by,
    }
