"""docs/clients.md has a cell for everything that is tried."""

from tests.system.client.actions import ACTIONS
from tests.system.client.page import PAGE
from tests.system.client.roster import EVERY


def test_the_page_has_a_cell_for_each_action_with_each_client() -> None:
    """A client or an action that is added is missing there until `make clients` has tried it."""
    text = PAGE.read_text(encoding="utf-8")
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    assert [title.partition(" ")[0] for title in head[1:]] == [kind.title for kind in EVERY.values()]
    assert [row[0] for row in rows] == [action.title for action in ACTIONS.values()]
    assert all(len(row) == len(head) and all(row) for row in rows)


def test_the_page_says_what_to_type() -> None:
    """Each client's login stands there as its class has it."""
    text = PAGE.read_text(encoding="utf-8")
    assert [kind.title for kind in EVERY.values() if f"    {kind.signing_in}\n" not in text] == []
