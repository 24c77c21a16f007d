"""The token endpoint, and the use case behind it."""

from sidecar.bootstrap.core import TOKEN_SECRETS, Core
from sidecar.usecases.authenticate import Authenticate
from sidecar.usecases.issue_refresh_token import IssueRefreshToken
from sidecar.usecases.issue_token import FreshTokens, IssueToken, Lifetimes
from sidecar.web.metrics import Metrics
from sidecar.web.repeated import MOST_ANSWERS, RepeatedAnswers
from sidecar.web.token import TokenEndpoint


def token_endpoint(core: Core, metrics: Metrics) -> TokenEndpoint:
    """Where clients of the registry get their tokens."""
    tokens = core.config.tokens
    repeated = RepeatedAnswers(MOST_ANSWERS if tokens.reuse_seconds else 0)
    authenticate = core.authenticate(TOKEN_SECRETS)
    return TokenEndpoint(_issue_token(core, authenticate), tokens.service, metrics, repeated, authenticate.unreadable)


def _issue_token(core: Core, authenticate: Authenticate) -> IssueToken:
    tokens = core.config.tokens
    return IssueToken(
        authenticate=authenticate,
        access=core.access,
        signer=core.signer,
        clock=core.clock,
        refresh_token=IssueRefreshToken(core.store, core.clock, core.randomness),
        lifetimes=Lifetimes(tokens.lifetime_seconds, tokens.push_lifetime_seconds),
        fresh=FreshTokens(tokens.reuse_seconds),
        pushes=core.pushes,
        used=core.used.note,
        denied=core.denials.decision,
        groups_of=core.groups.groups_of,
    )
