"""Config → Application: the only place that names concrete classes. It reads top to bottom as the architecture."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web

from sidecar.adapters.background import Repeating
from sidecar.adapters.credentials import IssuedSecretAuthenticator
from sidecar.adapters.database import open_database
from sidecar.adapters.logs import configure_logging
from sidecar.adapters.pace import Pace
from sidecar.adapters.registry.transport import registry_transport
from sidecar.adapters.registry.writer import HttpRegistryWriter
from sidecar.adapters.removals import LoggedRemovals
from sidecar.adapters.sealing import AesGcmSealing, SealingKeyError, keys_of
from sidecar.adapters.sign_in import HtpasswdSettings, IntrospectionSettings, OidcSettings, SignIn, open_sign_in
from sidecar.adapters.sign_in.introspection import Server
from sidecar.adapters.sign_in.observed import Told
from sidecar.adapters.sign_in.people import People
from sidecar.adapters.signing import KeptTokens, LeafSigner, load_authority
from sidecar.adapters.system import SystemClock, SystemRandomness
from sidecar.config import Config, OidcProvider, SecretFileError, read_secret
from sidecar.domain.echoes import Echoes
from sidecar.domain.names import Email
from sidecar.domain.outsiders import Reserved
from sidecar.domain.pulls import PullLedger
from sidecar.domain.push_tokens import PushTokens
from sidecar.domain.secrets import SecretKind
from sidecar.domain.throttle import Limits, Throttle
from sidecar.ports import AccessReader, Clock, Randomness, Store, TokenSigner
from sidecar.ports.auditing import AuditLog
from sidecar.ports.browsing import Browsing
from sidecar.ports.changing import Changes
from sidecar.ports.denials import Denials
from sidecar.ports.explaining import Explanations
from sidecar.ports.index import Inbox, Index, IndexObserver
from sidecar.ports.pull_secrets import Sealing
from sidecar.ports.sweeps import Sweeps
from sidecar.usecases.apply_policy import ApplyPolicy
from sidecar.usecases.assign_projects import AssignProjects
from sidecar.usecases.authenticate import Authenticate
from sidecar.usecases.browse import Browse
from sidecar.usecases.create_token import CreateToken
from sidecar.usecases.empty_repository import EmptyRepository
from sidecar.usecases.ensure_administrator import EnsureAdministrator
from sidecar.usecases.explain_access import ExplainAccess
from sidecar.usecases.explain_image import ExplainImage
from sidecar.usecases.fetch_manifests import FetchManifests
from sidecar.usecases.flush_pulls import FlushPulls
from sidecar.usecases.forget_expired import ForgetExpired
from sidecar.usecases.index_events import PORTION, IndexEvents
from sidecar.usecases.inspect_access import InspectAccess
from sidecar.usecases.issue_refresh_token import IssueRefreshToken
from sidecar.usecases.issue_token import FreshTokens, IssueToken, Lifetimes
from sidecar.usecases.manage_bindings import ManageBindings
from sidecar.usecases.manage_projects import ManageProjects
from sidecar.usecases.manage_pull_secrets import ManagePullSecrets
from sidecar.usecases.manage_quarantine import ManageQuarantine
from sidecar.usecases.manage_roles import ManageRoles
from sidecar.usecases.manage_service_accounts import ManageServiceAccounts
from sidecar.usecases.manage_tokens import ManageTokens
from sidecar.usecases.order_sweeps import OrderSweeps
from sidecar.usecases.prune_audit import PORTION as PORTION_OF_AUDIT
from sidecar.usecases.prune_audit import PruneAudit
from sidecar.usecases.read_audit import ReadAudit
from sidecar.usecases.read_denials import ReadDenials
from sidecar.usecases.receive_events import ReceiveEvents
from sidecar.usecases.reconcile import Reconcile
from sidecar.usecases.record_denials import RecordDenials
from sidecar.usecases.record_use import RecordUse
from sidecar.usecases.recount import Recount
from sidecar.usecases.refuse_sign_in import RefuseSignIn
from sidecar.usecases.remember_groups import RememberGroups
from sidecar.usecases.remove import Remove
from sidecar.usecases.reseal_pull_secrets import ResealPullSecrets
from sidecar.usecases.schedule_sweeps import ScheduleSweeps
from sidecar.usecases.verify import Verify
from sidecar.usecases.watch_index import WatchIndex
from sidecar.web import events, token
from sidecar.web.api.audit_log import AuditLogNamespace
from sidecar.web.api.denials import DenialNamespace
from sidecar.web.api.dispatcher import Dispatcher
from sidecar.web.api.image import ImageNamespace
from sidecar.web.api.inbox import InboxNamespace
from sidecar.web.api.installation import InstallationNamespace
from sidecar.web.api.me import MeNamespace
from sidecar.web.api.methods import MethodTable
from sidecar.web.api.openapi import openapi_routes
from sidecar.web.api.project import ProjectNamespace
from sidecar.web.api.pull_secret import PullSecretNamespace
from sidecar.web.api.reconcile import ReconcileNamespace
from sidecar.web.api.registry import RegistryNamespace
from sidecar.web.api.role import RoleNamespace
from sidecar.web.api.service_account import ServiceAccountNamespace
from sidecar.web.app import FrontDoor, make_app
from sidecar.web.events import EventsEndpoint
from sidecar.web.health import Health, health_routes, metrics_routes
from sidecar.web.index_alerts import IndexAlerts
from sidecar.web.metrics import Metrics
from sidecar.web.problems import status_envelope, token_envelope
from sidecar.web.remote import Proxies
from sidecar.web.repeated import MOST_ANSWERS, RepeatedAnswers
from sidecar.web.server import c_parser_is_loaded, listening
from sidecar.web.sweep_alerts import SweepAlerts
from sidecar.web.token import TokenEndpoint

_GATHER_SECONDS: Final = 0.1
"""How long a line of the log may wait for others."""
_FLUSH_SECONDS: Final = 10.0
"""How often the last use of credentials, and pulls, are written."""
_INDEX_SECONDS: Final = 0.5
"""How often events and manifests are looked for that nobody told of: those from before the start, or put off."""
_TOGETHER_SECONDS: Final = 0.02
"""How long an event waits for others to be indexed with it: each transaction holds up those that are being stored."""
_VERIFY_SECONDS: Final = 0.5
"""How late a due verification may begin."""
_SWEEP_SECONDS: Final = 0.5
"""How soon a sweep that is due begins, and how often one that waits looks again."""
_CONCLUDE_SECONDS: Final = 5.0
"""How soon it is found out how a change at the registry has ended that was cut off."""
_WATCH_SECONDS: Final = 5.0
"""How often what waits is counted for metrics and alerts."""
_KEYS_SECONDS: Final = 1.0
"""How soon it is seen that keys of an OIDC provider are due to be fetched."""
_REFUSALS_SECONDS: Final = 3.0
"""How often refused sign-ins and denials are written."""
_FORGET_SECONDS: Final = 3600.0
"""How often expired credentials are looked for."""
_RESEAL_SECONDS: Final = 3600.0
"""How often passwords are looked for that an old key sealed; keys change with a start, when it is done at once."""
_PUT_BACK_SECONDS: Final = 1.0
"""How soon a push is put back that went with the tag that it was pushed under."""
_FOLLOW_SECONDS: Final = 1.0
"""How soon a change of access by another process is seen here (decision 5)."""


_API_SECRETS: Final = (SecretKind.SERVICE_ACCOUNT_KEY, SecretKind.PERSONAL_TOKEN, SecretKind.SCOPED_TOKEN)
_TOKEN_SECRETS: Final = (*_API_SECRETS, SecretKind.REFRESH_TOKEN, SecretKind.PULL_SECRET)
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


@dataclass(frozen=True, slots=True)
class Application:
    """Everything, made once. `internal` is None where metrics are served on the public listener."""

    core: Core
    public: web.Application
    internal: web.Application | None


@asynccontextmanager
async def application(
    config: Config, clock: Clock | None = None, randomness: Randomness | None = None, *, working: bool = True
) -> AsyncIterator[Application]:
    """The application with its database open and, if `working`, its background work running; nothing listens yet.

    Raises DatabaseError, SecretFileError, AuthorityError, Invalid or OSError where the installation isn't in order.
    """
    metrics = Metrics()
    async with _core(config, clock or SystemClock(), randomness or SystemRandomness(), metrics) as core:
        remove = _remove(core)
        pulls = PullLedger(frozenset(config.events.uncounted_principals))
        secrets = _event_secrets(config)
        log = structlog.get_logger().bind()
        index_alerts = IndexAlerts(metrics, log, core.clock, has_secrets=bool(secrets))
        sweep_alerts = SweepAlerts(metrics, log, core.clock)
        indexing = _indexing(core, pulls, index_alerts, sweep_alerts)
        background = (*_upkeep(core), *_changing(remove), *indexing)
        troubles = {work.name: work.trouble for work in background} | {"reconcile": sweep_alerts.trouble}
        troubles |= core.sign_in.troubles()
        health = Health(core.signer.ready, {**troubles, **index_alerts.troubles()})
        receive = ReceiveEvents(
            core.inbox,
            pulls,
            core.clock,
            config.events.quarantine_bytes,
            core.echoes,
            stored=indexing[0].nudge,
            caught_up=indexing[1].nudge,
        )
        public = [
            *_token_endpoint(core, metrics).routes(),
            *_management_api(core, receive, remove),
            *health_routes(health),
        ]
        internal = [*_events(core, receive, secrets, metrics).routes(), *metrics_routes(metrics)]
        front_door = _front_door(core, metrics)
        async with AsyncExitStack() as stack:
            for work in background if working else ():
                await stack.enter_async_context(work.running())
            if config.internal_listen is None:
                yield Application(core, make_app(front_door, [*public, *internal]), None)
            else:
                yield Application(core, make_app(front_door, public), make_app(front_door, internal))


@asynccontextmanager
async def _core(config: Config, clock: Clock, randomness: Randomness, metrics: Metrics) -> AsyncIterator[Core]:
    signer = token_signer(config, clock, randomness)
    echoes = Echoes()
    async with (
        open_database(config.database.path, clock) as database,
        registry_transport(config.registry.url) as transport,
        AsyncExitStack() as stack,
    ):
        await EnsureAdministrator(database.store, clock)(config.administrator.email, _administrators_token(config))
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


def sign_in(
    config: Config, groups: RememberGroups | None, told: Told, clock: Clock, randomness: Randomness
) -> AbstractAsyncContextManager[SignIn]:
    """The ways to sign in by what others vouch for. Without `groups` nobody's are known or remembered."""
    domain = config.service_account_domain
    people = People(
        Reserved(Email(config.administrator.email), (domain, *config.sign_in.reserved_domains)),
        domain,
        groups.groups_of if groups else lambda _: frozenset(),
        groups.told if groups else lambda _, __: None,
    )
    providers = [_provider(provider) for provider in config.sign_in.oidc]
    return open_sign_in(providers, _htpasswd(config), _introspection(config), people, told, clock, randomness)


def _provider(provider: OidcProvider) -> OidcSettings:
    return OidcSettings(
        issuer=provider.issuer,
        audiences=provider.audiences,
        algorithms=provider.algorithms,
        email_domains=provider.email_domains,
        email_claim=provider.email_claim,
        emails_are_verified=provider.emails_are_verified,
        groups_claim=provider.groups_claim,
        groups_prefix=provider.groups_prefix,
        jwks_url=provider.jwks_url,
        ca_certificate=provider.ca_certificate,
        leeway=timedelta(seconds=provider.leeway_seconds),
    )


def _htpasswd(config: Config) -> HtpasswdSettings | None:
    settings = config.sign_in.htpasswd
    if settings is None:
        return None
    return HtpasswdSettings(settings.file, settings.default_domain, _emails(settings.principals))


def _introspection(config: Config) -> IntrospectionSettings | None:
    """Tokens of the OIDC providers, and those that the sidecar signs for the registry, are not its to judge."""
    settings = config.sign_in.introspection
    if settings is None:
        return None
    server = Server(
        url=settings.url,
        client_id=settings.client_id,
        client_secret=read_secret(settings.client_secret_file, config.secrets.allow_readable),
        audiences=settings.audiences,
        client_ids=settings.client_ids,
        scopes=settings.scopes,
        email_domains=settings.email_domains,
        email_claim=settings.email_claim,
        emails_are_verified=settings.emails_are_verified,
        principals=_emails(settings.principals),
        issuers=frozenset((config.tokens.issuer, *(provider.issuer for provider in config.sign_in.oidc))),
    )
    return IntrospectionSettings(server, settings.ca_certificate)


def _emails(principals: Mapping[str, str]) -> dict[str, Email]:
    return {name: Email(email) for name, email in principals.items()}


def _tell_ages(metrics: Metrics, ways: SignIn) -> None:
    for provider in ways.providers:
        metrics.keys_age.labels(provider.issuer).set_function(provider.age)


def _throttle(config: Config, randomness: Randomness) -> Throttle:
    settings = config.throttle
    limits = Limits(settings.failures_of_one, settings.failures_of_address, timedelta(seconds=settings.window_seconds))
    return Throttle(limits, randomness.bytes(32))


def token_signer(config: Config, clock: Clock, randomness: Randomness) -> LeafSigner:
    """What signs registry tokens by the installation's CA."""
    tokens = config.tokens
    key = read_secret(tokens.ca_key, config.secrets.allow_readable)
    return LeafSigner(
        load_authority(tokens.ca_certificate.read_bytes(), key.encode()),
        issuer=tokens.issuer,
        audience=tokens.service,
        leaf_lifetime=timedelta(hours=tokens.leaf_lifetime_hours),
        clock=clock,
        randomness=randomness,
    )


def _administrators_token(config: Config) -> str | None:
    """None where the file was removed, which takes the token away."""
    path = config.administrator.token_file
    return read_secret(path, config.secrets.allow_readable) if path.exists() else None


def pull_secret_keys(config: Config) -> list[bytes]:
    """None where there is no file: then no other registry's password can be kept or read."""
    path = config.pull_secrets.key_file
    if not path.exists():
        return []
    try:
        return keys_of(read_secret(path, config.secrets.allow_readable))
    except SealingKeyError as error:
        raise SecretFileError(f"{path}: {error}") from None


def _upkeep(core: Core) -> tuple[Repeating, ...]:
    """What keeps credentials and access up to date, and the audit log within its bounds."""
    prune = PruneAudit(core.audit, core.clock, timedelta(days=core.config.audit.keep_days))
    return (
        Repeating("last use of credentials", _FLUSH_SECONDS, core.used.flush, at_end=True),
        Repeating("changes of access", _FOLLOW_SECONDS, core.access.refresh),
        Repeating("groups of people", _FOLLOW_SECONDS, core.groups.flush, at_end=True),
        Repeating("keys of providers", _KEYS_SECONDS, core.sign_in.refresh),
        Repeating("expired credentials", _FORGET_SECONDS, ForgetExpired(core.store, core.clock)),
        Repeating("sealing pull secrets", _RESEAL_SECONDS, ResealPullSecrets(core.store, core.sealing)),
        Repeating("refused sign-ins", _REFUSALS_SECONDS, core.refuse.flush, at_end=True),
        Repeating("denials", _REFUSALS_SECONDS, core.denials.flush, at_end=True),
        Repeating("old denials", _FORGET_SECONDS, core.denials.forget),
        Repeating("old audit entries", _FORGET_SECONDS, prune, portion=PORTION_OF_AUDIT),
    )


def _token_endpoint(core: Core, metrics: Metrics) -> TokenEndpoint:
    tokens = core.config.tokens
    repeated = RepeatedAnswers(MOST_ANSWERS if tokens.reuse_seconds else 0)
    authenticate = core.authenticate(_TOKEN_SECRETS)
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


def _management_api(core: Core, receive: ReceiveEvents, remove: Remove) -> list[web.RouteDef]:
    store, clock, config = core.store, core.clock, core.config
    everyone_creates = config.api.project_creators == "everyone"
    accounts = ManageServiceAccounts(store, core.access, clock, core.randomness, config.service_account_domain)
    methods = MethodTable(
        (
            ProjectNamespace(ManageProjects(store, core.registry, clock, everyone_creates)),
            RegistryNamespace(Browse(core.browsing, core.access), remove),
            RoleNamespace(ManageRoles(store, clock), ManageBindings(store, clock)),
            ServiceAccountNamespace(accounts),
            _pull_secrets(core),
            MeNamespace(InspectAccess(store), ManageTokens(store, clock, core.randomness)),
            _installation(core),
            ImageNamespace(ExplainImage(core.explanations, core.registry, core.access.owner_of)),
            InboxNamespace(ManageQuarantine(core.inbox, receive.again, clock)),
            DenialNamespace(ReadDenials(core.denied, store)),
            AuditLogNamespace(ReadAudit(core.audit, store)),
            ReconcileNamespace(OrderSweeps(core.sweeps, clock), Recount(core.index, clock)),
        )
    )
    dispatcher = Dispatcher(
        methods, core.authenticate(_API_SECRETS), core.access, config.limits.body_bytes, core.denials.call
    )
    return [*dispatcher.routes(), *openapi_routes(methods, config.public_url)]


def _remove(core: Core) -> Remove:
    empty = EmptyRepository(core.changes, core.registry, core.clock, LoggedRemovals(core.clock))
    return Remove(core.changes, core.registry, empty, core.access, core.clock, core.randomness)


def _changing(remove: Remove) -> tuple[Repeating, ...]:
    """What sees changes at the registry through to their end."""
    return (
        Repeating("changes that were cut off", _CONCLUDE_SECONDS, remove.conclude),
        Repeating("pushes that overlapped", _PUT_BACK_SECONDS, remove.put_back),
    )


def _indexing(core: Core, pulls: PullLedger, observer: IndexObserver, alerts: SweepAlerts) -> tuple[Repeating, ...]:
    """What turns events into an index, and the index into the registry's truth; first indexing, then fetching."""
    settle = timedelta(seconds=core.config.events.settle_seconds)
    verify = Verify(core.index, core.registry, core.clock, settle, core.sweeps, observer)
    fetch = FetchManifests(core.index, core.registry, core.clock, core.echoes)
    fetching = Repeating("fetching", _INDEX_SECONDS, fetch.run_once)
    index = IndexEvents(core.inbox, core.index, core.clock, settle, observer)
    return (
        Repeating(
            "indexing",
            _INDEX_SECONDS,
            _then(index.run_once, fetching.nudge),
            portion=PORTION,
            gather=_TOGETHER_SECONDS,
        ),
        fetching,
        Repeating("verifying", _VERIFY_SECONDS, verify.run_once),
        Repeating("beginning sweeps", _SWEEP_SECONDS, _schedule(core, alerts).run_once),
        Repeating("sweeping", _SWEEP_SECONDS, _reconcile(core, verify, alerts).run_once),
        Repeating("assigning projects", _FOLLOW_SECONDS, AssignProjects(core.access, core.index).run_once),
        Repeating("watching", _WATCH_SECONDS, WatchIndex(core.inbox, core.index, observer).run_once),
        Repeating("counting pulls", _FLUSH_SECONDS, FlushPulls(pulls, core.index), at_end=True),
    )


def _then(work: Callable[[], Awaitable[int]], nudge: Callable[[], None]) -> Callable[[], Awaitable[int]]:
    """Where the work found something to do, what comes next is told."""

    async def both() -> int:
        done = await work()
        if done:
            nudge()
        return done

    return both


def _schedule(core: Core, alerts: SweepAlerts) -> ScheduleSweeps:
    settings, now = core.config.reconcile, core.clock.now()
    interval, least = timedelta(seconds=settings.interval_seconds), timedelta(seconds=settings.least_seconds)
    return ScheduleSweeps(core.sweeps, alerts, core.clock, interval, least, began_at=now)


def _reconcile(core: Core, verify: Verify, alerts: SweepAlerts) -> Reconcile:
    """Reconciling asks as verifying does (decision 2)."""
    settings = core.config.reconcile
    return Reconcile(
        index=core.index,
        registry=core.registry,
        sweeps=core.sweeps,
        clock=core.clock,
        ask=verify.ask,
        pace=Pace(settings.requests_per_second, core.echoes, core.clock),
        owner_of=core.access.owner_of,
        pushes=core.pushes,
        observer=alerts,
        settle=verify.settle,
        concurrency=settings.concurrency,
    )


def _events(core: Core, receive: ReceiveEvents, secrets: Sequence[str], metrics: Metrics) -> EventsEndpoint:
    return EventsEndpoint(
        receive=receive,
        secrets=secrets,
        body_bytes=core.config.events.body_bytes,
        metrics=metrics,
        log=structlog.get_logger().bind(),
    )


def _event_secrets(config: Config) -> list[str]:
    """None where there is no file: then no event is rightful."""
    path = config.events.secrets_file
    return read_secret(path, config.secrets.allow_readable).split() if path.exists() else []


def _pull_secrets(core: Core) -> PullSecretNamespace:
    config = core.config
    return PullSecretNamespace(
        ManagePullSecrets(
            core.store,
            core.sealing,
            core.clock,
            core.randomness,
            config.registry.host,
            config.service_account_domain,
        )
    )


def _installation(core: Core) -> InstallationNamespace:
    domain = core.config.service_account_domain
    return InstallationNamespace(
        ApplyPolicy(core.store, core.clock, domain),
        ExplainAccess(core.store, core.access, core.groups.groups_of),
        CreateToken(core.store, core.access, core.clock, core.randomness, domain, core.groups.groups_of),
    )


def _front_door(core: Core, metrics: Metrics) -> FrontDoor:
    return FrontDoor(
        proxies=Proxies(core.config.trusted_proxies),
        randomness=core.randomness,
        metrics=metrics,
        log=structlog.get_logger().bind(),
        envelopes={token.PATH: token_envelope(core.config.realm), events.PATH: status_envelope},
    )


async def serve(config: Config) -> None:
    """Serves until SIGTERM or SIGINT, then lets requests under way finish, writes what is noted, and closes."""
    configure_logging(config.logging.level, gather_seconds=_GATHER_SECONDS)
    log = structlog.get_logger()
    _tell_of_parser()
    async with application(config) as running, serving(running) as addresses:
        log.info("listening", addresses=addresses)
        _spare_the_collector()
        await _told_to_stop()
        log.info("stopping")


def _tell_of_parser() -> None:
    if not c_parser_is_loaded():
        structlog.get_logger().warning(
            "aiohttp runs without its C parser: slower, and less tried against malformed requests"
        )


@asynccontextmanager
async def serving(running: Application) -> AsyncIterator[dict[str, str]]:
    """Listens while the block runs; gives what is bound where, as `HOST:PORT`."""
    config, limits = running.core.config, running.core.config.limits
    wanted = {"public": (running.public, config.listen)}
    if running.internal is not None and config.internal_listen is not None:
        wanted["internal"] = (running.internal, config.internal_listen)
    async with AsyncExitStack() as stack:
        bound = {}
        for name, (app, address) in wanted.items():
            host, port = await stack.enter_async_context(
                listening(
                    app,
                    address,
                    request_seconds=limits.request_seconds,
                    shutdown_seconds=limits.shutdown_seconds,
                )
            )
            bound[name] = f"{host}:{port}"
        yield bound


def _spare_the_collector() -> None:
    """What stands by now stays. Walking through it took a third of a second with 100,000 accounts, and held all up."""
    gc.collect()
    gc.freeze()


async def _told_to_stop() -> None:
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()
