"""The log: JSON lines without secrets."""

import asyncio
import logging
from errno import ENOSPC

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from sidecar.adapters.logs import _SECRET, redacted, request_lines
from sidecar.domain.secrets import RANDOM_BYTES, SecretKind, make_secret
from tests.logged import logging_to_memory


def test_a_line_is_one_json_object() -> None:
    """With its level and its time, whatever the values."""
    with logging_to_memory() as logged:
        structlog.get_logger().info("a thing", number=1, text='"\n', thing=object)
    (line,) = logged.lines
    assert (line["event"], line["level"], line["number"], line["text"]) == ("a thing", "info", 1, '"\n')
    assert line["timestamp"].endswith("Z")


def test_lines_below_the_level_are_not_written() -> None:
    """`logging.level` of the configuration."""
    with logging_to_memory("warning") as logged:
        structlog.get_logger().info("quiet")
        structlog.get_logger().warning("loud")
    assert [line["event"] for line in logged.lines] == ["loud"]


async def test_a_server_gathers_its_lines() -> None:
    """Nothing is written for each request; what was gathered is written together, in its order."""
    with logging_to_memory(gather_seconds=0.05) as logged:
        for number in range(3):
            structlog.get_logger().info("request", number=number)
        assert logged.text == ""
        await asyncio.sleep(0.2)
    assert [line["number"] for line in logged.lines] == [0, 1, 2]


async def test_not_too_many_are_gathered() -> None:
    """Under load lines are written some dozens at a time, however long they may wait."""
    with logging_to_memory(gather_seconds=60) as logged:
        for number in range(100):
            structlog.get_logger().info("request", number=number)
        written = len(logged.lines)
    assert 0 < written < 100
    assert [line["number"] for line in logged.lines] == list(range(written))


async def test_a_warning_is_not_held_back() -> None:
    """What somebody should look at is there at once, behind all that came before it."""
    with logging_to_memory(gather_seconds=60) as logged:
        structlog.get_logger().info("request")
        structlog.get_logger().error("broken")
    assert [line["event"] for line in logged.lines] == ["request", "broken"]


def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks is answered while the log's disk is full, and lines are written again when it isn't."""

    def full(_: bytes) -> int:
        raise OSError(ENOSPC, "no space left on device")

    with logging_to_memory() as logged:
        with monkeypatch.context() as disk:
            disk.setattr(logged.stream, "write", full)
            request_lines()(number=1)
            structlog.get_logger().error("broken")
        structlog.get_logger().error("mended")
    assert [line["event"] for line in logged.lines] == ["mended"]


def test_without_a_loop_nothing_is_gathered() -> None:
    """Nobody would see to it that the lines are written."""
    with logging_to_memory(gather_seconds=60) as logged:
        structlog.get_logger().info("starting")
    assert [line["event"] for line in logged.lines] == ["starting"]


async def test_lines_go_on_after_they_were_written() -> None:
    """Each moment is gathered anew."""
    with logging_to_memory(gather_seconds=0.02) as logged:
        for event in ("one", "two"):
            structlog.get_logger().info(event)
            await asyncio.sleep(0.1)
    assert [line["event"] for line in logged.lines] == ["one", "two"]


def test_lines_of_libraries_have_the_same_form() -> None:
    """aiohttp and asyncio log through the standard library."""
    with logging_to_memory() as logged:
        logging.getLogger("asyncio").error("task %s failed", 7)
    (line,) = logged.lines
    assert (line["event"], line["logger"], line["level"]) == ("task 7 failed", "asyncio", "error")


def test_an_exception_is_told_with_its_trace_but_without_secrets() -> None:
    """S12: the message of an exception may quote what it choked on."""
    secret = make_secret(SecretKind.PERSONAL_TOKEN, b"x" * RANDOM_BYTES)
    with logging_to_memory() as logged:
        try:
            raise ValueError(f"bad value {secret}")
        except ValueError:
            structlog.get_logger().exception("failed")
    (line,) = logged.lines
    assert "ValueError: bad value rpt_[redacted]" in line["exception"]
    assert secret not in logged.text


@pytest.mark.parametrize("kind", list(SecretKind))
def test_every_kind_of_secret_is_cut_out(kind: SecretKind) -> None:
    """S12: wherever it stands in the line; its prefix stays, so that one sees what leaked."""
    secret = make_secret(kind, b"y" * RANDOM_BYTES)
    cut = redacted(f'{{"a":"x{secret} /?p={secret}&"}}'.encode())
    assert cut == f'{{"a":"x{kind}_[redacted] /?p={kind}_[redacted]&"}}'.encode()


@pytest.mark.parametrize(
    ("line", "cut"),
    [
        (b"Authorization: Basic YTpiY2RlZg==", b"Authorization: Basic [redacted]"),
        (b"authorization: bearer abcdef.ghi-jkl", b"authorization: bearer [redacted]"),
        (b"got eyJ0eXAi.eyJpc3Mi.c2ln and more", b"got eyJ[redacted] and more"),
        (b"a basic problem, bearer of news", b"a basic [redacted], bearer of news"),
    ],
)
def test_what_looks_like_credentials_is_cut_out(line: bytes, cut: bytes) -> None:
    """S12: rather a harmless word too many than a secret."""
    assert redacted(line) == cut


@given(
    st.text(max_size=20),
    st.sampled_from([*(f"{kind}_" for kind in SecretKind), "Basic ", "bEARER\t", "eyJ", "eyj", "x"]),
    st.text(alphabet="aZ0.+/=_-", max_size=20),
)
def test_the_quick_look_never_misses_a_secret(before: str, mark: str, after: str) -> None:
    """S12: a line that is passed over as harmless is one in which the search would have found nothing."""
    line = f"{before}{mark}{after}".encode()
    assert redacted(line) == _SECRET.sub(rb"\1\2\3[redacted]", line)
