"""The background work that keeps credentials and access up to date, and the audit log within its bounds."""

from datetime import timedelta
from typing import Final

from sidecar.adapters.background import Repeating
from sidecar.bootstrap.core import Core
from sidecar.usecases.forget_expired import ForgetExpired
from sidecar.usecases.prune_audit import PORTION, PruneAudit
from sidecar.usecases.reseal_pull_secrets import ResealPullSecrets

_USE_SECONDS: Final = 10.0
"""How often the last use of credentials is written."""
_FOLLOW_SECONDS: Final = 1.0
"""How soon a change of access by another process is seen here (decision 5), and groups that were told are written."""
_KEYS_SECONDS: Final = 1.0
"""How soon it is seen that keys of an OIDC provider are due to be fetched."""
_REFUSALS_SECONDS: Final = 3.0
"""How often refused sign-ins and denials are written."""
_FORGET_SECONDS: Final = 3600.0
"""How often expired credentials, and old denials and audit entries, are looked for."""
_RESEAL_SECONDS: Final = 3600.0
"""How often passwords are looked for that an old key sealed; keys change with a start, when it is done at once."""


def upkeep(core: Core) -> tuple[Repeating, ...]:
    """All of it, not yet running."""
    prune = PruneAudit(core.audit, core.clock, timedelta(days=core.config.audit.keep_days))
    return (
        Repeating("last use of credentials", _USE_SECONDS, core.used.flush, at_end=True),
        Repeating("changes of access", _FOLLOW_SECONDS, core.access.refresh),
        Repeating("groups of people", _FOLLOW_SECONDS, core.groups.flush, at_end=True),
        Repeating("keys of providers", _KEYS_SECONDS, core.sign_in.refresh),
        Repeating("expired credentials", _FORGET_SECONDS, ForgetExpired(core.store, core.clock)),
        Repeating("sealing pull secrets", _RESEAL_SECONDS, ResealPullSecrets(core.store, core.sealing)),
        Repeating("refused sign-ins", _REFUSALS_SECONDS, core.refuse.flush, at_end=True),
        Repeating("denials", _REFUSALS_SECONDS, core.denials.flush, at_end=True),
        Repeating("old denials", _FORGET_SECONDS, core.denials.forget),
        Repeating("old audit entries", _FORGET_SECONDS, prune, portion=PORTION),
    )
