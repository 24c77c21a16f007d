-- What the registry holds, as events and verifications told, and the events that still wait.
-- Times that come from events are nanoseconds since 1970, all others microseconds. Sizes are bytes.

CREATE TABLE inbox (
    sequence    INTEGER NOT NULL PRIMARY KEY,
    event       TEXT    NOT NULL UNIQUE,
    repository  TEXT    NOT NULL,
    instance    TEXT    NOT NULL,
    received_at BIGINT  NOT NULL,
    document    BYTEA   NOT NULL
);

CREATE TABLE quarantine (
    id           INTEGER NOT NULL PRIMARY KEY,
    reason       TEXT    NOT NULL,
    content_type TEXT    NOT NULL,
    address      TEXT    NOT NULL,
    received_at  BIGINT  NOT NULL,
    content      BYTEA   NOT NULL
);

-- A registry's process, known by the id that it makes anew at each start: a new one means that a queue was lost.
CREATE TABLE registry_instance (
    instance       TEXT   NOT NULL PRIMARY KEY,
    first_event_at BIGINT NOT NULL,
    last_event_at  BIGINT NOT NULL
);

CREATE TABLE repository (
    id         INTEGER NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    project    TEXT,
    size       BIGINT  NOT NULL DEFAULT 0,
    manifests  BIGINT  NOT NULL DEFAULT 0,
    tags       BIGINT  NOT NULL DEFAULT 0,
    created_at BIGINT  NOT NULL,
    pushed_at  BIGINT  NOT NULL
);

CREATE INDEX repository_by_project ON repository (project, name);

-- A manifest that is gone stays as a row, so that a late event does not bring it back. `total` is all that it reaches,
-- 0 until its document is known.
CREATE TABLE manifest (
    repository    INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest        TEXT    NOT NULL,
    gone          INTEGER NOT NULL DEFAULT 0,
    media_type    TEXT    NOT NULL,
    size          BIGINT  NOT NULL,
    total         BIGINT  NOT NULL DEFAULT 0,
    order_time    BIGINT  NOT NULL,
    order_event   TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    pushed_by     TEXT    NOT NULL,
    fetch_after   BIGINT,
    fetch_failure TEXT,
    attempts      INTEGER NOT NULL DEFAULT 0,
    pulls         BIGINT  NOT NULL DEFAULT 0,
    pulled_at     BIGINT,
    pulled_by     TEXT,
    PRIMARY KEY (repository, digest)
);

CREATE INDEX manifest_to_fetch ON manifest (fetch_after);
CREATE INDEX manifest_by_digest ON manifest (digest);

-- The bytes of a manifest are the same wherever it is, and so is what they say. `unparsed` is why they say nothing.
CREATE TABLE manifest_document (
    digest        TEXT  NOT NULL PRIMARY KEY,
    media_type    TEXT  NOT NULL,
    content       BYTEA NOT NULL,
    unparsed      TEXT,
    artifact_type TEXT,
    platform      TEXT,
    built_at      TEXT,
    subject       TEXT
);

CREATE INDEX manifest_document_by_subject ON manifest_document (subject);

CREATE TABLE manifest_reference (
    manifest   TEXT    NOT NULL REFERENCES manifest_document (digest) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    digest     TEXT    NOT NULL,
    media_type TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    platform   TEXT,
    PRIMARY KEY (manifest, position)
);

CREATE INDEX manifest_reference_by_digest ON manifest_reference (digest, kind);

-- A tag without a digest is gone; it stays for the same reason.
CREATE TABLE tag (
    repository  INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    digest      TEXT,
    fallback    INTEGER NOT NULL,
    order_time  BIGINT  NOT NULL,
    order_event TEXT    NOT NULL,
    moved_at    BIGINT  NOT NULL,
    pushed_by   TEXT    NOT NULL,
    pulls       BIGINT  NOT NULL DEFAULT 0,
    pulled_at   BIGINT,
    pulled_by   TEXT,
    PRIMARY KEY (repository, name)
);

CREATE INDEX tag_by_digest ON tag (repository, digest);

-- Facts of what happened to a tag, one per event, never rewritten.
CREATE TABLE tag_history (
    event      TEXT    NOT NULL,
    repository INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    tag        TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    digest     TEXT,
    replaced   TEXT,
    at         BIGINT  NOT NULL,
    by         TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    client     TEXT    NOT NULL,
    instance   TEXT    NOT NULL,
    PRIMARY KEY (event, tag)
);

CREATE INDEX tag_history_by_tag ON tag_history (repository, tag, at);

-- How many living manifests of a repository hold a blob; a manifest's own document counts as one.
CREATE TABLE repository_blob (
    repository INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    digest     TEXT    NOT NULL,
    size       BIGINT  NOT NULL,
    uses       BIGINT  NOT NULL,
    PRIMARY KEY (repository, digest)
);

-- How many repositories of a project hold a blob.
CREATE TABLE project_blob (
    project TEXT   NOT NULL,
    digest  TEXT   NOT NULL,
    size    BIGINT NOT NULL,
    uses    BIGINT NOT NULL,
    PRIMARY KEY (project, digest)
);

CREATE TABLE project_size (
    project TEXT   NOT NULL PRIMARY KEY,
    size    BIGINT NOT NULL
);

-- What is to be verified against the registry, and when.
CREATE TABLE verification (
    repository    INTEGER NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    target        TEXT    NOT NULL,
    key           TEXT    NOT NULL,
    due_at        BIGINT  NOT NULL,
    missing_since BIGINT,
    PRIMARY KEY (repository, target, key)
);

CREATE INDEX verification_by_due ON verification (due_at);
