"""Lists of what happened, the newest first: conditions from a fixed set, pages by place and never by number."""

from collections.abc import Mapping
from datetime import datetime

from sidecar.adapters.database.columns import time_column
from sidecar.adapters.database.driver import Value


def newest_first(
    select: str, time: str, conditions: Mapping[str, Value], beyond: tuple[datetime, int] | None, limit: int
) -> tuple[str, list[Value]]:
    """The statement and its parameters: rows of `select` by the column `time`, then by id.

    A condition is the text before its parameter, such as `project = `, and never what users send (S4); one whose value
    is None is left out. `beyond` is the time and the id of the last row of the page before.
    """
    given = {text: value for text, value in conditions.items() if value is not None}
    parameters = [*given.values()]
    texts = [f"{text}${number}" for number, text in enumerate(given, 1)]
    if beyond is not None:
        texts.append(f"({time}, id) < (${len(parameters) + 1}, ${len(parameters) + 2})")
        parameters += [time_column(beyond[0]), beyond[1]]
    where = f" WHERE {' AND '.join(texts)}\n" if texts else ""
    return f"{select}{where} ORDER BY {time} DESC, id DESC\n LIMIT ${len(parameters) + 1}", [*parameters, limit]
