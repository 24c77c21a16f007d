"""The management API: each namespace with the use cases behind its methods."""

from aiohttp import web

from sidecar.bootstrap.core import API_SECRETS, Core
from sidecar.usecases.apply_policy import ApplyPolicy
from sidecar.usecases.browse import Browse
from sidecar.usecases.create_token import CreateToken
from sidecar.usecases.explain_access import ExplainAccess
from sidecar.usecases.explain_image import ExplainImage
from sidecar.usecases.inspect_access import InspectAccess
from sidecar.usecases.manage_bindings import ManageBindings
from sidecar.usecases.manage_projects import ManageProjects
from sidecar.usecases.manage_pull_secrets import ManagePullSecrets
from sidecar.usecases.manage_quarantine import ManageQuarantine
from sidecar.usecases.manage_roles import ManageRoles
from sidecar.usecases.manage_service_accounts import ManageServiceAccounts
from sidecar.usecases.manage_tokens import ManageTokens
from sidecar.usecases.order_sweeps import OrderSweeps
from sidecar.usecases.read_audit import ReadAudit
from sidecar.usecases.read_denials import ReadDenials
from sidecar.usecases.receive_events import ReceiveEvents
from sidecar.usecases.recount import Recount
from sidecar.usecases.remove import Remove
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


def management_api(core: Core, receive: ReceiveEvents, remove: Remove) -> list[web.RouteDef]:
    """The routes of every method, and of the document that describes them."""
    store, clock = core.store, core.clock
    methods = MethodTable(
        (
            _projects(core),
            RegistryNamespace(Browse(core.browsing, core.access), remove),
            RoleNamespace(ManageRoles(store, clock), ManageBindings(store, clock)),
            _service_accounts(core),
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
    authenticate, limits = core.authenticate(API_SECRETS), core.config.limits
    dispatcher = Dispatcher(methods, authenticate, core.access, limits.body_bytes, core.denials.call)
    return [*dispatcher.routes(), *openapi_routes(methods, core.config.public_url)]


def _projects(core: Core) -> ProjectNamespace:
    everyone_creates = core.config.api.project_creators == "everyone"
    return ProjectNamespace(ManageProjects(core.store, core.registry, core.clock, everyone_creates))


def _service_accounts(core: Core) -> ServiceAccountNamespace:
    domain = core.config.service_account_domain
    return ServiceAccountNamespace(ManageServiceAccounts(core.store, core.access, core.clock, core.randomness, domain))


def _pull_secrets(core: Core) -> PullSecretNamespace:
    host, domain = core.config.registry.host, core.config.service_account_domain
    return PullSecretNamespace(ManagePullSecrets(core.store, core.sealing, core.clock, core.randomness, host, domain))


def _installation(core: Core) -> InstallationNamespace:
    domain = core.config.service_account_domain
    return InstallationNamespace(
        ApplyPolicy(core.store, core.clock, domain),
        ExplainAccess(core.store, core.access, core.groups.groups_of),
        CreateToken(core.store, core.access, core.clock, core.randomness, domain, core.groups.groups_of),
    )
