"""docs/forgeries.md says what the tests try."""

from tests.forgery.catalogue import FORGERIES
from tests.forgery.page import PAGE, page
from tests.forgery.secrets import DOORS, OPENS, SECRETS


def test_the_page_is_that_of_the_catalogue() -> None:
    """A forgery that is added, or that a registry takes, is told there: `python -m tests.forgery.page` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_the_table_of_doors_knows_every_door() -> None:
    """A door that opens, and that the table has no column for, would not be told of."""
    assert {door for doors in OPENS.values() for door in doors} == set(DOORS)
    assert set(OPENS) == set(SECRETS)


def test_each_forgery_has_a_name_of_its_own() -> None:
    """So that a row of the page and a test that fails are about one thing."""
    names = [forgery.name for forgery in FORGERIES]
    assert len(names) == len(set(names)) >= 60
