"""Everything that can be refused, as one tree. Each error carries its evidence; `web.problems` says how it looks.

SidecarError
├── Unauthorized            no credentials where some are needed
│   └── InvalidCredentials  credentials that some authenticator calls its own, and bad
├── TooManyAttempts         bad credentials, again: the client is to wait
├── Forbidden               known in the project, but this permission is missing
├── NotFound                it isn't there, or it belongs to somebody else: the same answer
├── AlreadyExists
├── Invalid                 what was sent breaks rules; every fault at once
├── Refused                 a rule of the thing itself forbids it (its code names the rule)
├── RegistryUnavailable     the registry did not answer as it should; nothing was changed
│   └── OutcomeUnknown      it may have been changed all the same: never told as it is, but found out
└── Unavailable             one of our own dependencies failed: never an access decision
    └── Busy                too much is asked of it at once; who asks again later gets an answer
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

_T = TypeVar("_T")


class SidecarError(Exception):
    """`code` and `message` are those of the management API's table; `items` is one string per piece of evidence."""

    code = "internal"

    def __init__(self, message: str, items: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.items = tuple(items)


class Misconfigured(Exception):
    """What stands in the configuration, or a file that it names, is no good. The text says where, and what to do."""


class Unauthorized(SidecarError):
    code = "unauthorized"

    def __init__(self) -> None:
        super().__init__("api: unauthorized")


class SignInFault(StrEnum):
    """What was wrong with credentials: for the audit log and metrics alone, never for the answer (S8)."""

    MALFORMED = "malformed"
    """They can't be read, or the secret is empty."""
    UNRECOGNISED = "unrecognised"
    """No authenticator knows secrets of this form."""
    UNKNOWN = "unknown"
    """Never given out, or revoked."""
    EXPIRED = "expired"
    MISPLACED = "misplaced"
    """A secret of this kind isn't taken in this way, such as a key as a bearer."""
    NOT_THEIRS = "notTheirs"
    """The secret is somebody else's than the user name says."""
    UNPROVEN = "unproven"
    """A wrong password, or a token that nobody who is believed has signed or vouches for."""
    NOT_WELCOME = "notWelcome"
    """Proven elsewhere, but nobody who may sign in here by that."""


class InvalidCredentials(Unauthorized):
    """Wrong, unknown, expired and revoked are one error on purpose: the answer must not tell them apart (S8)."""

    def __init__(self, fault: SignInFault = SignInFault.UNKNOWN) -> None:
        super().__init__()
        self.fault = fault


class TooManyAttempts(SidecarError):
    """Wrong credentials from who sent many (TS-40). Right ones are never told so. `retry_after` is in seconds."""

    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        super().__init__("api: too many attempts with credentials that don't count")
        self.retry_after = retry_after


class Forbidden(SidecarError):
    """`items` names the missing permissions."""

    code = "forbidden"

    def __init__(self, missing: Iterable[str]) -> None:
        super().__init__("api: forbidden", missing)


_OF_THE_REGISTRY = frozenset(("repository", "tag", "manifest"))


class NotFound(SidecarError):
    """`kind` is in words, as in "service account"; its code is `service_account_not_found`."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"{'' if kind in _OF_THE_REGISTRY else 'api: '}{kind} not found")
        self.code = f"{kind.replace(' ', '_')}_not_found"


class AlreadyExists(SidecarError):
    code = "already_exists"

    def __init__(self, kind: str) -> None:
        super().__init__(f"api: {kind} already exists")


class Invalid(SidecarError):
    """`items` holds one string per fault, each naming its field."""

    code = "validate"

    def __init__(self, *faults: str) -> None:
        super().__init__("api: validate error", faults)


class Refused(SidecarError):
    """A rule of the thing itself says no; `code` names the rule and `items` what stands in the way."""

    def __init__(self, code: str, message: str, items: Iterable[str] = ()) -> None:
        super().__init__(message, items)
        self.code = code


class RegistryUnavailable(SidecarError):
    code = "registry_unavailable"

    def __init__(self) -> None:
        super().__init__("registry unavailable")


class OutcomeUnknown(RegistryUnavailable):
    """A change was asked for and not clearly answered: only another question can tell whether it was made."""


@contextmanager
def begun() -> Iterator[None]:
    """Something was changed at the registry by now, so that no failure is "nothing was changed" any more."""
    try:
        yield
    except RegistryUnavailable as fault:
        raise OutcomeUnknown from fault


class Unavailable(SidecarError):
    """Something that an answer depends on failed (TS-59): 503, never a refusal and never a grant."""

    code = "unavailable"

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is unavailable")


class Busy(Unavailable):
    """`retry_after` is in seconds."""

    def __init__(self, what: str, retry_after: int) -> None:
        super().__init__(what)
        self.retry_after = retry_after


def found(thing: _T | None, kind: str) -> _T:
    """The thing, or NotFound of this kind where there is none."""
    if thing is None:
        raise NotFound(kind)
    return thing
