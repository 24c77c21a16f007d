-- What was asked for and not granted, lately. Times are microseconds since 1970. `project` is empty where none owns the
-- repository, `principal` where nobody was named.

CREATE TABLE denial (
    id         INTEGER NOT NULL PRIMARY KEY,
    project    TEXT    NOT NULL,
    principal  TEXT    NOT NULL,
    repository TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    missing    TEXT    NOT NULL,
    count      BIGINT  NOT NULL,
    first_at   BIGINT  NOT NULL,
    last_at    BIGINT  NOT NULL,
    UNIQUE (project, principal, repository, action)
);

CREATE INDEX denial_by_time ON denial (last_at, id);
CREATE INDEX denial_of_project ON denial (project, last_at, id);
