-- Comparisons of the index with the registry. Times are microseconds since 1970.

CREATE TABLE sweep (
    id           INTEGER NOT NULL PRIMARY KEY,
    reason       TEXT    NOT NULL,
    project      TEXT,
    dry_run      INTEGER NOT NULL,
    accepted     INTEGER NOT NULL,
    stage        TEXT    NOT NULL,
    requested_at BIGINT  NOT NULL,
    started_at   BIGINT,
    finished_at  BIGINT,
    position     TEXT    NOT NULL DEFAULT '',
    repositories BIGINT  NOT NULL DEFAULT 0,
    swept        BIGINT  NOT NULL DEFAULT 0,
    checked      BIGINT  NOT NULL DEFAULT 0,
    unanswered   BIGINT  NOT NULL DEFAULT 0,
    tags         BIGINT  NOT NULL DEFAULT 0
);

-- What a sweep found to differ, by name: a repository of the registry need not be in the index.
CREATE TABLE drift (
    sweep      INTEGER NOT NULL REFERENCES sweep (id) ON DELETE CASCADE,
    repository TEXT    NOT NULL,
    target     TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    before     TEXT,
    after      TEXT,
    found_at   BIGINT  NOT NULL,
    PRIMARY KEY (sweep, repository, target, key)
);

CREATE INDEX drift_by_kind ON drift (sweep, kind);
