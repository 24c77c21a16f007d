"""`sidecar call --table`: lists for people."""

from sidecar.cli.call import table_of


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


def test_no_text_of_others_reaches_the_terminal_as_it_is() -> None:
    """A name with an escape sequence or a line of its own changes nothing but its cell."""
    assert list(table_of([{"name": "a\x1b[2Jb\nc"}]))[1] == "a\\x1b[2Jb c"
