"""Outgoing requests: where they may lead (S6), and whose certificates are believed."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import ThreadedResolver, web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sidecar.adapters.sign_in import outbound as module
from sidecar.adapters.sign_in.outbound import OutboundError, outbound
from sidecar.adapters.system import SystemClock


def certificate(folder: Path) -> Path:
    """A file with a key and its own certificate for 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), SystemClock().now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "here")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "both.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


@asynccontextmanager
async def answering(body: str, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body)

    app = web.Application()
    app.router.add_get("/", answer)
    server = TestServer(app, scheme="http" if context is None else "https")
    await server.start_server(ssl=context)
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


async def test_other_origins_are_not_asked() -> None:
    """Whoever is trusted with one URL can't lead elsewhere: another port is another origin."""
    async with outbound(["https://issuer.example/a"]) as asking:
        for url in ("https://issuer.example:8443/", "http://issuer.example/", "https://evil.example/"):
            with pytest.raises(OutboundError, match="no configured origin"):
                await asking.get(url)


@pytest.mark.parametrize(
    ("address", "host", "asked"),
    [
        ("169.254.169.254", "issuer.example", False),
        ("fe80::1", "issuer.example", False),
        ("0.0.0.0", "issuer.example", False),
        ("224.0.0.1", "issuer.example", False),
        ("10.1.2.3", "localhost", False),
        ("10.1.2.3", "issuer.example", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "localhost", True),
    ],
)
def test_addresses_that_no_provider_has_are_refused(address: str, host: str, asked: bool) -> None:
    """S6: the cloud's metadata above all; a company's own networks are what providers live in."""
    assert module._may_be_asked(host, address) is asked


async def test_a_name_that_leads_there_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """On each connection, for every address that the name has."""

    async def resolve(_: object, host: str, *__: object) -> list[dict[str, object]]:
        return [{"hostname": host, "host": address, "port": 443, "family": 2, "proto": 6, "flags": 0}
                for address in ("10.0.0.1", "169.254.169.254")]  # fmt: skip

    monkeypatch.setattr(ThreadedResolver, "resolve", resolve)
    async with outbound(["https://issuer.example/"]) as asking:
        with pytest.raises(OutboundError):
            await asking.get("https://issuer.example/")


@pytest.mark.parametrize("body", ["", "text", "[]", "7", "null", "{", '{"a": NaN}'])
async def test_an_answer_must_be_an_object(body: str) -> None:
    """And an error shows none of it."""
    async with answering(body) as url, outbound([url]) as asking:
        with pytest.raises(OutboundError, match="no JSON object"):
            await asking.get(url)


async def test_certificates_of_strangers_are_not_believed(tmp_path: Path) -> None:
    """Nor does the environment's proxy matter; with the authority configured, it is."""
    file = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    async with answering('{"a": 1}', context) as url:
        async with outbound([url]) as asking:
            with pytest.raises(OutboundError, match="Certificate"):
                await asking.get(url)
        async with outbound([url], file) as asking:
            assert await asking.get(url) == {"a": 1}


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens and client secrets go to the configured server and to nobody else."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with answering('{"a": 1}') as url, outbound([url]) as asking:
        assert await asking.get(url) == {"a": 1}
