-- What machines that run images are given. Of this registry's, `credential` is the newest secret's id, which may be gone;
-- of another's, `sealed` is its password, encrypted with a key that isn't here. Times are microseconds since 1970.

CREATE TABLE pull_secret (
    project      TEXT   NOT NULL REFERENCES project (sid) ON DELETE CASCADE,
    name         TEXT   NOT NULL,
    server       TEXT,
    username     TEXT   NOT NULL,
    sealed       BYTEA,
    credential   TEXT,
    repositories TEXT,
    expires_at   BIGINT,
    created_at   BIGINT NOT NULL,
    created_by   TEXT   NOT NULL,
    renewed_at   BIGINT NOT NULL,
    PRIMARY KEY (project, name)
);
