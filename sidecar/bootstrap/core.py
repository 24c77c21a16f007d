"""What use cases are made of, each made once: the open database, the registry, the signer, and who may sign in."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sidecar.adapters.credentials import IssuedSecretAuthenticator
from sidecar.adapters.database import open_database
from sidecar.adapters.registry.transport import registry_transport
from sidecar.adapters.registry.writer import HttpRegistryWriter
from sidecar.adapters.sealing import AesGcmSealing
from sidecar.adapters.sign_in import SignIn
from sidecar.adapters.signing import KeptTokens
from sidecar.bootstrap.keys import administrators_token, pull_secret_keys, token_signer
from sidecar.bootstrap.sign_in import sign_in
from sidecar.config import Config
from sidecar.domain.echoes import Echoes
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.secrets import SecretKind
from sidecar.domain.throttle import Limits, Throttle
from sidecar.ports import AccessReader, Clock, Randomness, Store, TokenSigner
from sidecar.ports.auditing import AuditLog
from sidecar.ports.browsing import Browsing
from sidecar.ports.changing import Changes
from sidecar.ports.denials import Denials
from sidecar.ports.explaining import Explanations
from sidecar.ports.inbox import Inbox
from sidecar.ports.index import Index
from sidecar.ports.pull_secrets import Sealing
from sidecar.ports.sweeps import Sweeps
from sidecar.usecases.authenticate import Authenticate
from sidecar.usecases.ensure_administrator import EnsureAdministrator
from sidecar.usecases.record_denials import RecordDenials
from sidecar.usecases.record_use import RecordUse
from sidecar.usecases.refuse_sign_in import RefuseSignIn
from sidecar.usecases.remember_groups import RememberGroups
from sidecar.web.metrics import Metrics

API_SECRETS: Final = (SecretKind.SERVICE_ACCOUNT_KEY, SecretKind.PERSONAL_TOKEN, SecretKind.SCOPED_TOKEN)
"""What the management API takes."""
TOKEN_SECRETS: Final = (*API_SECRETS, SecretKind.REFRESH_TOKEN, SecretKind.PULL_SECRET)
"""What the token endpoint takes; refresh tokens (TS-51) and pull secrets are good for nothing else."""


@dataclass(frozen=True, slots=True)
class Core:
    """What use cases are made of."""

    config: Config
    sign_in: SignIn
    groups: RememberGroups
    clock: Clock
    randomness: Randomness
    signer: TokenSigner
    sealing: Sealing
    store: Store
    access: AccessReader
    inbox: Inbox
    index: Index
    browsing: Browsing
    sweeps: Sweeps
    explanations: Explanations
    echoes: Echoes
    pushes: PushTokens
    changes: Changes
    audit: AuditLog
    registry: HttpRegistryWriter
    used: RecordUse
    refuse: RefuseSignIn
    denials: RecordDenials
    denied: Denials

    def authenticate(self, kinds: Sequence[SecretKind]) -> Authenticate:
        """The chain of authenticators that take these kinds of secrets."""
        ours = IssuedSecretAuthenticator(self.access, self.clock, kinds, self.groups.groups_of)
        return Authenticate((ours, *self.sign_in.authenticators), self.used.note, self.refuse)


@asynccontextmanager
async def open_core(config: Config, clock: Clock, randomness: Randomness, metrics: Metrics) -> AsyncIterator[Core]:
    """The core, open while the block runs; raises as `application` does."""
    signer = token_signer(config, clock, randomness)
    echoes = Echoes()
    async with (
        open_database(config.database.path, clock) as database,
        registry_transport(config.registry.url) as transport,
        AsyncExitStack() as stack,
    ):
        await EnsureAdministrator(database.store, clock)(config.administrator.email, administrators_token(config))
        used = RecordUse(database.store, clock)
        groups = RememberGroups(database.store, database.access, clock)
        ways = await stack.enter_async_context(sign_in(config, groups, metrics.signed_in, clock, randomness))
        _tell_ages(metrics, ways)
        yield Core(
            config=config,
            sign_in=ways,
            groups=groups,
            clock=clock,
            randomness=randomness,
            signer=signer,
            sealing=AesGcmSealing(pull_secret_keys(config), randomness),
            store=database.store,
            access=database.access,
            inbox=database.inbox,
            index=database.index,
            browsing=database.browsing,
            sweeps=database.sweeps,
            registry=HttpRegistryWriter(transport, KeptTokens(signer, clock), lambda: echoes.asked(clock.now())),
            echoes=echoes,
            pushes=PushTokens(),
            explanations=database.explanations,
            changes=database.changes,
            audit=database.audit,
            used=used,
            refuse=RefuseSignIn(database.audit, _throttle(config, randomness), clock, metrics.sign_in_refused),
            denials=RecordDenials(database.audit, database.denials, database.access, clock),
            denied=database.denials,
        )


def _tell_ages(metrics: Metrics, ways: SignIn) -> None:
    for provider in ways.providers:
        metrics.keys_age.labels(provider.issuer).set_function(provider.age)


def _throttle(config: Config, randomness: Randomness) -> Throttle:
    settings = config.throttle
    limits = Limits(settings.failures_of_one, settings.failures_of_address, timedelta(seconds=settings.window_seconds))
    return Throttle(limits, randomness.bytes(32))
