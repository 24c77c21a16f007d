"""The namespace `installation`: what only its administrators do, above all behind the command line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.domain.policy import Caller
from sidecar.domain.roles import OPERATE
from sidecar.domain.scopes import DELETE, PULL, PUSH
from sidecar.usecases.apply_policy import ApplyPolicy
from sidecar.usecases.create_token import CreateToken
from sidecar.usecases.explain_access import ExplainAccess
from sidecar.web.api.bodies import Body, Result
from sidecar.web.api.fields import EmailField, PrincipalField, RepositoryField, Title, Whole
from sidecar.web.api.methods import AnyMethod, Method
from sidecar.web.api.policy_body import PolicyPart


class ApplyPolicyBody(Body):
    declaration: PolicyPart
    """What shall be there; what it doesn't name is left alone."""
    dry_run: bool = False
    """Only say what would change."""


class ExplainAccessBody(Body):
    email: PrincipalField
    """A person's or a service account's e-mail, `group:<name>`, `allUsers` or `allAuthenticatedUsers`."""
    repository: RepositoryField
    """The full name; it needn't exist."""
    actions: Annotated[tuple[Literal["pull", "push", "delete", "*"], ...], Field(min_length=1)] = (PULL, PUSH, DELETE)
    """What is asked, as a client would ask it: a push without a pull is never granted."""


class CreateTokenBody(Body):
    email: EmailField
    """The person's e-mail."""
    ttl_seconds: Annotated[int, Whole(60, 365 * 86400)] | None = None
    """How long it lives, 60 to 31536000; without it 30 days."""
    label: Title = ""
    """What it is for."""


class ChangeResult(Result):
    action: Literal["add", "change"]
    what: str
    """Such as `role cleaner of acme`."""
    details: tuple[str, ...]
    """What it is given, or what about it changes."""


class AppliedPolicy(Result):
    changes: list[ChangeResult]
    """In the order in which they are made; none where everything is as declared."""


class ReasonResult(Result):
    action: str
    allowed: bool
    because: str
    """The binding that allows it, or what is missing."""


class ExplainedAccess(Result):
    project: str | None = None
    """The project that owns the repository; absent where none does."""
    reasons: list[ReasonResult]
    """One for each action."""


class CreatedToken(Result):
    token: str
    """The token, this once."""
    id: str
    expires_at: datetime | None = None


_ANN: Final = "ann@example.com"
_POLICY_EXAMPLE: Final = {"declaration": {"projects": {"acme": {"bindings": {_ANN: {"roles": ["owner"]}}}}}}
_ASKED_EXAMPLE: Final = {"email": _ANN, "repository": "acme/web", "actions": ["pull", "push"]}
_PERSON_EXAMPLE: Final = {"email": _ANN, "ttlSeconds": 86400}


@dataclass(frozen=True, slots=True)
class InstallationNamespace:
    apply: ApplyPolicy
    explain: ExplainAccess
    create: CreateToken

    def methods(self) -> Sequence[AnyMethod]:
        return (
            Method(
                "installation.applyPolicy", OPERATE, ApplyPolicyBody, AppliedPolicy, self.apply_policy, _POLICY_EXAMPLE
            ),
            Method(
                "installation.explainAccess",
                OPERATE,
                ExplainAccessBody,
                ExplainedAccess,
                self.explain_access,
                _ASKED_EXAMPLE,
            ),
            Method(
                "installation.createToken", OPERATE, CreateTokenBody, CreatedToken, self.create_token, _PERSON_EXAMPLE
            ),
        )

    async def apply_policy(self, caller: Caller, body: ApplyPolicyBody) -> AppliedPolicy:
        """Makes projects, roles, service accounts and bindings what is declared: the whole of it, or nothing."""
        made = await self.apply(caller, body.declaration.declared(), body.dry_run)
        return AppliedPolicy(
            changes=[
                ChangeResult(
                    action="add" if change.before is None else "change", what=change.what, details=change.details
                )
                for change in made
            ]
        )

    async def explain_access(self, _: Caller, body: ExplainAccessBody) -> ExplainedAccess:
        """Says for each action which binding allows it, or what is missing, by the rule that signs tokens."""
        explanation = await self.explain(body.email, body.repository, frozenset(body.actions))
        reasons = [
            ReasonResult(action=reason.action, allowed=reason.allowed, because=reason.because)
            for reason in explanation.decision.reasons
        ]
        return ExplainedAccess(project=explanation.owner, reasons=reasons)

    async def create_token(self, caller: Caller, body: CreateTokenBody) -> CreatedToken:
        """Makes a personal token for a person and shows it this once. It holds whatever they are bound to."""
        lifetime = None if body.ttl_seconds is None else timedelta(seconds=body.ttl_seconds)
        token = await self.create(caller, body.email, body.label, lifetime)
        credential = token.kept.credential
        return CreatedToken(token=token.text, id=credential.id, expires_at=credential.expires_at)
