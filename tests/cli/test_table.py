"""`sidecar call --table`: results for people."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from sidecar.cli.table import rows_of, table_of

DIGEST = f"sha256:{'c2f8' * 16}"


def test_a_list_is_columns() -> None:
    """Each field is a column, in the order in which the API tells them; what is missing is blank."""
    items = [{"tag": "v1", "size": 1234, "pushedBy": "ci@acme.example"}, {"tag": "latest", "size": 7, "pulls": 2}]
    assert list(table_of(items)) == [
        "tag     size  pushedBy         pulls",
        "v1      1234  ci@acme.example",
        "latest  7                      2",
    ]


def test_lists_within_are_words() -> None:
    """Tags of a manifest stand in one cell; a list of plain texts is one column."""
    assert list(table_of([{"tags": ["v1", "v2"]}])) == ["tags", "v1 v2"]
    assert list(table_of(["registry.pull"])) == ["item", "registry.pull"]


def test_an_empty_list_is_no_table() -> None:
    """Nothing but an empty line of names."""
    assert list(table_of([])) == [""]


def test_one_thing_is_a_row_for_each_of_its_fields() -> None:
    """What isn't a list is read from top to bottom."""
    assert list(table_of(rows_of({"name": "acme/web", "size": 7}))) == [
        "field  value",
        "name   acme/web",
        "size   7",
    ]


def test_no_text_of_others_reaches_the_terminal_as_it_is() -> None:
    """A name with an escape sequence or a line of its own changes nothing but its cell."""
    assert list(table_of([{"name": "a\x1b[2Jb\nc"}]))[1] == "a\\x1b[2Jb c"


def test_a_table_fits_the_terminal() -> None:
    """No line is wider than the terminal; the widest cells are cut, and say so."""
    lines = list(table_of([{"tag": "v1", "digest": DIGEST, "pushedBy": "ci@acme.example", "pulls": 3}] * 3, 50))
    assert lines[0] == "tag  digest                 pushedBy         pulls"
    assert lines[1:] == ["v1   sha256:c2f8c2f8c2f8c…  ci@acme.example  3"] * 3


TEXTS = st.text("ab é漢字\n\x1b", max_size=30)


@given(st.lists(st.dictionaries(st.text("abc", max_size=2), TEXTS, min_size=1, max_size=4), max_size=4))
def test_no_line_is_wider_than_was_asked(rows: list[dict[str, str]]) -> None:
    """However many columns of the terminal a character takes."""
    assert all(cell_len(line) <= 60 for line in table_of(rows, 60))


def test_a_pipe_gets_whole_values() -> None:
    """Programs that read the table lose nothing."""
    assert list(table_of([{"digest": DIGEST}])) == ["digest", DIGEST]
