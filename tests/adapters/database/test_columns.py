"""How domain values stand in columns."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.adapters.database.columns import list_column, list_of, time_column, time_of


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_to_the_microsecond(value: datetime) -> None:
    """Before 1970 and far in the future too."""
    assert time_of(time_column(value)) == value


def test_a_time_is_the_same_in_every_zone() -> None:
    """Noon in Paris and eleven o'clock in UTC are one moment, hence one column."""
    paris = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=1)))
    assert time_column(paris) == time_column(datetime(2026, 1, 1, 11, tzinfo=UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    """Nobody knows which moment it is."""
    with pytest.raises(TypeError):
        time_column(datetime(2026, 1, 1))  # noqa: DTZ001 - the fault under test


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_a_list_survives(values: list[str]) -> None:
    """Quotes, commas, brackets and characters of any script are text like any other."""
    assert list_of(list_column(values)) == values
