"""Whether the process lives, whether it can sign, and its metrics."""

from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from sidecar.web.health import Health, health_routes
from tests.running import Sidecar, running


async def ask(sidecar: Sidecar, path: str, address: str = "public") -> tuple[int, str]:
    async with sidecar.http.get(f"http://{sidecar.addresses[address]}{path}") as answer:
        return answer.status, await answer.text()


async def ready(sidecar: Sidecar) -> tuple[int, dict[str, Any]]:
    async with sidecar.http.get(f"{sidecar.url}/readyz") as answer:
        return answer.status, await answer.json()


async def test_a_living_process_says_so(tmp_path: Path) -> None:
    """/healthz is 200 even when nothing can be signed: a restart would not help."""
    async with running(tmp_path) as sidecar:
        sidecar.clock.advance(days=15 * 365)
        assert (await ask(sidecar, "/healthz"))[0] == 200


async def test_it_is_ready_while_tokens_can_be_signed(tmp_path: Path) -> None:
    """/readyz is 200, with nothing degraded, …"""
    async with running(tmp_path) as sidecar:
        assert await ready(sidecar) == (200, {"ready": True, "degraded": {}})


async def test_it_is_not_ready_when_none_can(tmp_path: Path) -> None:
    """… and 503 at the end of the CA's life."""
    async with running(tmp_path) as sidecar:
        sidecar.clock.advance(days=15 * 365)
        assert (await ready(sidecar))[0] == 503


async def test_a_sick_part_is_told_and_does_not_take_logins_down() -> None:
    """Decision 5: it stays 200, and the body names what is degraded, and how."""
    health = Health(lambda: True, {"index": lambda: "Unavailable", "pulls": lambda: None})
    app = web.Application()
    app.add_routes(health_routes(health))
    async with TestClient(TestServer(app)) as client, client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True, "degraded": {"index": "Unavailable"}})


async def test_metrics_are_told_by_outcome_and_kind_of_credential(tmp_path: Path) -> None:
    """Tokens granted, empty, and refused."""
    async with running(tmp_path) as sidecar:
        for secret in (sidecar.administrator, "wrong"):
            headers = {"Authorization": f"Bearer {secret}"}
            async with sidecar.http.get(f"{sidecar.url}/token?scope=registry:catalog:*", headers=headers):
                pass
        async with sidecar.http.get(f"{sidecar.url}/token?scope=foo"):
            pass
        told = (await ask(sidecar, "/metrics"))[1]
    assert 'sidecar_tokens_total{authenticator="personal",outcome="granted"} 1.0' in told
    assert 'sidecar_tokens_total{authenticator="none",outcome="empty"} 1.0' in told
    assert 'sidecar_tokens_total{authenticator="none",outcome="unauthorized"} 1.0' in told


async def test_no_name_is_a_label(tmp_path: Path) -> None:
    """S12: neither a person's nor a repository's."""
    async with running(tmp_path) as sidecar:
        headers = {"Authorization": f"Bearer {sidecar.administrator}"}
        async with sidecar.http.get(f"{sidecar.url}/token?scope=repository:acme/web:pull", headers=headers):
            pass
        told = (await ask(sidecar, "/metrics"))[1]
    assert "admin@localhost" not in told
    assert "acme" not in told


async def test_an_internal_listener_keeps_metrics_from_the_public(tmp_path: Path) -> None:
    """Where it is set, /metrics is there and nowhere else, and tokens aren't given out there."""
    async with running(tmp_path, internal_listen="127.0.0.1:0") as sidecar:
        assert (await ask(sidecar, "/metrics"))[0] == 404
        assert (await ask(sidecar, "/metrics", "internal"))[0] == 200
        assert (await ask(sidecar, "/token", "internal"))[0] == 404
