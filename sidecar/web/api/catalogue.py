"""The API's description without a server or an installation: what commands show of the methods of this version."""

from typing import Any, Final

from sidecar.web.api.audit_log import AuditLogNamespace
from sidecar.web.api.denials import DenialNamespace
from sidecar.web.api.image import ImageNamespace
from sidecar.web.api.inbox import InboxNamespace
from sidecar.web.api.installation import InstallationNamespace
from sidecar.web.api.me import MeNamespace
from sidecar.web.api.methods import MethodTable, Namespace
from sidecar.web.api.openapi import describe
from sidecar.web.api.project import ProjectNamespace
from sidecar.web.api.pull_secret import PullSecretNamespace
from sidecar.web.api.reconcile import ReconcileNamespace
from sidecar.web.api.registry import RegistryNamespace
from sidecar.web.api.role import RoleNamespace
from sidecar.web.api.service_account import ServiceAccountNamespace

_NAMESPACES: Final[tuple[type[Namespace], ...]] = (
    ProjectNamespace,
    RegistryNamespace,
    RoleNamespace,
    ServiceAccountNamespace,
    PullSecretNamespace,
    MeNamespace,
    InstallationNamespace,
    ImageNamespace,
    InboxNamespace,
    DenialNamespace,
    AuditLogNamespace,
    ReconcileNamespace,
)
"""In the order of the reference; a test holds them to what a server answers at `GET /openapi.json`."""


def described(public_url: str) -> dict[str, Any]:
    """The document of `GET /openapi.json`. Its namespaces stand on no use cases: they tell of methods, no more."""
    return describe(MethodTable(object.__new__(namespace) for namespace in _NAMESPACES), public_url)
