"""Every client that is tried, by the name that tests know it by."""

from typing import Final

from tests.system.client.base import Client
from tests.system.client.containerd import Containerd
from tests.system.client.containers import Buildah, Podman, Skopeo
from tests.system.client.crane import Crane
from tests.system.client.docker import BuildKit, Docker
from tests.system.client.oras import Oras
from tests.system.client.regctl import Regctl

SIMPLE: Final[dict[str, type[Client]]] = {
    "podman": Podman,
    "buildah": Buildah,
    "skopeo": Skopeo,
    "crane": Crane,
    "oras": Oras,
    "regctl": Regctl,
}
"""Those that need no daemon. Their names are those of their parts."""

EVERY: Final[dict[str, type[Client]]] = {
    "docker": Docker,
    "buildkit": BuildKit,
    "containerd": Containerd,
    **SIMPLE,
}
