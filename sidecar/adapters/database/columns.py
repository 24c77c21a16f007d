"""How domain values stand in columns: times as microseconds since 1970, lists as JSON text."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def time_column(value: datetime) -> int:
    """Exact; a time without a zone is a fault (TypeError)."""
    return (value - _EPOCH) // _MICROSECOND


def optional_time_column(value: datetime | None) -> int | None:
    return None if value is None else time_column(value)


def time_of(column: int) -> datetime:
    return _EPOCH + column * _MICROSECOND


def optional_time_of(column: int | None) -> datetime | None:
    return None if column is None else time_of(column)


def list_column(values: Iterable[str]) -> str:
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


def optional_list_column(values: Iterable[str] | None) -> str | None:
    return None if values is None else list_column(values)


def list_of(column: str) -> list[str]:
    values: list[str] = json.loads(column)
    return values


def optional_list_of(column: str | None) -> list[str] | None:
    return None if column is None else list_of(column)


def moment_of(nanoseconds: int) -> datetime:
    """Of the registry's nanoseconds, cut to what a datetime holds."""
    return time_of(nanoseconds // 1000)
