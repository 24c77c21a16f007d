"""What the API gives out once is nowhere else: not in later answers, not in the log, not in metrics."""

import json

import pytest

from tests.web.api.calling import Api, basic, bearer

ACCOUNT = {"project": "acme", "id": "robot"}


async def secrets_of_each_kind(api: Api) -> list[str]:
    """A key, a personal and a scoped token, each made over the API and used."""
    await api.result("project.create", api.root, sid="acme")
    robot = (await api.result("serviceAccount.create", api.root, project="acme", sid="robot"))["email"]
    key = (await api.result("serviceAccount.createKey", api.root, **ACCOUNT))["secret"]
    personal = (await api.result("me.generateToken", api.root))["token"]
    scoped = (await api.result("me.generateToken", api.root, project="acme"))["token"]
    created = (await api.result("installation.createToken", api.root, email="ann@example.com"))["token"]
    for headers in (basic(robot, key), bearer(personal), bearer(scoped), bearer(created)):
        assert (await (await api.post("me.get", b"", headers)).json())["ok"]
    return [key, personal, scoped, created, api.root]


async def test_no_later_answer_holds_a_secret(api: Api) -> None:
    """S5, S15: neither a secret nor a hash of one, from any method that shows what there is."""
    secrets = await secrets_of_each_kind(api)
    answers = [
        await api.result("me.listTokens", api.root),
        await api.result("serviceAccount.get", api.root, **ACCOUNT),
        await api.result("serviceAccount.list", api.root, project="acme"),
        await api.result("role.users", api.root, project="acme"),
        await api.result("project.get", api.root, project="acme"),
    ]
    told = json.dumps(answers)
    assert [secret for secret in secrets if secret in told] == []
    assert "digest" not in told


async def test_no_log_line_or_metric_holds_a_secret(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    """S12: nor when it is sent where it doesn't belong."""
    secrets = await secrets_of_each_kind(api)
    for secret in secrets:
        await api.error("serviceAccount.deleteKey", api.root, **ACCOUNT, secret=secret[:-1])
        await api.error("me.revokeToken", api.root, id=secret)
        await api.post(f"me.{secret}", b"", {"X-Request-ID": secret, "Authorization": f"Bearer {secret}x"})
        await api.post("me.get", secret.encode(), bearer(api.root))
    metrics = await (await api.sidecar.http.get(f"{api.sidecar.url}/metrics")).text()
    written = capfd.readouterr()
    told = metrics + written.out + written.err
    assert "serviceAccount.deleteKey" in told
    assert [secret for secret in secrets if secret in told] == []
